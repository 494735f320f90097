"""How far counts, and squared residuals of counts, scatter about what is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hspy_cnmf.operators.tiles import row_sums


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


def _not_negative(model: np.ndarray) -> np.ndarray:
    """Return a model with zeros in the place of what is below; itself without such."""
    if model.min(initial=0) >= 0:
        return model
    # With an array of zeros NumPy takes half of the time that it takes with a number.
    return np.maximum(model, np.zeros(model.shape[1:], model.dtype))


def _one_over(values: np.ndarray) -> np.ndarray:
    """Return one over values, in their place."""
    return np.divide(1, values, out=values)


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
        counts = _not_negative(model)
        weight = _one_over(counts + 0.5)
        share = counts * weight
        first = share if counts is model else model * weight
        one, mean = row_sums(share), row_sums(counts)
        two = np.einsum("ip,ip->i", share, share)
        three = np.einsum("ip,ip->i", share * share, share)
        third = 4 * one + 36 * two - 32 * three
        return weight, first, Moments(2 * one, third, 2 * one + 6 * two, 2 * mean, mean)

    def weight(self, model: np.ndarray) -> np.ndarray:
        """Return the weight of squared residuals, which are as skew as counts are."""
        return _one_over(_not_negative(model) + 0.5)

    def precision(
        self,
        model: np.ndarray,
        variance: np.ndarray | None = None,
        level: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Return one over the variance, limited where next to nothing is expected.

        Level is what the model has on average at each position, shape (n, 1).
        """
        least = np.where(level > 0, 0.01 * np.asarray(level), 1)
        return _one_over(np.maximum(model, least.astype(model.dtype)))


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
