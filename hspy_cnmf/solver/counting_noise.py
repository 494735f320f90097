r"""Noise of counts where components are: in bright patterns there is more of it.

Principal components tell what noise explains in all positions and pixels together.
Where most of a scan is a vacuum, noise is in the particles alone, and parts of their
patterns would be taken for components of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows

#: Data are counts where what a model leaves over is so many times what counting noise
#: would be, at the least and at the most. Components of noise have taken up much of it
#: where few values hold all counts.
_COUNTS = 0.5, 1.2


@dataclass(frozen=True, eq=False)
class CountingNoise:
    """Variance of counts, in the units of what is factorised.

    Parameters
    ----------
    by_position, by_pixel : numpy.ndarray, shape (n_positions,) and (n_pixels,)
        The variance of a value is the value expected, times both.
    n_summed : numpy.ndarray, shape (n_positions,)
        How many positions of the scan are summed in each.
    n_averaged : float, default 1
        How many pixels have the average of their values each, which has less noise.
    """

    by_position: np.ndarray
    by_pixel: np.ndarray
    n_summed: np.ndarray
    n_averaged: float = 1.0

    def of_model(
        self,
        loadings: np.ndarray,
        factors: np.ndarray,
        left_over: float,
        smoothed: float,
    ) -> NoiseThere | None:
        """Return what noise explains where components are, None if data are no counts.

        Parameters
        ----------
        loadings, factors : numpy.ndarray, shape (n, n_positions) and (n, n_pixels)
            Of a model of the data.
        left_over : float
            Squared distance of the data from the model.
        smoothed : float
            Share of the variance of a map that smoothing leaves.
        """
        noise = np.vdot(
            loadings @ (self.by_position * self.n_summed), factors @ self.by_pixel
        )
        least, most = _COUNTS
        if not least * noise < left_over < most * noise:
            return None
        return NoiseThere(self, loadings, factors, smoothed)


@dataclass(frozen=True, eq=False)
class NoiseThere:
    r"""What counting noise explains where components are.

    Parameters
    ----------
    counting : CountingNoise
    loadings, factors : numpy.ndarray
        Of a model of the data, H and W.
    smoothed : float
        Share of the variance of a map that smoothing leaves, a.

    Notes
    -----
    Part of a crystal's spots make a pattern of noise among all of them. So a component
    is where those are, too, that are alike:

    .. math:: w + \sum_k \cos^2(h, h_k) \frac{\langle h, h_k \rangle}{\|h\|^2} w_k,

    and h likewise. There noise of the variance v has, on average,

    .. math:: s = \frac{\sum_{ij} h_i^2 w_j^2 v_{ij}}{\|h\|^2 \|w\|^2}

    in :math:`n = \|h\|^4 / \sum_i h_i^4` positions and as many pixels, m, likewise.
    The strongest component of it explains :math:`s (\sqrt{a n} + \sqrt{m})^2`
    (Marchenko & Pastur, Math. USSR Sb. 1, 457, 1967).
    """

    counting: CountingNoise
    loadings: np.ndarray
    factors: np.ndarray
    smoothed: float

    def __call__(self, maps: np.ndarray, patterns: np.ndarray) -> np.ndarray:
        """Return it for maps, (n, n_positions), and patterns, (n, n_pixels): (n,)."""
        maps, patterns = (
            maps + _alike(patterns, self.factors) @ self.loadings,
            patterns + _alike(maps, self.loadings) @ self.factors,
        )
        counting = self.counting
        in_maps, n = _weights_and_extents(maps, counting.by_position, self.loadings)
        in_patterns, m = _weights_and_extents(patterns, counting.by_pixel, self.factors)
        variance = np.einsum("ij,ij->i", in_maps, in_patterns) / counting.n_averaged
        m = m / counting.n_averaged
        return variance * (np.sqrt(self.smoothed * n) + np.sqrt(m)) ** 2


def _alike(rows: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Return how much of each row of a model goes with rows that are like it."""
    products = gram_of_rows(rows, model)
    own, of_model = (np.einsum("ij,ij->i", v, v) for v in (rows, model))
    own, of_model = (np.where(v > 0, v, 1) for v in (own, of_model))
    return products**3 / own[:, np.newaxis] ** 2 / of_model


def _weights_and_extents(
    rows: np.ndarray, scale: np.ndarray, model: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means of the rows of a model weighted by squares of rows, and extents.

    The extent is how many values of a row take part in it.
    """
    products = np.zeros((len(rows), len(model)))
    squares, fourth = np.zeros((2, len(rows)))
    for part in column_parts(rows.shape[1]):
        square = np.square(rows[:, part], dtype=np.float64)
        products += gram_of_rows(square * scale[part], model[:, part])
        squares += square.sum(axis=1)
        fourth += np.square(square).sum(axis=1)
    squares, fourth = (np.where(fourth > 0, v, 1) for v in (squares, fourth))
    return products / squares[:, np.newaxis], squares**2 / fourth
