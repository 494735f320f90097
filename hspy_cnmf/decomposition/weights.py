"""How much positions and pixels weigh, where the data are to decide."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows, gram_of_weighted
from hspy_cnmf.operators.weights import few_counts, scale_of_positions
from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
)
from hspy_cnmf.solver.left_over import before_noise

#: Positions differ much in brightness from here on, see `unevenness`.
_UNEVEN = 1.2

#: Of the principal components of a sketch, those after this share are taken for noise.
_AT_MOST = 1 / 3

#: What is told where positions weigh by their counts.
POSITION_NOTE = (
    "Positions differ much in brightness: each weighs by its counts, as dim ones then "
    "tell of more components (normalize_poissonian_noise=False gives equal weights)."
)


def normalizes(wanted: bool | None, mean_pattern: np.ndarray) -> bool:
    """Return whether noise is normalised.

    Parameters
    ----------
    wanted : bool or None
        What was asked for; None where the data decide: if few bright pixels would hide
        the others.
    mean_pattern : numpy.ndarray, shape of the detector
        NaN where pixels take no part.
    """
    return bright_pixels_hide(mean_pattern) if wanted is None else wanted


def ends_with_equal_weights(
    wanted: bool | None, normalized: bool, mean_pattern: np.ndarray
) -> bool:
    """Return whether patterns are fitted with equal weights once they are found.

    They are where it was for bright spots of crystals that noise was normalised, unless
    that was asked for.

    Parameters
    ----------
    wanted, mean_pattern
        As for `normalizes`.
    normalized : bool
        Whether noise is normalised.
    """
    return normalized and wanted is None and bright_pixels_are_spots(mean_pattern)


def weight_note(wanted: bool | None, normalized: bool, mean_pattern: np.ndarray) -> str:
    """Return what is to be told of the weights of bright pixels, or "".

    Parameters
    ----------
    wanted, mean_pattern
        As for `normalizes`.
    normalized : bool
        Whether noise is normalised: by a sketch that was kept, it may not be.
    """
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


def unevenness(position_sums: np.ndarray) -> float:
    r"""Return how much positions differ in brightness, 1 for not at all.

    Notes
    -----
    The Poisson noise of counts :math:`N_i` has the variance :math:`N_i`. With equal
    weights the noise of all, :math:`\langle N \rangle`, is what dim positions are
    judged by; over their own it is, in the mean,

    .. math:: \langle N \rangle \langle 1 / N \rangle

    A vacuum, with less than a twentieth of the mean counts, takes no part.
    """
    counts = position_sums[position_sums > few_counts(position_sums)]
    return float(counts.mean() * np.mean(1 / counts)) if counts.size else 1.0


def dim_positions_tell_more(
    sketch: LowRankOperator, position_sums: np.ndarray, n_components: int
) -> bool:
    """Whether more components stand out of noise if positions weigh by their counts.

    They do where dim positions hold components of their own, as a thin part or the
    scan of a series with a shorter exposure, and do not where those hold less of the
    same, or a background.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the data with equal weights.
    position_sums : numpy.ndarray, shape (n_positions,)
        Counts at each position.
    n_components : int
        How many are sought: no more count, as a background that only then stands out
        would take the place of another.
    """
    most = min(n_components, int(sketch.rank * _AT_MOST))
    if unevenness(position_sums) <= _UNEVEN or most < 1:
        return False
    images = sketch.basis_images
    weights = (1 / scale_of_positions(position_sums)).astype(images.dtype)
    grams = gram_of_weighted(images, weights), gram_of_rows(images)
    divided, equal = (np.linalg.eigvalsh(gram)[::-1].clip(0) for gram in grams)
    return before_noise(divided, most) > before_noise(equal, most)
