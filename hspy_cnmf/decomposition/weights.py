"""How much positions and pixels weigh, where the data are to decide."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.operators.weights import Weights, few_counts
from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
)

#: Positions differ much in brightness from here on, see `unevenness`.
_UNEVEN = 1.2


def choose_weights(
    wanted: bool | None, mean_pattern: np.ndarray, position_sums: np.ndarray
) -> Weights:
    """Return how much positions and pixels weigh.

    Parameters
    ----------
    wanted : bool or None
        Whether noise is to be normalised; None where the data decide: if few bright
        pixels would hide the others, it is; if positions differ much in brightness,
        they weigh by their counts.
    mean_pattern : numpy.ndarray, shape of the detector
        NaN where pixels take no part.
    position_sums : numpy.ndarray, shape (n_positions,)
        Counts at each position.

    Returns
    -------
    {"equal", "by position", "normalised"}
    """
    if wanted or (wanted is None and bright_pixels_hide(mean_pattern)):
        return "normalised"
    if wanted is None and unevenness(position_sums) > _UNEVEN:
        return "by position"
    return "equal"


def unevenness(position_sums: np.ndarray) -> float:
    r"""Return how much positions differ in brightness, 1 for not at all.

    Notes
    -----
    Poisson noise of counts :math:`N_i` has the variance :math:`N_i`. With equal weights
    the mean pattern of a component has the variance of the mean of :math:`N`; at a dim
    position, where :math:`N_i` would do, the noise of all decides what is told apart.
    Beside weights :math:`1 / N_i` it is larger by

    .. math:: \langle N \rangle \langle 1 / N \rangle

    A vacuum, with less than a twentieth of the mean counts, takes no part.
    """
    counts = position_sums[position_sums > few_counts(position_sums)]
    return float(counts.mean() * np.mean(1 / counts)) if counts.size else 1.0


def ends_with_equal_weights(
    wanted: bool | None, weights: Weights, mean_pattern: np.ndarray
) -> bool:
    """Return whether patterns are fitted with equal weights once they are found.

    They are where it was for bright spots of crystals that noise was normalised, unless
    that was asked for.

    Parameters
    ----------
    wanted, mean_pattern
        As for `choose_weights`.
    weights : {"equal", "by position", "normalised"}
        What they are.
    """
    unasked = weights == "normalised" and wanted is None
    return unasked and bright_pixels_are_spots(mean_pattern)


def weight_notes(
    wanted: bool | None,
    weights: Weights,
    mean_pattern: np.ndarray,
    position_sums: np.ndarray,
) -> tuple[str, str]:
    """Return what is to be told of bright pixels and of dim positions, each or "".

    Parameters
    ----------
    wanted, mean_pattern, position_sums
        As for `choose_weights`.
    weights : {"equal", "by position", "normalised"}
        What they are: by a sketch that was kept, others than would be chosen.
    """
    return (
        _note_of_pixels(wanted, weights == "normalised", mean_pattern),
        _note_of_positions(weights, position_sums),
    )


def _note_of_positions(weights: Weights, position_sums: np.ndarray) -> str:
    if weights == "normalised" or unevenness(position_sums) <= _UNEVEN:
        return ""
    if weights == "by position":
        return (
            "Positions differ much in brightness: each weighs by its counts, so that "
            "what only dim ones hold is found (normalize_poissonian_noise=False gives "
            "equal weights)."
        )
    return (
        "Positions differ much in brightness: what only dim ones hold may be missed "
        'with equal weights (normalize_poissonian_noise="auto" weighs by counts).'
    )


def _note_of_pixels(
    wanted: bool | None, normalized: bool, mean_pattern: np.ndarray
) -> str:
    if wanted or not bright_pixels_hide(mean_pattern):
        return ""
    are_spots = bright_pixels_are_spots(mean_pattern)
    if not normalized:
        said = (
            "Few bright pixels hide what the others tell, so that components may be "
            "missed: normalize_poissonian_noise=True gives each pixel its due."
        )
    elif wanted is None and are_spots:
        return (
            "Few bright spots would hide what other pixels tell: Poisson noise was "
            "normalised to find components and their maps, not in the patterns, which "
            "hold as little of the strongest component as can be: how much, the data "
            "do not say (normalize_poissonian_noise=False gives equal weights "
            "throughout)."
        )
    else:
        said = (
            "Few bright pixels would hide what the others tell: Poisson noise was "
            "normalised (normalize_poissonian_noise=False gives equal weights)."
        )
    if mean_pattern.ndim == 2 and not are_spots:
        said += " signal_mask=hspy_cnmf.structure_mask(s) masks the direct beam."
    return said
