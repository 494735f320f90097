"""Probability of squared residuals as large as those found, of a correct model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate1d
from scipy.stats import pearson3

from hspy_cnmf.operators.low_rank import column_parts


@dataclass(frozen=True)
class ProbeWeights:
    """Weights with which a position and its neighbours are judged together.

    Parameters
    ----------
    kernels : list of numpy.ndarray
        One along each axis of a map.
    """

    kernels: list[np.ndarray]

    def sum(self, maps: np.ndarray, power: int) -> np.ndarray:
        """Return sums over neighbours, with weights to a power, shape of `maps`."""
        for axis, kernel in enumerate(
            self.kernels, start=maps.ndim - len(self.kernels)
        ):
            if kernel.size > 1:
                maps = correlate1d(maps, kernel**power, axis=axis, mode="constant")
        return maps


def tail_probability(
    excess: np.ndarray,
    second: np.ndarray,
    third: np.ndarray,
    weights: ProbeWeights,
) -> np.ndarray:
    r"""Return the probability that chance alone gives an excess as large.

    Parameters
    ----------
    excess : numpy.ndarray, shape of a map
        Sum of weighted squared residuals less its expectation; 0 where masked.
    second, third : numpy.ndarray, shape of a map
        Second and third cumulant of the sum; 0 where masked.
    weights : ProbeWeights
        Positions that are judged together.

    Returns
    -------
    numpy.ndarray, shape of a map
        In [0, 1]; 1 where nothing is expected to scatter.

    Notes
    -----
    Positions scatter independently, so cumulants of order r add with weights to the
    power r. The distribution is taken to be the Pearson type III, a shifted gamma
    distribution, of the same three cumulants; for many counts it is that of
    chi-square.
    """
    first, second, third = (
        weights.sum(values, power).ravel()
        for power, values in enumerate((excess, second, third), start=1)
    )
    probability = np.ones(excess.size)
    for part in column_parts(excess.size):  # many copies are made
        scatters = second[part] > 0
        deviation = np.sqrt(np.where(scatters, second[part], 1), dtype=float)
        skew = np.where(scatters, third[part] / deviation**3, 0)
        chance = pearson3.sf(first[part] / deviation, np.maximum(skew, 1e-6))
        probability[part] = np.where(scatters, chance, 1)
    return probability.reshape(excess.shape)
