"""Whether noise of counts is normalised, where the data are to decide."""

from __future__ import annotations

from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.patterns.bright_pixels import bright_pixels_hide


def normalizes(wanted: bool | None, inspection: Inspection) -> bool:
    """Return whether noise is normalised.

    Parameters
    ----------
    wanted : bool or None
        What was asked for; None where the data decide: if few bright pixels would hide
        the others.
    inspection : Inspection
        What one reading told of the pixels that take part.
    """
    return _hidden(inspection) if wanted is None else wanted


def weight_note(
    wanted: bool | None, normalized: bool, inspection: Inspection, n_axes: int
) -> str:
    """Return what is to be told of the weights of bright pixels, or "".

    Parameters
    ----------
    wanted : bool or None
        As for `normalizes`.
    normalized : bool
        Whether noise is normalised: by a sketch that was kept, it may not be.
    inspection : Inspection
    n_axes : int
        Of the detector; the direct beam is spoken of where it has two.
    """
    if wanted or not _hidden(inspection):
        return ""
    if normalized:
        said = (
            "Few bright pixels would hide what the others tell: Poisson noise was "
            "normalised (normalize_poissonian_noise=False gives equal weights)."
        )
    else:
        said = (
            "Few bright pixels hide what the others tell, so that components may be "
            "missed: normalize_poissonian_noise=True gives each pixel its due."
        )
    if n_axes == 2:
        said += " signal_mask=hspy_cnmf.structure_mask(s) masks the direct beam."
    return said


def _hidden(inspection: Inspection) -> bool:
    """Whether few bright pixels hide the others."""
    return bright_pixels_hide(inspection.pixel_sums / len(inspection.position_sums))
