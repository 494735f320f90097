"""Simulation of calibrated signals, and their truth, from a specimen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D, LazyElectronDiffraction2D

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._counting import Recording, count_electrons

#: Share of electrons below which a domain does not stand for a position.
_CLEAR = 0.9


@dataclass(frozen=True, eq=False)
class Truth:
    """The components that a simulated data set was made of.

    The expected pattern at a probe position is the sum over the components of
    ``loadings[component, y, x] * factors[component]``.

    Attributes
    ----------
    factors : pyxem.signals.ElectronDiffraction2D
        Diffraction pattern of each component, (component | kx, ky). Each has unit
        sum over the whole detector and is calibrated like the data.
    loadings : hyperspy.signals.Signal2D
        Map of each component, (component | x, y), in expected electrons; calibrated
        like the scan and laid out like `get_decomposition_loadings` of HyperSpy.
    orientations : numpy.ndarray, shape (components,)
        In-plane rotation of each component in degrees, counter-clockwise as seen in
        `plot`, where y points down; this is also the sense in which
        `scipy.ndimage.rotate` and `skimage.transform.rotate` turn an image. Two
        components of one family differ by the difference of their orientations.
        NaN where a rotation has no meaning, as for amorphous components.
    families : numpy.ndarray of int, shape (components,)
        Crystal family of each component, counted from 1; 0 is amorphous.
    names : tuple of str
        Name of each component.
    lattice_distances : numpy.ndarray, shape (components,), or None
        Lattice distance of the strongest spots in nm; NaN for amorphous components.
        None where the data set has no such number.
    diameters : numpy.ndarray, shape (components,), or None
        Diameter of the precipitate in nm; NaN for the matrix. None where the data
        set has no precipitates.
    """

    factors: ElectronDiffraction2D
    loadings: Signal2D
    orientations: np.ndarray
    families: np.ndarray
    names: tuple[str, ...]
    lattice_distances: np.ndarray | None = None
    diameters: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class DomainTruth:
    """The domains that a scan was made of.

    Attributes
    ----------
    labels : hyperspy.signals.Signal2D
        Domain of each position, (| x, y), an index of `names`.
    boundary : hyperspy.signals.Signal2D
        True where less than 90 % of the electrons go through it, or where it does not
        stand for the position, (| x, y).
    share : hyperspy.signals.Signal2D
        Its share, (| x, y).
    orientations : hyperspy.signals.Signal2D
        In-plane rotation of the crystal in degrees, counter-clockwise, (| x, y).
    names : tuple of str
        Name of each domain.
    factors : pyxem.signals.ElectronDiffraction2D
        Pattern of each domain, or of its largest grain, where the crystal is not bent,
        (domain | kx, ky), of unit sum.
    """

    labels: Signal2D
    boundary: Signal2D
    share: Signal2D
    orientations: Signal2D
    names: tuple[str, ...]
    factors: ElectronDiffraction2D


@dataclass(frozen=True)
class Calibration:
    """Units of the scan and of the detector.

    Attributes
    ----------
    scan_step : float
        Distance of neighbouring probe positions in nm.
    detector_scale : float
        Width of a detector pixel in `detector_units`.
    detector_units : str
        Units of the scattering vector, as pyxem spells them.
    center : tuple of float
        Pixel of the direct beam, (x, y).
    beam_energy : float or None
        Beam energy in kV; None where it is not known.
    convergence_angle : float or None
        Convergence semi-angle in mrad; None where it is not known.
    """

    scan_step: float
    detector_scale: float
    detector_units: str
    center: tuple[float, float]
    beam_energy: float | None = None
    convergence_angle: float | None = None


@dataclass(frozen=True, eq=False)
class Specimen:
    """Everything about a data set but the dose and the noise.

    `maps`, shape (components, y, x), is the share of the electrons that each
    component has at each position: 1 in sum. `patterns`, shape (components, ky, kx),
    has unit sums. The other attributes are those of `Truth`.
    """

    title: str
    patterns: np.ndarray
    maps: np.ndarray
    calibration: Calibration
    orientations: np.ndarray
    families: np.ndarray
    names: tuple[str, ...]
    lattice_distances: np.ndarray | None = None
    diameters: np.ndarray | None = None

    def record(self, recording: Recording) -> ElectronDiffraction2D:
        """Return the scan over it."""
        data = count_electrons(
            self._loadings(recording),
            self.patterns,
            seed=None if recording.dose is None else recording.seed,
            lazy=recording.lazy,
            chunks=recording.chunks,
        )
        return diffraction_signal(data, self.title, self.calibration)

    def truth(self, recording: Recording) -> Truth:
        """Return its components; maps are in expected electrons."""
        factors = diffraction_signal(self.patterns, self.title, self.calibration)
        maps = map_signal(
            self._loadings(recording), "Loadings", self.title, self.calibration
        )
        factors.metadata.General.title = f"Factors of {self.title}"
        for signal in (factors, maps):
            signal.axes_manager.navigation_axes[0].name = "Component"
        return Truth(
            factors=factors,
            loadings=maps,
            orientations=self.orientations,
            families=self.families,
            names=self.names,
            lattice_distances=self.lattice_distances,
            diameters=self.diameters,
        )

    def _loadings(self, recording: Recording) -> np.ndarray:
        return self.maps * (1.0 if recording.dose is None else recording.dose)


def microscope(detector_shape: tuple[int, int], scan_step: float) -> Calibration:
    """Return the calibration of a simulated microscope at 300 kV and 0.5 mrad.

    Parameters
    ----------
    detector_shape : tuple of int
        Detector rows and columns; the direct beam is in the middle.
    scan_step : float
        Distance of neighbouring probe positions in nm.

    Returns
    -------
    Calibration
        The calibration, in 1/nm on the detector.
    """
    rows, columns = detector_shape
    return Calibration(
        scan_step=scan_step,
        detector_scale=_patterns.detector_scale(detector_shape),
        detector_units="nm$^{-1}$",
        center=((columns - 1) / 2, (rows - 1) / 2),
        beam_energy=300.0,
        convergence_angle=0.5,
    )


def diffraction_signal(
    data: np.ndarray | da.Array, title: str, calibration: Calibration
) -> ElectronDiffraction2D:
    """Return a calibrated signal; the first axes of `data` are scan or component."""
    lazy = isinstance(data, da.Array)
    signal = (LazyElectronDiffraction2D if lazy else ElectronDiffraction2D)(data)
    scale = calibration.detector_scale
    detector_axes = signal.axes_manager.signal_axes
    names = ("kx", "ky")
    for axis, name, center in zip(
        detector_axes, names, calibration.center, strict=True
    ):
        axis.name, axis.units = name, calibration.detector_units
        axis.scale, axis.offset = scale, -center * scale
    if len(signal.axes_manager.navigation_axes) == 2:
        _calibrate_scan(signal.axes_manager.navigation_axes, calibration)
    if calibration.beam_energy is not None:
        signal.calibration.beam_energy = calibration.beam_energy
    if calibration.convergence_angle is not None:
        signal.calibration.convergence_angle = calibration.convergence_angle
    signal.metadata.General.title = title
    return signal


def domain_truth(
    maps: dict[str, np.ndarray],
    names: tuple[str, ...],
    patterns: np.ndarray,
    title: str,
    calibration: Calibration,
) -> DomainTruth:
    """Return the domains of a scan as signals.

    Parameters
    ----------
    maps : dict of numpy.ndarray, shape (y, x)
        ``labels``, ``share`` of the electrons in these domains, ``orientations``, and
        ``boundary`` if that is not where the share is below 90 %.
    names : tuple of str
    patterns : numpy.ndarray, shape (n_domains, ky, kx)
        Of unit sum.
    title : str
        Of the data set.
    calibration : Calibration
    """
    maps = {"boundary": maps["share"] < _CLEAR, **maps}
    signals = {
        name: map_signal(values, name.capitalize(), title, calibration)
        for name, values in maps.items()
    }
    factors = diffraction_signal(patterns, title, calibration)
    factors.metadata.General.title = f"Factors of {title}"
    factors.axes_manager.navigation_axes[0].name = "Domain"
    return DomainTruth(**signals, names=names, factors=factors)


def map_signal(
    values: np.ndarray, name: str, title: str, calibration: Calibration
) -> Signal2D:
    """Return maps over the scan, calibrated like it, (..., y, x)."""
    maps = Signal2D(values)
    _calibrate_scan(maps.axes_manager.signal_axes, calibration)
    maps.metadata.General.title = f"{name} of {title}"
    return maps


def _calibrate_scan(axes: Sequence, calibration: Calibration) -> None:
    """Name and scale the axes x and y of the scan."""
    for axis, name in zip(axes, ("x", "y"), strict=True):
        axis.name, axis.units = name, "nm"
        axis.scale = calibration.scan_step
