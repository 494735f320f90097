"""How much positions and pixels weigh, where the data are to decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.low_rank import gram_of_rows, gram_of_weighted
from hspy_cnmf.operators.range_finder import (
    orthonormal_rows,
    refinements,
    sketch_from,
)
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.weights import Weights, noise_scales
from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
)
from hspy_cnmf.solver.left_over import before_noise
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing import standing_out

#: Positions differ much in brightness from here on, see `unevenness`.
_UNEVEN = 1.2

#: Positions with less than this share of the mean counts are taken for vacuum.
_VACUUM = 0.05

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
    counts = position_sums[position_sums > _VACUUM * position_sums.mean()]
    return float(counts.mean() * np.mean(1 / counts)) if counts.size else 1.0


def tells_most(
    problem: Problem, basis: np.ndarray, inspection: Inspection
) -> tuple[LowRankOperator, Weights]:
    """Return the sketch in which most components stand out of the noise of counts.

    Normalised noise tells more where bright pixels are noisier than weak spots are
    bright, and where dim positions hold components of their own, as a thin part or the
    scan of a series with a shorter exposure; less where those hold a background.

    Parameters
    ----------
    problem : Problem
        Of the data with equal weights, with their sketch. No more components count
        than it seeks: a background that only then stands out would take the place of
        another.
    basis : numpy.ndarray, shape (rank, n_pixels)
        What the sketch began with.
    inspection : Inspection
        Counts at each position and in each pixel.

    Returns
    -------
    sketch : LowRankOperator
    weights : {"equal", "normalised"}
        Equal ones where both tell as much.

    Notes
    -----
    What a sketch of the data tells of normalised noise is asked first. One that was
    refined holds little of dim positions, though: where these differ much in brightness
    a sketch of its own is made, and principal images are compared as a run smooths
    them.
    """
    sketch, operator = problem.sketch, problem.data
    assert sketch is not None
    is_uneven = unevenness(inspection.position_sums) > _UNEVEN
    has_lost_some = is_uneven and refinements(operator.shape) > 0
    scales = noise_scales(inspection, "normalised")
    n_components = problem.estimator.n_components
    if not has_lost_some and not _more_stand_out(sketch, scales, n_components):
        return sketch, "equal"
    by_pixel = scales[1]
    assert by_pixel is not None
    divided = operator.divide(*scales)
    own_basis = orthonormal_rows(basis / by_pixel.astype(basis.dtype), divided.dtype)
    own = sketch_from(divided, own_basis)
    normalised = replace(problem, operator=divided, scales=scales, sketch=own)
    if has_lost_some and standing_out(normalised) <= standing_out(problem):
        return sketch, "equal"
    return own, "normalised"


def _more_stand_out(sketch: LowRankOperator, scales: Scales, n_components: int) -> bool:
    """Whether more principal components come before noise if a sketch is divided."""
    most = min(n_components, int(sketch.rank * _AT_MOST))
    squares = [_principal_squares(sketch, by) for by in ((None, None), scales)]
    equal, divided = (before_noise(own, most) for own in squares)
    return divided > equal


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
    """Return what is to be told of the weights that `tells_most` chose, or "".

    Parameters
    ----------
    wanted, mean_pattern
        As for `normalizes`.
    weights : {"equal", "normalised"}
        What they are.
    """
    is_chosen = wanted is None and not normalizes(wanted, mean_pattern)
    if not is_chosen or weights == "equal":
        return ""
    return (
        "Poisson noise was normalised, as more components stand out of it so "
        "(normalize_poissonian_noise=False gives equal weights)."
    )
