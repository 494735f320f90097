"""The error that Poisson counts leave to a model that is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hspy_cnmf.arguments import real_number
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.computing import patterns_at
from hspy_cnmf.operators.sketch import Sketch

#: How many patterns are read to see whether the data are counts.
_N_SAMPLES = 5


@dataclass(frozen=True)
class NoiseFloor:
    """Mean variance of the data, or why it is not known.

    Parameters
    ----------
    variance : float or None
        Mean variance, of the weighted data where Poisson noise is normalised.
    note : str
        Where it comes from, or why there is none and what to do.
    """

    variance: float | None
    note: str

    def errors(self, numbers: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
        r"""Return the error expected of the right model, for numbers of components.

        Parameters
        ----------
        numbers : array_like of int, shape (n_numbers,)
            Numbers of components.
        shape : tuple of int
            Number P of positions and Q of pixels.

        Returns
        -------
        numpy.ndarray, shape (n_numbers,)
            NaN where the variance is not known.

        Notes
        -----
        .. math:: \overline{\sigma^2} \, (1 - n / P) (1 - n / Q)

        of n (P + Q - n) degrees of freedom the fit makes use, if nothing but the rank
        binds it; constraints leave it less of them.
        """
        variance = np.nan if self.variance is None else self.variance
        free = [1 - np.asarray(numbers) / size for size in shape]
        return variance * free[0] * free[1]


def check_gain(gain: Any) -> None:
    """Raise a ValueError if a gain is neither None nor a positive number."""
    if gain is not None:
        real_number("gain", gain, exclusive=True)


def noise_floor(
    operator: StreamedOperator, sketch: Sketch, scales: tuple, gain: float | None = None
) -> NoiseFloor:
    """Return the mean variance of data under Poisson counts.

    Parameters
    ----------
    operator : StreamedOperator
        The data; a few patterns are read if `gain` is None.
    sketch : Sketch
        What is known of them.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by in the sketch.
    gain : float, optional
        Electrons per unit of the data.

    Returns
    -------
    NoiseFloor
    """
    if gain is None:
        problem = _what_is_wrong_with_counts(operator, sketch.inspection)
        if problem:
            note = f"not known: {problem}; give gain=, the electrons per unit"
            return NoiseFloor(None, note)
    n_positions, n_pixels = operator.shape
    # x / (a b)^2 in sum, for weights 1 / a of positions and 1 / b of pixels.
    if scales[1] is None:
        sums = sketch.inspection.position_sums
        total = sums.sum() if scales[0] is None else (sums / scales[0] ** 2).sum()
    else:
        assert scales[0] is not None  # Pixels are divided where positions are.
        weighted = sketch.operator.images((1 / scales[1])[np.newaxis])
        total = (weighted @ (1 / scales[0]))[0]
    variance = float(total / (n_positions * n_pixels * (gain or 1.0)))
    note = (
        "if these are Poisson counts"
        if gain is None
        else f"Poisson counts, gain {gain:g}"
    )
    return NoiseFloor(variance, note)


def _what_is_wrong_with_counts(operator: StreamedOperator, inspection: Any) -> str:
    """Say why data cannot be plain counts, in words; empty if they may be."""
    if inspection.minimum < 0:
        return "there are negative values, which are no counts"
    places = np.argwhere(operator.keep_positions)
    rows = np.linspace(0, len(places) - 1, _N_SAMPLES).astype(int)
    sample = patterns_at(operator.data, places[rows])[:, operator.keep_pixels]
    if sample.dtype.kind == "f" and np.any(sample != np.rint(sample)):
        return "there are values that are not integers, which are no counts"
    # Without zeros: they are multiples of everything.
    counts = np.unique(sample[sample > 0]).astype(np.int64)
    divisor = int(np.gcd.reduce(counts)) if counts.size else 1
    if divisor > 1:
        return f"all values are multiples of {divisor}, as of scaled counts"
    return ""
