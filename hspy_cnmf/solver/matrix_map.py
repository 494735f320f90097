r"""Map of the matrix: what crystals leave of it, and what stands out of noise.

The matrix is nearly everywhere the same: most of what is seen in its map is noise of
counts, unless patterns have very many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf.operators.low_rank import gram_with_another, inverse_in_any_units
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing import smoothing_of
from hspy_cnmf.solver.smoothing_share import noise_left, noise_of_maps, pixel_noise

#: Widths of the smoothing of maps about a position in which it is judged by its
#: surroundings whether a map is more than noise. From 2 to 4 hardly make a difference.
_SURROUNDINGS = 3


@dataclass(frozen=True, eq=False)
class MatrixMap:
    r"""What draws the map of the matrix to that which maps of crystals foretell.

    Parameters
    ----------
    amorphous : callable
        Tells of factors and loadings which are nothing but rings, (n_components,).
    of_pixels : numpy.ndarray, shape (n_pixels,)
        Variance of each pixel of the (weighted) data.
    left : numpy.ndarray, shape (n_components,)
        What smoothing leaves of the variance of noise in each map.
    around : callable
        Averages values about each position, shape (1, n_positions).
    even : numpy.ndarray, shape (n_positions,)
        The map of what is the same at all positions.
    held : numpy.ndarray of bool, shape (n_components,)
        Maps that stay.

    Notes
    -----
    Where a crystal is there is less of the matrix, or as much: its map is nearly

    .. math:: f = c + \sum_k a_k h_k

    with those of crystals, fitted by least squares, which has hardly any noise. What is
    beyond it, the residual r, is thickness, voids, and crystals that were not found,
    and noise of the variance s that follows from that of the pixels. Its mean about
    each position, m, has little of it; of the rest :math:`d = r - m`, what is more than
    noise about there stays:

    .. math:: h_0 = f + m + \left(1 - \min(1, s / \langle d^2 \rangle)\right) d

    (James & Stein, Proc. 4th Berkeley Symp. 1, 361, 1961; Lee, IEEE Trans. Pattern
    Anal. Mach. Intell. 2, 165, 1980). Where several components are amorphous, their
    noise is shared, and nothing is done.
    """

    amorphous: Callable[[np.ndarray, np.ndarray], np.ndarray]
    of_pixels: np.ndarray
    left: np.ndarray
    around: Callable[[np.ndarray], np.ndarray]
    even: np.ndarray
    held: np.ndarray

    def __call__(self, factors: np.ndarray, loadings: np.ndarray) -> None:
        """Overwrite the map of the one amorphous component, if there is just one.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n_components, n_pixels)
        loadings : numpy.ndarray, shape (n_components, n_positions)
            Smoothed.
        """
        is_amorphous = self.amorphous(factors, loadings)
        crystals = ~is_amorphous & loadings.any(axis=1)
        if np.count_nonzero(is_amorphous) != 1 or self.held[is_amorphous].any():
            return
        k = int(np.flatnonzero(is_amorphous)[0])
        noise = noise_of_maps(factors, self.of_pixels)[k] * self.left[k]
        foretold = self._foretold(loadings, k, crystals)
        rest = loadings[k] - foretold
        mean = self.around(rest[np.newaxis])[0]
        rest -= mean
        foretold += mean
        del mean  # maps in double precision are large
        there = self.around(np.square(rest)[np.newaxis])[0]
        np.maximum(there, noise or 1, out=there)
        np.divide(noise, there, out=there)
        rest *= 1 - np.minimum(1, there, out=there)
        foretold += rest
        loadings[k] = np.maximum(foretold, 0, out=foretold)

    def _foretold(
        self, loadings: np.ndarray, k: int, crystals: np.ndarray
    ) -> np.ndarray:
        """Return the fit of a map by those of crystals and one that is even."""
        n = len(loadings)
        products = gram_with_another(loadings, self.even)
        some = np.append(crystals, True)
        inverse = inverse_in_any_units(products[np.ix_(some, some)])
        weights = np.zeros(n + 1)
        weights[some] = inverse @ products[some, k]
        foretold = weights[n] * self.even
        for own, loading in zip(weights, loadings, strict=False):
            if own:  # one by one: a copy of all maps in double precision is large
                foretold += np.multiply(own, loading, dtype=np.float64)
        return foretold


def with_matrix_drawn(
    problem: Problem,
    state: State,
    configuration: Configuration,
    shares: np.ndarray | None,
) -> Configuration:
    """Return a configuration whose last map of the matrix has less noise.

    Parameters
    ----------
    problem : Problem
        Where there are no crystals in a matrix, nothing is drawn.
    state : State
        Of the best start.
    configuration : Configuration
        Of the last iteration.
    shares : numpy.ndarray or None, shape (n_components,)
        Of smoothing, as maps bear it. Without them maps are left as they are.
    """
    matrix, sketch = configuration.purify, problem.sketch
    smoothing = smoothing_of(problem.estimator)
    smooth = problem.on_loadings(smoothing)
    if shares is None or smoothing is None or smooth is None or sketch is None:
        return configuration
    if matrix is None or not matrix.shares(state.factors, state.loadings).any():
        return configuration
    keep, scale = problem.operator.keep_positions, problem.scales[0]
    n = int(np.count_nonzero(keep))
    even = np.broadcast_to(1.0, n) if scale is None else 1 / scale
    drawn = MatrixMap(
        matrix.amorphous,
        pixel_noise(sketch, len(shares)),
        noise_left(smooth, shares, len(even)),
        smoothing.widened(_SURROUNDINGS, keep.shape).prepare(keep),
        even,
        configuration.held.loadings(len(shares)),
    )
    return replace(configuration, draw_matrix=drawn)
