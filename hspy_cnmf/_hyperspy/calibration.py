"""Calibration of a signal's patterns: centre, distortion, and units."""

import copy
import logging
import re

import numpy as np
from diffsims.utils.sim_utils import get_electron_wavelength
from hyperspy.axes import UniformDataAxis
from skimage.registration import phase_cross_correlation

_logger = logging.getLogger(__name__)

#: What pyxem keeps in the metadata about how patterns were recorded.
_CALIBRATION = ("Acquisition_instrument", "General.affine_transformation")


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


def copy_calibration(source, target):
    """Give patterns the calibration that pyxem keeps in another signal's metadata."""
    for path in _CALIBRATION:
        value = source.metadata.get_item(path)
        if value is not None:
            target.metadata.set_item(path, copy.deepcopy(value))


def reciprocal_calibration(units, beam_energy=None):
    r"""Return the length that a detector's units are the reciprocal of.

    Parameters
    ----------
    units : str
        Units of a signal axis, as HyperSpy and pyxem write them: such as "nm^-1",
        "1/nm", "nm$^{-1}$", "A^-1" (an angstrom, not an ampere), "$\\AA^{-1}$",
        "k_A^-1", "q_A^-1" (:math:`2 \pi` over a length) or, of angles, "mrad" and
        "2th_deg".
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
    quantity = _quantity(units)
    factor = 1 / (2 * np.pi) if str(units).startswith("q_") else 1.0
    if quantity is not None and quantity.check("1/[length]"):
        return f"{(1 / quantity).units:~}", factor
    if quantity is None or not quantity.check("[]") or quantity.unitless:
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


def _quantity(units):
    """Return one unit of a detector as a quantity of pint, None if not understood."""
    text = re.sub(r"^(k_|q_|2th_)|[${}]", "", str(units).strip())
    text = text.replace(r"\AA", "Å").replace("mrads", "mrad")
    text = re.sub(r"(?<![A-Za-z])A(?![A-Za-z])", "Å", text)
    text = re.sub(r"(?<=[a-zÅ])-1$", "^-1", text)
    try:
        quantity = UniformDataAxis(size=1, units=text).scale_as_quantity
    except Exception:  # pint has many kinds for what it does not understand
        return None
    return quantity if hasattr(quantity, "check") else None
