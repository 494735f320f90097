"""Simulation of calibrated signals, and their truth, from a specimen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D, LazyElectronDiffraction2D

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import Chunks, RandomState, check_positive, seed_sequence
from hspy_cnmf.data._counting import count_electrons


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


def record(
    specimen: Specimen,
    *,
    dose: float | None,
    random_state: RandomState,
    lazy: bool,
    chunks: Chunks,
    return_truth: bool,
) -> ElectronDiffraction2D | tuple[ElectronDiffraction2D, Truth]:
    """Simulate the scan over a specimen.

    Parameters
    ----------
    specimen : Specimen
        Patterns, maps and calibration.
    dose : float or None
        Mean electrons per pattern; None for the expectation of one electron.
    random_state : int, numpy.random.SeedSequence or None
        Seed of the noise.
    lazy : bool
        Return a lazy signal.
    chunks : "auto", int or tuple
        Chunks of the scan axes, lazy only.
    return_truth : bool
        Return the truth too.

    Returns
    -------
    signal : ElectronDiffraction2D or LazyElectronDiffraction2D
        The data.
    truth : Truth
        Only where `return_truth` is set.
    """
    dose = None if dose is None else check_positive("dose", dose)
    seed = seed_sequence(random_state)
    loadings = specimen.maps * (1.0 if dose is None else dose)
    data = count_electrons(
        loadings,
        specimen.patterns,
        seed=None if dose is None else seed,
        lazy=lazy,
        chunks=chunks,
    )
    signal = _diffraction_signal(data, specimen)
    return (signal, _truth(loadings, specimen)) if return_truth else signal


def _truth(loadings: np.ndarray, specimen: Specimen) -> Truth:
    """Return the truth, with `loadings` in expected electrons."""
    factors = _diffraction_signal(specimen.patterns, specimen)
    maps = Signal2D(loadings)
    _calibrate_scan(maps.axes_manager.signal_axes, specimen.calibration)
    maps.metadata.General.title = f"Loadings of {specimen.title}"
    factors.metadata.General.title = f"Factors of {specimen.title}"
    for signal in (factors, maps):
        signal.axes_manager.navigation_axes[0].name = "Component"
    return Truth(
        factors=factors,
        loadings=maps,
        orientations=specimen.orientations,
        families=specimen.families,
        names=specimen.names,
        lattice_distances=specimen.lattice_distances,
        diameters=specimen.diameters,
    )


@dataclass(frozen=True)
class Recorded:
    """Title and calibration, as `_diffraction_signal` wants them."""

    title: str
    calibration: Calibration


def _diffraction_signal(
    data: np.ndarray | da.Array, specimen: Any
) -> ElectronDiffraction2D:
    """Return a calibrated signal; the first axes of `data` are scan or component."""
    lazy = isinstance(data, da.Array)
    signal = (LazyElectronDiffraction2D if lazy else ElectronDiffraction2D)(data)
    calibration = specimen.calibration
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
    signal.metadata.General.title = specimen.title
    return signal


def _calibrate_scan(axes: Sequence, calibration: Calibration) -> None:
    """Name and scale the axes x and y of the scan."""
    for axis, name in zip(axes, ("x", "y"), strict=True):
        axis.name, axis.units = name, "nm"
        axis.scale = calibration.scan_step
