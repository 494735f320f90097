"""Calibration of a signal's patterns: centre, distortion, and units."""

from __future__ import annotations

import copy
import logging

import numpy as np
from diffsims.utils.sim_utils import get_electron_wavelength
from hyperspy.signal import BaseSignal
from numpy.typing import NDArray

from hspy_cnmf._hyperspy.scales import common_scale, share_a_unit, unit_quantity
from hspy_cnmf.messages import warn_once
from hspy_cnmf.patterns.center import doubt_of_center, estimate_center, is_even

_logger = logging.getLogger(__name__)

#: What pyxem keeps in the metadata about how patterns were recorded.
_CALIBRATION = ("Acquisition_instrument", "General.affine_transformation")


def calibrated_center(
    signal: BaseSignal, shape: tuple[int, ...]
) -> tuple[float, ...] | None:
    """Return the centre of patterns in a signal's calibration, None if implausible.

    Plausible is one on the detector that is not the corner which axes without a
    calibration start from.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
    shape : tuple of int
        Rows and columns of its patterns.

    Returns
    -------
    tuple of float or None
        Row and column in pixels.
    """
    axes = signal.axes_manager.signal_axes[::-1]
    if not all(axis.is_uniform and axis.scale for axis in axes):
        return None
    center = tuple(float(-axis.offset / axis.scale) for axis in axes)
    inside = (0 < c < n - 1 for c, n in zip(center, shape, strict=True))
    return center if all(inside) else None


def pattern_center(
    signal: BaseSignal,
    mean_pattern: NDArray[np.floating],
    even_is_fine: bool = False,
    subject: object = None,
) -> tuple[float, ...]:
    """Return the centre of diffraction patterns, row and column in pixels.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        Its calibration is taken if it is plausible, see `calibrated_center`; a log
        message says, once, where the mean pattern has another centre.
    mean_pattern : numpy.ndarray
        Mean pattern, NaN where masked; otherwise the centre is estimated from it, see
        `hspy_cnmf.patterns.center.estimate_center`, and a log message says so, once.
    even_is_fine : bool, default False
        Take the middle of the detector where the mean pattern is even, as of noise
        alone, and say so.
    subject : object, optional
        What the messages are about. Default: the signal.

    Returns
    -------
    tuple of float

    Raises
    ------
    ValueError
        If the signal is not calibrated and the mean pattern does not tell.
    """
    subject = signal if subject is None else subject
    calibrated = calibrated_center(signal, mean_pattern.shape)
    if calibrated is not None:
        doubt = doubt_of_center(calibrated, mean_pattern)
        if doubt:
            warn_once(_logger, subject, doubt)
        return calibrated
    try:
        center = estimate_center(mean_pattern)
    except ValueError:
        if not (even_is_fine and is_even(mean_pattern)):
            raise
        # Whatever the centre, there are no rings about it.
        center = tuple((n - 1) / 2 for n in mean_pattern.shape)
        warn_once(
            _logger,
            subject,
            "The mean pattern is even all over the detector, whose middle is taken for "
            "the centre of patterns: set s.calibration.center, if you know it.",
        )
        return center
    warn_once(
        _logger,
        subject,
        "The signal's calibration has no centre of patterns on the detector: "
        "estimated (row, column) = ({:.1f}, {:.1f}) from the mean pattern instead. "
        "Set s.calibration.center, if you know it, or give center=... (to RadialFloor, "
        "or to cluster_diffraction).".format(*center),
        kind="center",
    )
    return center


def ring_distortion(signal: BaseSignal) -> NDArray[np.floating] | None:
    """Return the distortion of a signal's patterns for `pixel_radii`, or None.

    It is that of pyxem's calibration, and that of pixels which are not square: radii
    are in pixels of the mean width. Where the scales of the axes have no common unit,
    pixels are taken to be square.

    pyxem applies the affine matrix with its off-diagonal elements negated.
    """
    affine = getattr(getattr(signal, "calibration", None), "affine", None)
    if affine is not None:
        affine = np.asarray(affine, dtype=float)[:2, :2] * [[1, -1], [-1, 1]]
    axes = signal.axes_manager.signal_axes[::-1]
    if not (share_a_unit(axes) and all(axis.is_uniform for axis in axes)):
        return affine
    scale = common_scale(axes, "patterns")
    if np.allclose(scale.steps, scale.step, rtol=1e-6, atol=0):
        return affine
    squeeze = np.diag(scale.step / np.array(scale.steps))
    return squeeze if affine is None else squeeze @ affine


def copy_calibration(source: BaseSignal, target: BaseSignal) -> None:
    """Give patterns the calibration that pyxem keeps in another signal's metadata."""
    for path in _CALIBRATION:
        value = source.metadata.get_item(path)
        if value is not None:
            target.metadata.set_item(path, copy.deepcopy(value))


def reciprocal_calibration(
    units: str, beam_energy: float | None = None
) -> tuple[str, float]:
    r"""Return the length that a detector's units are the reciprocal of.

    Parameters
    ----------
    units : str
        Units of a signal axis, as HyperSpy and pyxem write them: such as "nm^-1",
        "1/nm", "nm$^{-1}$", "A^-1" (an angstrom, not an ampere), "1/Angstrom",
        "$\\AA^{-1}$", "k_A^-1", "q_A^-1" (:math:`2 \pi` over a length) or, of angles,
        "mrad" and "2th_deg".
    beam_energy : float, optional
        In kV, as in the signal's metadata; needed for angles.

    Returns
    -------
    length_unit : str
        As "nm" or "Å"; "nm" for angles.
    factor : float
        What to multiply the scale of the axis by, to have one over `length_unit`.

    Raises
    ------
    ValueError
        If the units are not reciprocal, or the beam energy is missing.

    Notes
    -----
    Angles :math:`\theta` between direct and scattered beam are taken to be small:
    :math:`d = \lambda / \theta`, which at 50 mrad is 0.01 % too little.
    """
    quantity = unit_quantity(units)
    factor = 1 / (2 * np.pi) if str(units).startswith("q_") else 1.0
    if quantity is not None and quantity.check("1/[length]"):
        return f"{(1 / quantity).units:~}", factor * float(quantity.magnitude)
    if quantity is None or str(quantity.to_root_units().units) != "radian":
        raise ValueError(
            f"The units of the detector, {units!r}, are not the reciprocal of a "
            "length: lattice distances need a calibrated signal. Set for instance "
            's.calibration(scale=0.125, units="nm^-1"), where scale is the width of a '
            "pixel."
        )
    if beam_energy is None:
        raise ValueError(
            f"Lattice distances from angles ({units!r}) need the wavelength: set the "
            "beam energy in kV, for instance s.calibration(beam_energy=300)."
        )
    wavelength = get_electron_wavelength(beam_energy) / 10  # from angstrom to nm
    return "nm", float(quantity.to("rad").magnitude / wavelength)
