"""Components that explain no more than noise give way to others that do.

Asked for more components than the data hold, a factorisation splits one of them into
several, or fits noise; started badly, it may do so and miss another. Both show while
it runs: such a component can be left out at hardly any loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from hspy_cnmf.device.arrays import is_on_gpu
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.counting_noise import CountingNoise, NoiseThere
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.left_over import before_noise
from hspy_cnmf.solver.redundancy import (
    LIMITS,
    Noise,
    over_noise,
    without_own_noise,
    without_redundant,
)
from hspy_cnmf.solver.split_matrix import put_together, without_copies

#: Iterations between revisions of a start that has not converged.
INTERVAL = 25

#: How often a start may seek new components: those found may prove redundant again.
MAX_SEARCHES = 2

#: Candidates for a new component, and how often each is improved, alone.
_N_CANDIDATES, _N_IMPROVEMENTS = 16, 8

#: What a component of noise explains at the least of what the first principal component
#: of it does. It may be up to 0.83, but faint crystals explain hardly more than that.
_OF_FIRST = 0.65

#: Positions and pixels for each component, at the least, for the first one of noise to
#: be told by how the others fall: where there are few, to nothing.
_MANY = 10

#: Parts in which basis images are smoothed, so that copies of them stay small.
_N_PARTS = 16


@dataclass(frozen=True)
class Revision:
    r"""What it takes to revise the components of a start.

    Parameters
    ----------
    operator : LowRankOperator
        A sketch of the data.
    n_components : int
        The largest number of components.
    project_loadings : callable or None
        Constraint on loadings, shape (n, n_positions).
    held : Held
        Components that stay, and what stays of them.
    scans : tuple of slice
        Positions of the scans of a series. What stands out of the noise of one scan
        is no noise, though it may be lost in that of all.
    counting : CountingNoise, optional
        Of data that may be counts: what explains no more than noise does where it is,
        is left out, too.

    Notes
    -----
    With :math:`S` the constraint on loadings, a component of noise is taken to explain
    the eigenvalue number :math:`2 n + 1` of :math:`X^T S X`: with n components to find,
    that one is noise. Without a constraint it is what the principal component of that
    number explains; the more maps are smoothed, the less noise they can follow. Where
    there is no background, noise is in few pixels, and its strongest component explains
    more than twice as much as that one: 0.65 of it, then.
    A component may be left out where the smallest singular value, squared, of the model
    :math:`H^T W`, factors being those without their constraint, is below that of noise
    with as many components as there are: the model has one too many. It is left out
    where that costs no more than noise. Leaving out component k raises
    :math:`\|X - H^T W\|^2` by at most

    .. math:: \frac{(H H^T)_{kk}}{[(W W^T)^{-1}]_{kk}} \quad\text{or}\quad
        \frac{(W W^T)_{kk}}{[(H H^T)^{-1}]_{kk}}

    where the loadings (or the factors) of the others are refitted, signs being free:
    what the others do not span of its factor (or of its map). For components whose
    relevance is judged by a prior instead, see Shiga et al., Ultramicroscopy 170, 43
    (2016).
    """

    operator: LowRankOperator
    n_components: int
    project_loadings: Callable | None = None
    held: Held = field(default_factory=Held)
    scans: tuple[slice, ...] = ()
    counting: CountingNoise | None = None

    @cached_property
    def noise(self) -> Noise:
        """What a component of noise explains, in units of the data squared."""
        n = self.n_components
        return tuple((part, self._of_noise(own, n)) for part, own in self._principal)

    def strongest(self, n: int) -> float:
        """Return what a component of noise explains where there are n components."""
        return self._of_noise(self._principal[0][1], n)

    @property
    def standing_out(self) -> int:
        """How far principal components stand out of noise, in all positions.

        One for each that pruning does not take for noise, and one more for each that
        explains twice as much: of what just stands out, half is noise. No more of them
        count than components are sought.
        """
        noise = self.strongest(self.n_components)
        first = self._principal[0][1][: self.n_components]
        least = max(LIMITS) * noise
        return int(
            np.count_nonzero(first > least) + np.count_nonzero(first > 2 * least)
        )

    def _of_noise(self, values: np.ndarray, n: int) -> float:
        """Return what a component of noise explains, by what principal ones do."""
        later = values[min(2 * n, len(values) - 1)]
        if min(self.operator.shape) < _MANY * self.n_components:
            return later
        first = before_noise(values, self.n_components)
        return max(later, _OF_FIRST * values[min(first, len(values) - 1)])

    @cached_property
    def _principal(self) -> tuple[tuple[slice, np.ndarray], ...]:
        """What principal components explain in all positions and in each scan."""
        images, parts = self.operator.basis_images, (slice(None), *self.scans)
        columns: list[list[np.ndarray]] = [[] for _ in parts]
        for some in np.array_split(images, _N_PARTS):
            smooth = self._smoothed(some)
            for part, own in zip(parts, columns, strict=True):
                own.append(gram_of_rows(images[:, part], smooth[:, part]))
        return tuple(
            (part, _eigenvalues(np.hstack(own)))
            for part, own in zip(parts, columns, strict=True)
        )

    @property
    def tolerated(self) -> float:
        """Squared distance between models, factors refitted, that noise may make."""
        return max(LIMITS) * float(self.noise[0][1])

    @property
    def least(self) -> float:
        """What a component must explain at the least, in the same units."""
        return min(LIMITS) * min(float(noise) for _, noise in self.noise)

    def __call__(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        rng: np.random.Generator,
        search: bool = True,
        has_formed: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return factors and loadings without redundant components, and with new ones.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, n_pixels)
        loadings : numpy.ndarray, shape (n, n_positions)
        rng : numpy.random.Generator
            Draws the positions where new components are sought.
        search : bool, default True
            Whether to seek new components at all.
        has_formed : bool, default True
            Whether components are judged by the noise where they are, too. Those that
            have yet to form look like it.

        Returns
        -------
        factors, loadings : numpy.ndarray
            Of at most `n_components` components. The very same objects if there is
            nothing to revise.
        """
        noise = self.noise
        free, products = self._free(factors, loadings)
        there = self._noise_there(free, loadings, products) if has_formed else None
        kept = without_redundant(free, loadings, noise, self.held, self.strongest)
        if there is not None:
            kept = without_own_noise(*kept, there, self.held)
        if kept[0] is not free:
            factors, loadings = kept
        while search and len(factors) < self.n_components:
            factor, loading, gain = self._strongest_left(factors, loadings, rng, there)
            if gain <= max(LIMITS):
                break
            factors = np.vstack([factors, factor])
            loadings = np.vstack([loadings, loading])
        return factors, loadings

    def _noise_there(
        self, factors: np.ndarray, loadings: np.ndarray, products: np.ndarray
    ) -> NoiseThere | None:
        """Return what noise explains where components are, None where nobody knows.

        Products are those of the data with the loadings.
        """
        if self.counting is None:
            return None
        model = np.vdot(gram_of_rows(factors), gram_of_rows(loadings))
        cross = np.einsum("ij,ij->", products, factors, dtype=np.float64)
        left = float(self.operator.square_norm - 2 * cross + model)
        return self.counting.of_model(loadings, factors, left, self._left_by_smoothing)

    @cached_property
    def _left_by_smoothing(self) -> float:
        """Share of the variance of a map that the constraint on loadings leaves."""
        noise = np.random.default_rng(0).standard_normal((1, self.operator.shape[0]))
        return float(np.square(self._smoothed(noise)).mean())

    def _free(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what factors would be without their constraint, loadings being fixed.

        Noise is that of a component without it, and only what is as free compares. The
        second are products of the data with the loadings.
        """
        products = self.operator.patterns(loadings)
        free = half_steps.hals(products, gram_of_rows(loadings), factors)
        n = self.held.n_factors
        free[:n] = factors[:n]
        return free, products

    def _strongest_left(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        rng: np.random.Generator,
        there: NoiseThere | None,
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the component that explains most of what the others leave over.

        The last is how much it explains, as a multiple of what noise does.
        """
        operator = self.operator
        images_left = self._images_left(factors, loadings)
        if not images_left.any():
            return factors[:1], loadings[:1], 0.0  # The last digit is explained.
        maps = self._start_maps(images_left, rng)
        for _ in range(_N_IMPROVEMENTS):
            patterns = operator.patterns(maps) - (maps @ loadings.T) @ factors
            patterns = np.maximum(patterns / _squares(maps), 0)
            images = operator.images(patterns) - (patterns @ factors.T) @ loadings
            maps = np.maximum(images / _squares(patterns), 0)
            if self.project_loadings is not None:
                maps = self.project_loadings(maps)
        norm = _squares(patterns)[:, 0]
        overlap = np.einsum("ij,ij->i", images, maps) / norm
        gains = []
        for part, _ in self.noise:
            product = np.einsum("ij,ij->i", images[:, part], maps[:, part])
            gains.append(product**2 / _squares(maps[:, part])[:, 0] / norm)
        gain = over_noise(np.array(gains), self.noise)
        if there is not None:
            own = ((slice(None), there(maps, patterns)),)
            gain = np.minimum(gain, over_noise(np.array(gains[:1]), own))
        best = np.argmax(gain)
        scale = overlap[best] / _squares(maps)[best, 0]
        return patterns[best], scale * maps[best], gain[best]

    def _images_left(self, factors: np.ndarray, loadings: np.ndarray) -> np.ndarray:
        """Return the basis images without what components explain of them."""
        images = (self.operator.basis_patterns @ factors.T) @ loadings
        return np.subtract(self.operator.basis_images, images, out=images)

    def _start_maps(
        self, images_left: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return maps of single positions, drawn by how much is left over there."""
        left = np.zeros(images_left.shape[1])
        for some in np.array_split(images_left, _N_PARTS):
            left += np.square(self._smoothed(some)).sum(axis=0)
        positions = rng.choice(len(left), _N_CANDIDATES, p=left / left.sum())
        maps = np.zeros((_N_CANDIDATES, len(left)), images_left.dtype)
        maps[np.arange(_N_CANDIDATES), positions] = 1
        return self._smoothed(maps)

    def _smoothed(self, images: np.ndarray) -> np.ndarray:
        """Apply the constraint on loadings to images that may be negative."""
        if self.project_loadings is None:
            return images
        smooth = self.project_loadings(np.maximum(images, 0))
        smooth -= self.project_loadings(np.maximum(-images, 0))
        return smooth


def revised(configuration: Any, state: Any) -> Any:
    """Return a start with redundant components replaced, if it is time; it goes on.

    Parameters
    ----------
    configuration : hspy_cnmf.solver.iteration.Configuration
    state : hspy_cnmf.solver.iteration.State

    Returns
    -------
    State
        The very same if nothing is to be replaced.
    """
    n_iter = len(state.history)
    due = state.status == "converged" or n_iter % INTERVAL == 0
    if configuration.revise is None or not due:
        return state
    if is_on_gpu(state.factors):
        there = state.to_host()
        new = revised(configuration, there)
        return state if new is there else new.to_gpu()
    if configuration.on_cells:
        cells, whole = configuration.cells, configuration.cells.on_pixels(state)
        new = revised(replace(configuration, on_cells=False), whole)
        return state if new is whole else cells.on_cells(new)
    # Crystals that have yet to form look like rings, or noise.
    has_formed = state.status == "converged" or n_iter > INTERVAL
    factors, loadings = configuration.revise(
        state.factors,
        state.loadings,
        state.rng,
        search=state.n_revisions < MAX_SEARCHES
        and n_iter + INTERVAL <= configuration.max_iter,
        has_formed=has_formed,
    )
    if has_formed and factors is state.factors and configuration.purify is not None:
        matrix, least = configuration.purify, configuration.revise.tolerated
        factors, loadings = without_copies(matrix, factors, loadings, least)
        factors, loadings = put_together(matrix, factors, loadings, least)
    if factors is state.factors:
        return state
    new = state.replaced(factors, loadings)
    return replace(
        new, status="running", n_revisions=state.n_revisions + 1, is_revised=True
    )


def _eigenvalues(products: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a symmetric matrix, the largest first, 0 at least."""
    return np.maximum(np.linalg.eigvalsh((products + products.T) / 2)[::-1], 0)


def _squares(rows: np.ndarray) -> np.ndarray:
    square = np.einsum("ij,ij->i", rows, rows)
    return np.where(square > 0, square, 1)[:, np.newaxis]
