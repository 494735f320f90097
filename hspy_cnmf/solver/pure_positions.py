r"""Starts from the data: the positions that hold one component each.

Where each component is somewhere all but alone, the patterns of those positions are
the corners of the figure that all patterns, scaled to unit sum, lie in. They are found
one after the other, each as the farthest from what the corners before it span.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.fixed import Fixed

#: Positions with less than this fraction of the median sum are not scaled to unit sum:
#: they would be noise.
_FAINT = 0.1

#: Candidates for a corner are averaged: as far out as this fraction of the farthest,
#: and in its direction by this cosine.
_NEAR = 0.9

#: Parts in which basis images are averaged, so that copies of them stay small.
_N_PARTS = 8


@dataclass(frozen=True)
class PurePositions:
    r"""What it takes to find the purest positions.

    Parameters
    ----------
    operator : LowRankOperator
        A sketch of the data.
    n_components : int
        How many to find.
    average : callable or None
        Averages images, shape (n, n_positions), over positions side by side where they
        are alike; see `hspy_cnmf.constraints.per_scan.neighbours_mean`.
    fixed : Fixed, optional
        What is known of the first components, in the units of the sketch: corners that
        need not be sought.

    Notes
    -----
    Successive projection [1]_: with :math:`y_j` the patterns of unit sum, averaged over
    neighbours and projected onto as many principal patterns as there are components,

    .. math:: j_k = \arg\max_j \|P_k y_j\|

    where :math:`P_k` projects onto what is orthogonal to the corners found before. Each
    corner is the mean of the candidates about :math:`y_{j_k}`, so that noise does not
    choose it. Drawn starts take the farthest in a random direction instead [2]_.

    References
    ----------
    .. [1] N. Gillis & S. A. Vavasis, IEEE Trans. Pattern Anal. Mach. Intell. 36, 698
       (2014).
    .. [2] J. M. P. Nascimento & J. M. Bioucas Dias, IEEE Trans. Geosci. Remote Sens.
       43, 898 (2005).
    """

    operator: LowRankOperator
    n_components: int
    average: Callable[[np.ndarray], np.ndarray] | None = None
    fixed: Fixed | None = None

    def loadings(self, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the loadings of the patterns of the purest positions.

        Parameters
        ----------
        rng : numpy.random.Generator, optional
            Draws the directions in which corners are sought; None takes the farthest.

        Returns
        -------
        numpy.ndarray, shape (n_components, n_positions)
            Non-negative least squares; zero for components that the data have no
            corner for.
        """
        _, principal = self._points
        corners = self.corners(rng)
        patterns = np.maximum(corners @ principal.T @ self.operator.basis_patterns, 0)
        # Of unit sum: weighted data may be so small that squares of patterns vanish.
        if self.fixed is not None:
            patterns = _without(patterns, self.fixed.factors)
        sums = patterns.sum(axis=1, keepdims=True)
        patterns = (patterns / np.where(sums > 0, sums, 1)).astype(self.operator.dtype)
        gram = patterns.astype(np.float64) @ patterns.T.astype(np.float64)
        none = np.zeros((len(patterns), self.operator.shape[0]), self.operator.dtype)
        found = half_steps.nonnegative_least_squares(
            self.operator.images(patterns), gram, none
        )
        n_missing = self.n_components - len(found)
        return np.pad(found, ((0, n_missing), (0, 0)))

    def corners(self, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the corners, (n, n_principal), of which there may be fewer.

        Those of components that are known come first.
        """
        points, known = self._points[0], self._known_corners
        places, n = np.hstack([known, points]), known.shape[1]
        left, corners = places.copy(), []
        smallest = np.sqrt(np.finfo(points.dtype).eps) * np.abs(points).max(initial=0)
        for k in range(self.n_components):
            members = [k] if k < n else n + _candidates(left[:, n:], rng)
            direction = left[:, members].mean(axis=1)
            length = np.linalg.norm(direction)
            if length <= smallest and k >= n:
                break
            corners.append(places[:, members].mean(axis=1))
            if length > smallest:
                direction /= length
                left -= np.outer(direction, direction @ left)
        return np.reshape(corners, (len(corners), len(points)))

    @cached_property
    def _known_corners(self) -> np.ndarray:
        """Return the places of known components among the points, (n_principal, n).

        Of a known map, that is where it has the largest share of the counts.
        """
        points, principal = self._points
        if self.fixed is None:
            return np.zeros((len(points), 0))
        factors, loadings = self.fixed.factors, self.fixed.loadings
        sums = factors.sum(axis=1, keepdims=True)
        patterns = factors / np.where(sums > 0, sums, 1)
        of_factors = principal.T @ (self.operator.basis_patterns @ patterns.T)
        shares = self._averaged(loadings) / self._counts
        most = _NEAR * shares.max(axis=1, keepdims=True, initial=0)
        weights = (shares >= most).astype(float)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.hstack([of_factors, points @ weights.T])

    @cached_property
    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return patterns as points, (n, n_positions), and their axes, (rank, n)."""
        images = self.operator.basis_images
        products = np.hstack(
            [
                images @ self._averaged(some).T
                for some in np.array_split(images, _N_PARTS)
            ]
        ).astype(np.float64)
        _, vectors = np.linalg.eigh((products + products.T) / 2)
        principal = vectors[:, ::-1][:, : self.n_components]
        points = self._averaged((principal.T @ images).astype(images.dtype))
        return points.astype(np.float64) / self._counts, principal

    @cached_property
    def _counts(self) -> np.ndarray:
        """Return the sum of the pattern at each position, none of them faint."""
        totals = self.operator.basis_patterns.sum(axis=1)[np.newaxis]
        sums = self._averaged(totals @ self.operator.basis_images)[0]
        bright = sums[sums > 0]
        least = _FAINT * np.median(bright) if bright.size else 1
        return np.maximum(sums, least)

    def _averaged(self, images: np.ndarray) -> np.ndarray:
        if self.average is None or not len(images):
            return images
        return self.average(images)


def _without(patterns: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return patterns, the known ones first, the others without what is theirs.

    Where something lies in a known matrix, it is nowhere alone.
    """
    n = len(known)
    shares = np.linalg.pinv(known.T) @ patterns[n:].T
    rest = patterns[n:] - np.maximum(shares, 0).T @ known
    return np.vstack([known, np.maximum(rest, 0)])


def _candidates(left: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """Return the points that are farthest out, alike in direction."""
    lengths = np.linalg.norm(left, axis=0)
    distances = lengths
    if rng is not None:
        # A random sum of points: directions in which they spread are likelier.
        drawn = left @ rng.standard_normal(left.shape[1])
        distances = np.abs(drawn @ left)
    farthest = left[:, np.argmax(distances)]
    along = farthest @ left
    alike = along >= _NEAR * np.linalg.norm(farthest) * lengths
    return np.flatnonzero(alike & (along >= _NEAR * np.max(along[alike])))
