"""How much positions and pixels weigh, where the data are to decide."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.low_rank import gram_of_rows, gram_of_weighted
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.weights import WEIGHTS, Weights, few_counts, noise_scales
from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
)
from hspy_cnmf.solver.left_over import before_noise

#: Positions differ much in brightness from here on, see `unevenness`.
_UNEVEN = 1.2

#: Of the principal components of a sketch, those after this share are taken for noise.
_AT_MOST = 1 / 3


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


def weights_that_tell_most(
    sketch: LowRankOperator, inspection: Inspection, n_components: int
) -> Weights:
    """Return the weights with which most components stand out of the noise of counts.

    Where positions differ in brightness, weights by their counts tell more if dim ones
    hold components of their own, as a thin part or the scan of a series with a shorter
    exposure, and no more if those hold less of the same, or a background. Normalised
    noise tells more where bright pixels are noisier than weak spots are bright. Of
    weights that tell as much, the first is taken: equal ones, then those of positions.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the data with equal weights.
    inspection : Inspection
        Counts at each position and in each pixel.
    n_components : int
        How many are sought: no more count, as a background that only then stands out
        would take the place of another.

    Returns
    -------
    {"equal", "by position", "normalised"}
    """
    most = min(n_components, int(sketch.rank * _AT_MOST))
    if most < 1:
        return "equal"
    is_uneven = unevenness(inspection.position_sums) > _UNEVEN
    choices = [one for one in WEIGHTS if is_uneven or one != "by position"]
    found = [
        before_noise(_principal_squares(sketch, noise_scales(inspection, one)), most)
        for one in choices
    ]
    return choices[int(np.argmax(found))]


def _principal_squares(sketch: LowRankOperator, scales: Scales) -> np.ndarray:
    """Return what each principal component of divided data explains, the most first."""
    grams = [
        gram_of_rows(rows)
        if scale is None
        else gram_of_weighted(rows, (1 / scale).astype(rows.dtype))
        for rows, scale in zip(
            (sketch.basis_images, sketch.basis_patterns), scales, strict=True
        )
    ]
    # Eigenvalues of the product of both, from a root of the second.
    values, vectors = np.linalg.eigh(grams[1])
    root = vectors * np.sqrt(values.clip(0))
    return np.linalg.eigvalsh(root.T @ grams[0] @ root)[::-1].clip(0)


def note_of_choice(
    wanted: bool | None, weights: Weights, mean_pattern: np.ndarray
) -> str:
    """Return what is to be told of weights that `weights_that_tell_most` chose, or "".

    Parameters
    ----------
    wanted, mean_pattern
        As for `normalizes`.
    weights : {"equal", "by position", "normalised"}
        What they are.
    """
    if wanted is not None or normalizes(wanted, mean_pattern):
        return ""
    return {
        "equal": "",
        "by position": (
            "Positions differ much in brightness: each weighs by its counts, as dim "
            "ones then tell of more components (normalize_poissonian_noise=False gives "
            "equal weights)."
        ),
        "normalised": (
            "Poisson noise was normalised, as more components stand out of it so "
            "(normalize_poissonian_noise=False gives equal weights)."
        ),
    }[weights]
