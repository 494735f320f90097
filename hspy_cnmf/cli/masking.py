"""Mask that both jobs use."""

from __future__ import annotations

from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.masks import structure_mask
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D
from hspy_cnmf.cli.input_error import input_errors


def signal_mask(
    signal: BaseSignal, mask_structure: bool, max_memory: int | str | None = None
) -> BaseSignal | None:
    """Return the mask of direct beam and corners, or None where there is none.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Read once for the mask of diffraction patterns.
    mask_structure : bool
        Use `structure_mask` on diffraction patterns.
    max_memory : int or str, optional
        What chunks of lazy data may take while they are read.

    Raises
    ------
    InputError
        If the signal is of a kind that cannot be decomposed, or has no such mask.
    """
    with input_errors():
        check_signal(signal)
        masked = mask_structure and isinstance(signal, Diffraction2D)
        return structure_mask(signal, max_memory=max_memory) if masked else None
