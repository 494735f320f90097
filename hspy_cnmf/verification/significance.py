"""Probability of squared residuals as large as those found, of a correct model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hyperspy.axes import BaseDataAxis
from scipy.ndimage import correlate1d
from scipy.stats import pearson3

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.decomposition.constraints import with_steps


@dataclass(frozen=True)
class Neighbourhood:
    """Positions that are judged together, weighted as the probe weights them.

    Parameters
    ----------
    kernels : list of numpy.ndarray
        One along each axis of a map.
    """

    kernels: list[np.ndarray]

    @classmethod
    def of(cls, smoothing: Any, axes: Sequence[BaseDataAxis]) -> Neighbourhood:
        """Take a `GaussianSmoothing`, "auto" for three positions, or None for one.

        Parameters
        ----------
        smoothing : "auto", GaussianSmoothing or None
        axes : sequence of hyperspy.axes.BaseDataAxis
            Navigation axes, in the order of the array.
        """
        shape = tuple(axis.size for axis in axes)
        if smoothing is None:
            return cls([np.ones(1)] * len(shape))
        if isinstance(smoothing, str) and smoothing == "auto":
            smoothing = GaussianSmoothing(size=tuple(3 if n > 2 else 1 for n in shape))
        if not isinstance(smoothing, GaussianSmoothing):
            raise TypeError(
                f'smoothing={smoothing!r} must be "auto", None or a '
                "hspy_cnmf.constraints.GaussianSmoothing."
            )
        if smoothing.step is None:
            smoothing = with_steps(smoothing, axes)
        return cls(smoothing.kernels(shape))

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
    neighbourhood: Neighbourhood,
) -> np.ndarray:
    r"""Return the probability that chance alone gives an excess as large.

    Parameters
    ----------
    excess : numpy.ndarray, shape of a map
        Sum of weighted squared residuals less its expectation; 0 where masked.
    second, third : numpy.ndarray, shape of a map
        Second and third cumulant of the sum; 0 where masked.
    neighbourhood : Neighbourhood
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
        neighbourhood.sum(values, power)
        for power, values in enumerate((excess, second, third), start=1)
    )
    scatters = second > 0
    deviation = np.sqrt(np.where(scatters, second, 1))
    skew = np.where(scatters, third / deviation**3, 0)
    probability = pearson3.sf(first / deviation, np.maximum(skew, 1e-6))
    return np.where(scatters, probability, 1.0)
