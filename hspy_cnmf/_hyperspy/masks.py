"""Masks as HyperSpy means them, and the mask that leaves the structure."""

from __future__ import annotations

import logging
import warnings
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from hyperspy.signal import BaseSignal
from hyperspy.signals import Signal2D
from numpy.typing import NDArray

from hspy_cnmf._hyperspy.bridge import aligned_data, shapes, with_data
from hspy_cnmf._hyperspy.calibration import pattern_center, ring_distortion
from hspy_cnmf._hyperspy.checks import check_numbers
from hspy_cnmf._hyperspy.scales import common_scale, share_a_unit
from hspy_cnmf.arguments import plain
from hspy_cnmf.constraints.rings import direct_beam_radius, pixel_radii
from hspy_cnmf.messages import warn_once
from hspy_cnmf.operators.mean_pattern import mean_pattern

_logger = logging.getLogger(__name__)

Mask: TypeAlias = Any
"""Mask that a user may give, a signal, an array or None: True excludes."""


def select_positions(signal: BaseSignal, navigation_mask: Mask) -> NDArray[np.bool_]:
    """Return the positions that a navigation mask leaves.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Signal to be masked.
    navigation_mask : BaseSignal, numpy.ndarray, dask.array.Array or None
        True excludes. A signal has navigation axes only, those of `signal`; an array
        has HyperSpy's ``navigation_shape``, (x, y), as HyperSpy wants it.

    Returns
    -------
    numpy.ndarray of bool
        True where a position takes part, in array order (y, x).

    Raises
    ------
    ValueError
        If the mask has another shape or excludes everything.
    """
    shape, _ = shapes(signal)
    if navigation_mask is None:
        return np.ones(shape, dtype=bool)
    if isinstance(navigation_mask, BaseSignal):
        mask = _as_bool(navigation_mask.data, "navigation_mask")
        expected = shape
    else:
        mask = _as_bool(navigation_mask, "navigation_mask")
        expected = shape[::-1]
    if mask.shape != expected:
        kind = type(navigation_mask).__name__
        raise ValueError(
            f"navigation_mask ({kind}) has shape {mask.shape}; expected {expected}. "
            "HyperSpy takes arrays in the order of navigation_shape (x, y), signals in "
            "that of their data."
        )
    mask = mask if isinstance(navigation_mask, BaseSignal) else mask.T
    return _kept(mask, "navigation_mask", "positions")


def select_pixels(
    signal: BaseSignal, signal_mask: Mask, name: str = "signal_mask"
) -> NDArray[np.bool_]:
    """Return the pixels that a signal mask leaves.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Signal to be masked.
    signal_mask : BaseSignal, numpy.ndarray, dask.array.Array or None
        True excludes. A signal has signal axes only, those of `signal`. An array is
        in the order of the data, (ky, kx); where the detector is not square, one in
        the order of HyperSpy's ``signal_shape``, (kx, ky), is understood too.
    name : str, default "signal_mask"
        What the argument is called in errors.

    Returns
    -------
    numpy.ndarray of bool
        True where a pixel takes part, in array order.

    Raises
    ------
    ValueError
        If the mask has another shape or excludes everything.
    """
    _, shape = shapes(signal)
    if signal_mask is None:
        return np.ones(shape, dtype=bool)
    is_signal = isinstance(signal_mask, BaseSignal)
    mask = _as_bool(signal_mask.data if is_signal else signal_mask, name)
    if mask.shape != shape and not is_signal and mask.shape == shape[::-1]:
        mask = mask.T
    if mask.shape != shape:
        raise ValueError(
            f"{name} ({type(signal_mask).__name__}) has shape {mask.shape}; "
            f"expected that of a pattern in the data, {shape}."
        )
    return _kept(mask, name, "pixels")


def _as_bool(mask: Any, name: str) -> NDArray[np.bool_]:
    """Return a mask as an array of bool, or raise if it holds anything else."""
    if hasattr(mask, "compute"):
        mask = mask.compute()
    if isinstance(mask, np.ma.MaskedArray):
        if mask.dtype != bool:
            raise TypeError(
                f"{name} is a masked array of numbers: give what it masks, "
                f"{name}=numpy.ma.getmaskarray(...), True excludes."
            )
        mask = mask.filled(True)
    try:
        values = np.asarray(mask)
        is_mask = values.dtype.kind in "biuf" and np.isin(values, (0, 1)).all()
    except ValueError:  # sequences of unequal lengths
        is_mask = False
    if not is_mask:
        raise TypeError(
            f"{name} must be an array of True, which excludes, and False; got "
            f"{mask!r:.60} of type {type(mask).__name__}."
        )
    return values.astype(bool)


def _kept(mask: NDArray[np.bool_], name: str, what: str) -> NDArray[np.bool_]:
    if mask.all():
        raise ValueError(f"{name} excludes all {mask.size} {what}: change the mask.")
    return ~mask


def structure_mask(
    signal: BaseSignal,
    beam_radius: float | None = None,
    outer_radius: float | None = None,
    max_memory: int | str | None = None,
) -> Signal2D:
    """Return the signal mask that leaves the part of a pattern that tells structure.

    It covers the direct beam, many times brighter than everything else and blind to
    structure, and the corners of the detector, where rings are cut off.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        Diffraction patterns, lazy or not, with or without navigation axes.
    beam_radius : float, optional
        Radius of the direct beam, in units of the signal axes. Default: found from
        the mean pattern, 0 where there is no direct beam.
    outer_radius : float, optional
        Radius beyond which pixels are masked, in the same units. Default: that of the
        largest circle about the centre that fits on the detector; none if the direct
        beam fills that.
    max_memory : int or str, optional
        What chunks of a lazy signal may take while they are read, in bytes or as
        "2 GB". Default: three quarters of what is free.

    Returns
    -------
    hyperspy.signals.Signal2D
        True excludes; for the argument ``signal_mask`` of ``decomposition``.

    Raises
    ------
    ValueError
        If the signal has not two signal dimensions, nothing would be left, or the
        centre is neither calibrated nor to be told from the mean pattern.

    Notes
    -----
    The mean pattern is read from the data, of lazy ones with many chunks from a sample
    of these, 16 and 8192 positions at least. The beam ends where, going outwards, the
    radial mean has fallen to less than a tenth of its value at the centre, or below
    that of a saturated disc, and no longer falls steeply; and before it rises again.
    """
    _check_patterns(signal)
    beam_radius = _check_radius("beam_radius", beam_radius)
    outer_radius = _check_radius("outer_radius", outer_radius)
    one, pattern = _mean_of(signal, max_memory)
    center = pattern_center(signal, pattern)
    axes = signal.axes_manager.signal_axes[::-1]
    steps = np.ones(2)
    if beam_radius is not None or outer_radius is not None or share_a_unit(axes):
        steps = np.array(common_scale(axes, "patterns").steps)
    scale = steps.mean()
    radii = pixel_radii(pattern.shape, center, ring_distortion(signal)) * scale
    if beam_radius is None:
        beam_radius = direct_beam_radius(pattern, radii / scale) * scale
        if not beam_radius:
            warn_once(_logger, signal, "No direct beam was found: none is masked.")
    if outer_radius is None:
        outer_radius = _largest_circle(center, pattern.shape, steps)
        if outer_radius - beam_radius < scale:
            warn_once(
                _logger,
                signal,
                f"The direct beam, of radius {beam_radius:.4g}, reaches the edge of "
                "the detector: nothing is masked outside. Give outer_radius to mask "
                "it.",
            )
            outer_radius = np.inf
    mask = (radii < beam_radius) | (radii > outer_radius)
    _kept(mask, f"a mask of radii outside {beam_radius} to {outer_radius}", "pixels")
    result = with_data(one, mask)
    result.set_signal_type("")
    result.metadata.General.title = "Structure mask"
    return result


def _check_patterns(signal: BaseSignal) -> None:
    """Raise if a signal is not one of diffraction patterns with pixels of a width."""
    if not isinstance(signal, BaseSignal):
        raise TypeError(
            "structure_mask needs a HyperSpy signal of diffraction patterns, not "
            f"{type(signal).__name__}."
        )
    if signal.axes_manager.signal_dimension != 2:
        raise ValueError(
            "structure_mask needs diffraction patterns of two dimensions, got "
            f"{signal!r}."
        )
    check_numbers(signal, "structure_mask")
    if not all(axis.is_uniform for axis in signal.axes_manager.signal_axes):
        raise ValueError(
            "structure_mask needs signal axes with even steps: use "
            "s.axes_manager[...].convert_to_uniform_axis(), or make the mask by hand."
        )
    scales = [axis.scale for axis in signal.axes_manager.signal_axes]
    if not all(np.isfinite(scales)) or 0 in scales:
        raise ValueError(
            f"The scales of the signal axes are {scales}: they must be the width of a "
            "pixel, not zero. Set s.calibration.scale."
        )


def _mean_of(
    signal: BaseSignal, max_memory: int | str | None
) -> tuple[BaseSignal, NDArray[np.floating]]:
    """Return a signal of one pattern, and the mean pattern, NaN where not finite."""
    one, data = signal, aligned_data(signal)
    n_navigation = signal.axes_manager.navigation_dimension
    if n_navigation:
        with warnings.catch_warnings():
            # A pixel may be NaN in all patterns: its mean is, too.
            warnings.simplefilter("ignore", RuntimeWarning)
            one = signal.nanmean(axis=signal.axes_manager.navigation_axes)
    if n_navigation and isinstance(data, da.Array):
        pattern = mean_pattern(data, n_navigation, max_memory)  # of a sample
    else:
        pattern = np.asarray(one.data, dtype=float)
    pattern = np.where(np.isfinite(pattern), pattern, np.nan)
    if np.isnan(pattern).all():
        raise ValueError(
            "The data are NaN or infinite in all pixels: there is no pattern to mask."
        )
    return one, pattern


def _check_radius(name: str, radius: Any) -> float | None:
    """Return a radius as a plain number, or raise if it is none."""
    radius = plain(radius)
    is_number = isinstance(radius, (int, float)) and not isinstance(radius, bool)
    # Written so that NaN is refused, and whole numbers that are no floats.
    if radius is None or (is_number and 0 <= radius <= np.finfo(float).max):
        return radius
    if is_number and radius == np.inf:
        return radius
    raise ValueError(
        f"{name} must be a number, 0 or more, in units of the signal axes, or None; "
        f"got {radius!r}."
    )


def _largest_circle(
    center: tuple[float, ...], shape: tuple[int, ...], steps: NDArray[np.floating]
) -> float:
    """Return the radius of the largest circle about a centre that fits.

    It is in the units of the steps, the widths of a pixel along rows and columns.
    """
    places = zip(center, shape, steps, strict=True)
    return min(step * min(c + 0.5, n - 0.5 - c) for c, n, step in places)
