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

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.half_steps import half_step

#: Iterations between revisions of a start that has not converged.
_INTERVAL = 25

#: How often a start may seek new components: those found may prove redundant again.
MAX_SEARCHES = 2

#: What it must cost to leave a component out, as multiples of what a component of
#: noise explains: if the loadings of the others are refitted, and if their factors are.
#: Splits of one component share its factor, and the first costs nothing; those that fit
#: noise cost up to 2 either way. Crystals as faint as can be found cost 1 or more and,
#: with the noise and the rings that their factors may take up, 2 or more.
_LIMITS = (1.0, 2.0)

#: The least that a component explains beyond the others, over what principal components
#: of noise do. Components of noise reach 0.83, as they are not negative; crystals of so
#: few electrons that their maps correlate by 0.8 with the truth explain 0.98.
_NOISE = 0.9

#: How often the others are refitted where some are held.
_N_REFITS = 3

#: Candidates for a new component, and how often each is improved, alone.
_N_CANDIDATES, _N_IMPROVEMENTS = 16, 8

#: Parts in which the basis images are smoothed, so that copies of them stay small.
_N_PARTS = 16

#: Singular values of a Gram matrix below this fraction of the largest are rounding.
_ROUNDING = 1e-12


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

    Notes
    -----
    With :math:`S` the constraint on loadings, a component of noise is taken to explain
    the eigenvalue number :math:`2 n + 1` of :math:`X^T S X`: with n components to find,
    that one is noise. Without a constraint it is what the principal component of that
    number explains; the more maps are smoothed, the less noise they can follow.
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

    def noise(self, n: int) -> float:
        """Return what a component of noise explains, in units of the data squared.

        Parameters
        ----------
        n : int
            Number of components that there are.
        """
        return self._principal[min(2 * n, len(self._principal) - 1)]

    @cached_property
    def _principal(self) -> np.ndarray:
        """Return what principal components explain once maps are constrained."""
        images = self.operator.basis_images
        products = np.hstack(
            [
                gram_of_rows(images, self._smoothed(some))
                for some in np.array_split(images, _N_PARTS)
            ]
        )
        return np.maximum(np.linalg.eigvalsh((products + products.T) / 2)[::-1], 0)

    @property
    def least(self) -> float:
        """Return what a component must explain at the least, in the same units."""
        return min(_LIMITS) * self.noise(self.n_components)

    def __call__(
        self,
        factors: np.ndarray,
        loadings: np.ndarray,
        rng: np.random.Generator,
        search: bool = True,
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

        Returns
        -------
        factors, loadings : numpy.ndarray
            Of at most `n_components` components. The very same objects if there is
            nothing to revise.
        """
        free = self._free(factors, loadings)
        noise = self.noise(self.n_components)
        kept = without_redundant(free, loadings, noise, self.held, self.noise)
        if kept[0] is not free:
            factors, loadings = kept
        while search and len(factors) < self.n_components:
            factor, loading, gain = self._strongest_left(factors, loadings, rng)
            if gain <= max(_LIMITS) * noise:
                break
            factors = np.vstack([factors, factor])
            loadings = np.vstack([loadings, loading])
        return factors, loadings

    def _free(self, factors: np.ndarray, loadings: np.ndarray) -> np.ndarray:
        """Return what factors would be without their constraint, loadings being fixed.

        Noise is that of a component without it, and only what is as free compares.
        """
        products = self.operator.patterns(loadings)
        free = half_steps.hals(products, gram_of_rows(loadings), factors)
        n = self.held.n_factors
        free[:n] = factors[:n]
        return free

    def _strongest_left(
        self, factors: np.ndarray, loadings: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the component that explains most of what the others leave over."""
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
        overlap = np.einsum("ij,ij->i", images, maps)
        norm = (_squares(maps) * _squares(patterns))[:, 0]
        gain = overlap**2 / norm
        best = np.argmax(gain)
        scale = overlap[best] / norm[best]
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
        for image in images_left:  # a smoothed copy of all would be large
            left += self._smoothed(image[np.newaxis])[0] ** 2
        positions = rng.choice(len(left), _N_CANDIDATES, p=left / left.sum())
        maps = np.zeros((_N_CANDIDATES, len(left)), images_left.dtype)
        maps[np.arange(_N_CANDIDATES), positions] = 1
        return self._smoothed(maps)

    def _smoothed(self, images: np.ndarray) -> np.ndarray:
        """Apply the constraint on loadings to images that may be negative."""
        if self.project_loadings is None:
            return images
        return self.project_loadings(np.maximum(images, 0)) - self.project_loadings(
            np.maximum(-images, 0)
        )


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
    due = state.status == "converged" or n_iter % _INTERVAL == 0
    if configuration.revise is None or not due:
        return state
    factors, loadings = configuration.revise(
        state.factors,
        state.loadings,
        state.rng,
        search=state.n_revisions < MAX_SEARCHES
        and n_iter + _INTERVAL <= configuration.max_iter,
    )
    if factors is state.factors:
        return state
    return replace(
        state,
        factors=factors,
        loadings=loadings,
        status="running",
        n_revisions=state.n_revisions + 1,
    )


def without_redundant(
    factors: np.ndarray,
    loadings: np.ndarray,
    noise: float,
    held: Held | None = None,
    noise_of: Callable[[int], float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out components, one by one, as long as each costs no more than noise.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    noise : float
        What leaving one out may cost, in units of the data squared.
    held : Held, optional
        Components that are not left out.
    noise_of : callable, optional
        Returns what the strongest component of noise explains where there are so many
        components; nothing is left out where all explain more. Default: `noise`.

    Returns
    -------
    factors, loadings : numpy.ndarray
        Of at least one component, the others refitted.
    """
    held = held or Held()
    while len(factors) > max(1, held.n):
        strongest = noise_of(len(factors)) if noise_of else noise
        if _weakest(factors, loadings, held) > _NOISE * strongest:
            break
        cost, *others = without_one(factors, loadings, held)
        if cost > noise:
            break
        factors, loadings = others
    return factors, loadings


def without_one(
    factors: np.ndarray, loadings: np.ndarray, held: Held | None = None
) -> tuple[float, np.ndarray, np.ndarray]:
    """Leave out the component that is missed least.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
    held : Held, optional
        Components that are not left out, of which there is at least one more.

    Returns
    -------
    cost : float
        Squared distance between the models with it and without, over `_LIMITS`.
    factors, loadings : numpy.ndarray
        Of the others, refitted but for what is held.
    """
    held, n = held or Held(), len(factors)
    options = [
        _without_one(factors, loadings, held.n, held.loadings(n)),
        _without_one(loadings, factors, held.n, held.factors(n))[::-1],
    ]
    if held.n:
        options = [_refitted(factors, loadings, *option, held) for option in options]
    costs = [
        _distance(factors, loadings, *option) / limit
        for option, limit in zip(options, _LIMITS, strict=True)
    ]
    best = np.argmin(costs)
    return costs[best], *options[best]


def _without_one(
    fixed: np.ndarray, refitted: np.ndarray, n_held: int, stays: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out the row that the others span best; they take over what it explains.

    The first `n_held` are not left out. Rows that stay take over what is theirs of the
    refitted one, by their fixed ones, and nothing else.
    """
    known, own = refitted[stays], np.flatnonzero(~stays)
    shares = _shares(known, refitted[own])
    rest = refitted[own] - shares @ known
    gram = gram_of_rows(fixed[own])
    scale = np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    inverse = np.linalg.inv(
        gram / np.outer(scale, scale) + _ROUNDING * np.eye(len(gram))
    ) / np.outer(scale, scale)
    loss = np.einsum("ij,ij->i", rest, rest) / np.diag(inverse)
    loss[own < n_held] = np.inf
    k = np.argmin(loss)
    taken_over = (-inverse[:, k] / inverse[k, k])[:, np.newaxis].astype(rest.dtype)
    fixed, refitted = fixed.copy(), refitted.copy()
    fixed[stays] = np.maximum(fixed[stays] + np.outer(shares[k], fixed[own[k]]), 0)
    refitted[own] = np.maximum(refitted[own] + taken_over * rest[k], 0)
    others = np.arange(len(fixed)) != own[k]
    return fixed[others], refitted[others]


def _refitted(
    factors: np.ndarray,
    loadings: np.ndarray,
    others: np.ndarray,
    maps: np.ndarray,
    held: Held,
) -> tuple[np.ndarray, np.ndarray]:
    """Return components that come nearer to the model of all: what is held limits them.

    Of two halves of a known pattern, the one that is left has to let go of it, too.
    """
    stays = held.factors(len(maps)), held.loadings(len(maps))
    for _ in range(_N_REFITS):
        products = gram_of_rows(maps, loadings) @ factors
        others = half_step(
            half_steps.hals, products, gram_of_rows(maps), others, held=stays[0]
        )
        products = gram_of_rows(others, factors) @ loadings
        maps = half_step(
            half_steps.hals, products, gram_of_rows(others), maps, held=stays[1]
        )
    return others, maps


def _weakest(factors: np.ndarray, loadings: np.ndarray, held: Held) -> float:
    """Return the smallest singular value, squared, of what may be left out.

    It is that of the model of components of which nothing is held, beyond what the
    factors and the maps that are held span: all that these components explain is as
    well explained by one less where it is noise.
    """
    n = len(factors)
    grams = [
        _beyond(gram_of_rows(rows).astype(np.float64), held.n, stays)
        for rows, stays in ((factors, held.factors(n)), (loadings, held.loadings(n)))
    ]
    # Eigenvalues of the product of both, from a root of the second.
    values, vectors = np.linalg.eigh(grams[1])
    root = vectors * np.sqrt(np.maximum(values, 0))
    return max(np.linalg.eigvalsh(root.T @ grams[0] @ root)[0], 0.0)


def _beyond(gram: np.ndarray, n_held: int, stays: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of the rows after the held, without what those span."""
    free = np.arange(len(gram)) >= n_held
    crossed = gram[np.ix_(free, stays)]
    inverse = np.linalg.pinv(gram[np.ix_(stays, stays)], hermitian=True)
    return gram[np.ix_(free, free)] - crossed @ inverse @ crossed.T


def _shares(known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return how much of each known row there is in others, (n_rows, n_known)."""
    if not len(known):
        return np.zeros((len(rows), 0), rows.dtype)
    inverse = np.linalg.pinv(gram_of_rows(known), hermitian=True)
    return (gram_of_rows(rows, known) @ inverse).astype(rows.dtype)


def _distance(
    factors: np.ndarray,
    loadings: np.ndarray,
    other_factors: np.ndarray,
    other_loadings: np.ndarray,
) -> float:
    """Return the squared distance between two models."""
    return (
        np.vdot(gram_of_rows(factors), gram_of_rows(loadings))
        - 2
        * np.vdot(
            gram_of_rows(factors, other_factors), gram_of_rows(loadings, other_loadings)
        )
        + np.vdot(gram_of_rows(other_factors), gram_of_rows(other_loadings))
    )


def _squares(rows: np.ndarray) -> np.ndarray:
    square = np.einsum("ij,ij->i", rows, rows)
    return np.where(square > 0, square, 1)[:, np.newaxis]
