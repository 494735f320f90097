"""Whether noise of counts is normalised, where the data are to decide."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.patterns.bright_pixels import (
    bright_pixels_are_spots,
    bright_pixels_hide,
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
