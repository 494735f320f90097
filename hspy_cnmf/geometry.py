"""What a signal's axes and calibration tell the constraints."""

import logging
from dataclasses import replace

import numpy as np
from pyxem.signals import Diffraction2D, PolarDiffraction2D
from skimage.registration import phase_cross_correlation

from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from hspy_cnmf.registration import shapes
from hspy_cnmf.solver.factorise import changed

_logger = logging.getLogger(__name__)


def with_resolved_constraints(estimator, signal, mean_pattern):
    """Return an estimator whose constraints know the signal's geometry.

    Without a mean pattern the centre is not looked for.
    """
    factor = estimator.factor_constraint
    if _is_auto(factor):
        factor = _automatic_floor(signal)
    if isinstance(factor, RadialFloor) and mean_pattern is not None:
        if factor.center is None:
            factor = replace(factor, center=pattern_center(signal, mean_pattern))
        if factor.affine is None:
            factor = replace(factor, affine=ring_distortion(signal))
    loading = estimator.loading_constraint
    if _is_auto(loading):
        shape, _ = shapes(signal)
        loading = GaussianSmoothing(size=tuple(3 if n >= 3 else 1 for n in shape))
    if isinstance(loading, GaussianSmoothing) and loading.step is None:
        axes = signal.axes_manager.navigation_axes[::-1]
        loading = replace(loading, step=tuple(map(_step, axes)))
    return changed(estimator, factor_constraint=factor, loading_constraint=loading)


def _step(axis):
    """Return the mean distance of positions along an axis, 1 if there is but one."""
    return float(abs(np.mean(np.diff(axis.axis)))) if axis.size > 1 else 1.0


def _is_auto(constraint):
    return isinstance(constraint, str) and constraint == "auto"


def _automatic_floor(signal):
    if isinstance(signal, PolarDiffraction2D):
        return AzimuthalFloor()
    return RadialFloor() if isinstance(signal, Diffraction2D) else None


def pattern_center(signal, mean_pattern):
    """Return the centre of diffraction patterns, row and column in pixels.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        Its calibration is taken if it is plausible: on the detector, and not the
        corner that uncalibrated axes start from.
    mean_pattern : numpy.ndarray
        Mean pattern, NaN where masked; otherwise the centre of its inversion symmetry
        is taken (Friedel's law), and a log message says so.

    Returns
    -------
    tuple of float
    """
    axes = signal.axes_manager.signal_axes[::-1]
    if all(axis.is_uniform for axis in axes):
        calibrated = tuple(float(-axis.offset / axis.scale) for axis in axes)
        limits = zip(calibrated, mean_pattern.shape, strict=True)
        if all(0 < c < n - 1 for c, n in limits):
            return calibrated
    filled = np.where(np.isnan(mean_pattern), np.nanmedian(mean_pattern), mean_pattern)
    # Square roots of counts: the whole pattern decides, not its brightest pixel.
    filled = np.sqrt(np.maximum(filled, 0))
    shift, _, _ = phase_cross_correlation(
        filled, filled[::-1, ::-1], upsample_factor=20, normalization=None
    )
    center = tuple(
        float((n - 1 + s) / 2) for n, s in zip(mean_pattern.shape, shift, strict=True)
    )
    _logger.warning(
        "The signal's calibration puts the centre of patterns off the detector: "
        "estimated (row, column) = (%.1f, %.1f) from the mean pattern instead. "
        "Set s.calibration.center, if you know it, or give center=... (to RadialFloor, "
        "or to cluster_diffraction).",
        *center,
    )
    return center


def ring_distortion(signal):
    """Return the distortion in pyxem's calibration for `pixel_radii`, or None.

    pyxem applies the affine matrix with its off-diagonal elements negated.
    """
    affine = getattr(getattr(signal, "calibration", None), "affine", None)
    if affine is None:
        return None
    affine = np.asarray(affine, dtype=float)[:2, :2]
    return affine * [[1, -1], [-1, 1]]
