"""How far counts, and squared residuals of counts, scatter about what is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    r"""What is expected of :math:`w d^2`, with d the deviation from the mean.

    All are sums over pixels, one for each position.

    Parameters
    ----------
    second, third : numpy.ndarray
        Cumulants of :math:`w d^2`.
    with_deviation, with_square : numpy.ndarray
        Joint cumulants :math:`w^2 \langle (d^2 - \mu)^2 d \rangle` and
        :math:`w \langle (d^2 - \mu) d^2 \rangle`.
    variance : numpy.ndarray
        Third central moment of what was counted, 0 and so without effect where it has
        none; of counts it is their variance.
    """

    second: np.ndarray
    third: np.ndarray
    with_deviation: np.ndarray
    with_square: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class PoissonNoise:
    r"""Counts of electrons, `gain` of them for each unit of the data.

    Parameters
    ----------
    gain : float, default 1.0
        Electrons per unit of the data; 1 for counts.

    Notes
    -----
    Squared residuals :math:`y = (x - m)^2` of counts with mean :math:`m` have the
    cumulants :math:`m`, :math:`2 m^2 + m` and :math:`8 m^3 + 22 m^2 + m`. Pearson's
    weight :math:`1/m` lets single electrons in dark pixels decide: :math:`y / m` has
    the variance :math:`2 + 1/m`. The weight here, :math:`1 / (m + 1/2)`, is the one
    that tells best, at any :math:`m`, that residuals are larger than they should be
    in proportion to :math:`m`; it is Pearson's where there are many counts.
    """

    gain: float = 1.0

    #: Word for messages and titles.
    name = "Poisson counts"

    def moments(
        self, model: np.ndarray, variance: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, Moments]:
        """Return what is expected of weighted squared residuals.

        Parameters
        ----------
        model : numpy.ndarray
            Expected values, in counts.
        variance : None
            For `GivenVariance`.

        Returns
        -------
        weight : numpy.ndarray
            w
        first : numpy.ndarray
            Mean of :math:`w d^2`; where a fit is below zero, as it is, for that is
            right on average.
        moments : Moments

        Notes
        -----
        With :math:`a = m w` and :math:`w = 2 (1 - a)` the others are
        :math:`2 a`, :math:`4 a + 36 a^2 - 32 a^3`, :math:`2 a + 6 a^2` and
        :math:`2 m`, so that sums over powers of a tell them all.
        """
        weight = self.weight(model)
        first = model * weight
        share = np.maximum(first, 0)
        one, mean = share.sum(axis=1), np.maximum(model, 0).sum(axis=1)
        power = share * share
        two = power.sum(axis=1)
        power *= share
        three = power.sum(axis=1)
        third = 4 * one + 36 * two - 32 * three
        return weight, first, Moments(2 * one, third, 2 * one + 6 * two, 2 * mean, mean)

    def weight(self, model: np.ndarray) -> np.ndarray:
        """Return the weight of squared residuals, which are as skew as counts are."""
        return 1 / (np.maximum(model, 0) + 0.5)

    def precision(
        self,
        model: np.ndarray,
        variance: np.ndarray | None = None,
        level: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Return one over the variance, limited where next to nothing is expected.

        Level is what the model has on average at each position, shape (n, 1).
        """
        return 1 / np.maximum(model, np.where(level > 0, 0.01 * level, 1))


@dataclass(frozen=True, eq=False)
class GivenVariance:
    """Normally distributed errors of a variance that the user knows.

    Parameters
    ----------
    function : callable or None
        Variance for an array of the model's values; None where it is given pixel by
        pixel (`variance` of the methods).
    """

    function: Callable | None = None

    #: Data are taken in their own units.
    gain = 1.0
    name = "the given variance"

    def moments(
        self, model: np.ndarray, variance: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, Moments]:
        """Return what is expected; see `PoissonNoise.moments`."""
        one = np.full(len(model), float(model.shape[1]))
        moments = Moments(2 * one, 8 * one, 0 * one, 0 * one, one)
        return self.precision(model, variance), np.ones_like(model), moments

    def weight(self, model: np.ndarray) -> np.ndarray:
        """Return 0: squares of normal errors do not tell which sign errors have."""
        return np.zeros_like(model)

    def precision(
        self,
        model: np.ndarray,
        variance: np.ndarray | None = None,
        level: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Return one over the variance.

        Raises
        ------
        ValueError
            If a variance is not positive and finite.
        """
        given = variance if self.function is None else self.function(model)
        values = np.broadcast_to(np.asarray(given, float), model.shape)
        if not ((values > 0) & np.isfinite(values)).all():
            raise ValueError(
                "variance must be positive and finite in all pixels that take part: "
                "add the variance of the detector's own noise, or mask dead pixels."
            )
        return 1 / values


#: What residuals are judged by.
Noise = PoissonNoise | GivenVariance
