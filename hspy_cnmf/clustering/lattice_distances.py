"""Lattice distances from the rings on which Bragg spots lie."""

import re

import numpy as np
from diffsims.utils.sim_utils import get_electron_wavelength
from hyperspy.axes import UniformDataAxis
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

RING = np.dtype(
    [
        ("radius", float),
        ("lattice_distance", float),
        ("uncertainty", float),
        ("n_spots", int),
        ("intensity", float),
    ]
)
"""Fields of a ring of spots; see `lattice_distances`."""


def lattice_distances(spots, scale, tolerance=0.02):
    r"""Gather spots that are equally far from the centre, and measure how far.

    Parameters
    ----------
    spots : numpy.ndarray, dtype `hspy_cnmf.clustering.spots.SPOT`
        As from `find_spots`. Only ``radius``, ``radius_error`` and ``intensity`` are
        read.
    scale : float
        Width of a pixel in the reciprocal of a length; see `reciprocal_calibration`.
    tolerance : float, default 0.02
        Spots are on one ring if the radii of any two of them differ by no more than
        this part, plus three times the error of the difference.

    Returns
    -------
    numpy.ndarray, shape (n_rings,), dtype `RING`
        The ring with the highest intensity first:

        radius
            Mean over the spots, in the units of `scale`.
        lattice_distance
            One over `radius`.
        uncertainty
            One standard deviation of `lattice_distance`, from the errors of the spots
            and from how much they disagree. What shifts all spots of a ring alike is
            not in it, above all the calibration of `scale`.
        n_spots, intensity
            Number and sum of the spots.

    Raises
    ------
    ValueError
        If `scale` is not positive or `tolerance` is negative.

    Notes
    -----
    The mean has random effects (DerSimonian and Laird, 1986): where the radii
    :math:`r_i` disagree by more than their errors :math:`\sigma_i` allow, because of
    an error of the centre or a distortion, they share an additional variance
    :math:`\tau^2`, and the weights are :math:`1 / (\sigma_i^2 + \tau^2)`. So spots
    opposite each other count alike, and the error of the centre cancels. A single
    spot has an uncertainty from its own error only.
    """
    if not 0 < scale < np.inf:
        raise ValueError(
            f"scale must be positive, got {scale}: it is the width of a pixel in the "
            "reciprocal of a length."
        )
    if not tolerance >= 0:
        raise ValueError(f"tolerance must not be negative, got {tolerance}.")
    members = _ring_of_each(spots["radius"], spots["radius_error"], tolerance)
    rings = np.zeros(members.max(initial=-1) + 1, RING)
    for ring, result in enumerate(rings):
        on_ring = spots[members == ring]
        radius, error = _mean(on_ring["radius"], on_ring["radius_error"])
        result["radius"] = radius * scale
        result["lattice_distance"] = 1 / result["radius"]
        result["uncertainty"] = result["lattice_distance"] * error / radius
        result["n_spots"] = len(on_ring)
        result["intensity"] = on_ring["intensity"].sum()
    return rings[np.argsort(-rings["intensity"], kind="stable")]


def _ring_of_each(radii, errors, tolerance):
    """Return the number of the ring that each spot lies on, from 0."""
    if len(radii) < 2:
        return np.zeros(len(radii), dtype=int)
    apart = np.abs(np.subtract.outer(radii, radii))
    mean = np.add.outer(radii, radii) / 2
    allowed = tolerance * mean + 3 * np.hypot.outer(errors, errors)
    ratio = np.divide(
        apart, allowed, out=np.full_like(apart, np.inf), where=allowed > 0
    )
    ratio[apart == 0] = 0
    # Complete linkage: any two spots, not only neighbours, are within the tolerance.
    tree = linkage(squareform(np.minimum(ratio, 1e9), checks=False), "complete")
    return fcluster(tree, 1.0, criterion="distance") - 1


def _mean(values, errors):
    """Return the mean with random effects, and its error."""
    weights = 1 / errors**2
    mean = np.average(values, weights=weights)
    disagreement = (weights * (values - mean) ** 2).sum() - (len(values) - 1)
    share = weights.sum() - (weights**2).sum() / weights.sum()
    extra = max(disagreement / share, 0) if len(values) > 1 else 0
    weights = 1 / (errors**2 + extra)
    return np.average(values, weights=weights), 1 / np.sqrt(weights.sum())


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
