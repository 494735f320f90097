"""Mask that both jobs use."""

from __future__ import annotations

from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.masks import structure_mask
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D
from hspy_cnmf.cli.input_error import input_errors


def signal_mask(signal: BaseSignal, mask_structure: bool) -> BaseSignal | None:
    """Return the mask of direct beam and corners, or None where there is none.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Read once for the mask of diffraction patterns.
    mask_structure : bool
        Use `structure_mask` on diffraction patterns.

    Raises
    ------
    InputError
        If the signal is of a kind that cannot be decomposed, or has no such mask.
    """
    with input_errors():
        check_signal(signal)
        masked = mask_structure and isinstance(signal, Diffraction2D)
        return structure_mask(signal) if masked else None
