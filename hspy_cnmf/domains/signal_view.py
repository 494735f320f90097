"""What of a signal's patterns is mapped: their calibration and their centre."""

from __future__ import annotations

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.calibration import calibrated_center, pattern_center
from hspy_cnmf._hyperspy.negative import remedy_of_part, without_negative
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.view import View


def view_of(signal: BaseSignal, keep_pixels: np.ndarray, settings: Settings) -> View:
    """Return what of a signal's patterns is seen."""
    calibration = calibration_of(signal)
    center = _center(signal, keep_pixels, settings.rotation_invariant)
    return View.of(keep_pixels, *calibration, center, settings)


def treated(
    signal: BaseSignal,
    negative: str,
    keep_positions: np.ndarray,
    keep_pixels: np.ndarray,
    max_memory: int | str | None,
) -> BaseSignal:
    """Return a signal without negative values, judged by those that take part."""
    remedy = remedy_of_part(
        negative,
        aligned_data(signal),
        keep_positions,
        keep_pixels,
        max_memory=max_memory,
    )
    return without_negative(signal, negative, remedy)


def calibration_of(signal: BaseSignal) -> tuple[tuple, tuple]:
    """Return scales and units of the rows and the columns of a pattern."""
    axes = signal.axes_manager.signal_axes[::-1]
    if not all(axis.is_uniform for axis in axes):
        raise ValueError(
            "Domains are mapped from patterns with even steps: use "
            "s.axes_manager[...].convert_to_uniform_axis() first."
        )
    if not all(np.isfinite(axis.scale) and axis.scale for axis in axes):
        raise ValueError(
            f"The scales of the signal axes are {[axis.scale for axis in axes]}: they "
            "must be the width of a pixel, not zero. Set s.calibration.scale."
        )
    return (
        tuple(float(axis.scale) for axis in axes),
        tuple(str(axis.units) for axis in axes),
    )


def _center(
    signal: BaseSignal, keep_pixels: np.ndarray, is_exact: bool
) -> tuple[float, float]:
    """Return the row and column of the centre: calibrated, or of the detector.

    Where it has to be exact and is not calibrated it is found from the mean pattern.
    """
    calibrated = calibrated_center(signal, keep_pixels.shape)
    if calibrated is not None:
        row, column = calibrated
        return row, column
    if not is_exact:
        n_rows, n_columns = keep_pixels.shape
        return (n_rows - 1) / 2, (n_columns - 1) / 2
    mean = signal.nanmean(axis=signal.axes_manager.navigation_axes)
    pattern = np.asarray(mean.data, float)
    row, column = pattern_center(signal, np.where(keep_pixels, pattern, np.nan))
    return row, column
