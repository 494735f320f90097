"""Spectrum images of X-rays: a measured one, and a simulated one with its truth."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, overload

import hyperspy.api as hs
import numpy as np
from hyperspy.signals import Signal1D
from scipy.optimize import nnls

from hspy_cnmf.data._simulation import Truth

FOLDER = Path(__file__).parent / "espm"

PHASES = "matrix", "upper particle", "lower particle"


def mineral_assemblage(*, lazy: bool = False) -> Signal1D:
    """Return a measured EDX spectrum image of three minerals.

    A mineral assemblage from an experiment at 71 GPa, below the solidus: 201 x 201
    positions, 1.7 nm apart, with 105 X-rays each.

    Parameters
    ----------
    lazy : bool, default False
        Return a lazy signal, in chunks of 67 x 67 positions and whole spectra.

    Returns
    -------
    signal : hyperspy.signals.Signal1D or its lazy counterpart
        X-ray counts (uint8), (x, y | energy); exSpy's ``EDSTEMSpectrum`` where exSpy
        is installed. Positions are in µm, energies in keV. The elements, the beam
        energy (200 keV) and the geometry of the detector are in the metadata.

    Notes
    -----
    From espm (MIT licence, see ``ATTRIBUTION.txt`` beside the file), where it has
    1918 channels of 10 eV. Here pairs of channels are summed, and those from 10 keV
    up, with 2.4 % of the counts, left out. The resolution of the detector is 130 eV.
    """
    return _load("mineral_assemblage", lazy)


@overload
def two_particles(
    *, lazy: bool = ..., return_truth: Literal[False] = False
) -> Signal1D: ...


@overload
def two_particles(
    *, lazy: bool = ..., return_truth: Literal[True]
) -> tuple[Signal1D, Truth]: ...


def two_particles(
    *, lazy: bool = False, return_truth: bool = False
) -> Signal1D | tuple[Signal1D, Truth]:
    """Return a simulated EDX spectrum image of two particles in a matrix.

    80 x 80 positions of 1980 channels, with 105 X-rays each: 0.05 a channel. The
    particles lie partly over each other, and everywhere in the matrix: they have no
    position of their own.

    Parameters
    ----------
    lazy : bool, default False
        Return a lazy signal, in chunks of 40 x 40 positions and whole spectra.
    return_truth : bool, default False
        Return the true components too.

    Returns
    -------
    signal : hyperspy.signals.Signal1D or its lazy counterpart
        X-ray counts (uint8), (x, y | energy); exSpy's ``EDSTEMSpectrum`` where exSpy
        is installed. Energies are in keV; the positions have no calibration.
    truth : Truth
        Only where `return_truth` is set. Matrix, upper and lower particle: maps are
        known exactly but for their scale, spectra are not (see Notes).
        Orientations mean nothing, and are NaN; each phase is a family.

    Notes
    -----
    From espm (MIT licence, see ``ATTRIBUTION.txt`` beside the file). The maps are the
    abundances of the simulation, at most 0.5 in the particles, times the counts of the
    pure phase. Spectra and counts of pure phases are fitted to the data given the
    abundances, by non-negative least squares: they have the noise of all counts,
    0.2 % in the sum of the matrix and 0.7 % in those of the particles.
    """
    signal = _load("two_particles", lazy)
    return (signal, _truth()) if return_truth else signal


def _load(name: str, lazy: bool = False) -> Signal1D:
    """Return one of the files; as a spectrum of exSpy if that is there."""
    signal = hs.load(FOLDER / f"{name}.hspy", lazy=lazy)
    if find_spec("exspy"):
        signal.set_signal_type("EDS_TEM")
    return signal


def _truth() -> Truth:
    """Return what the two particles and their matrix are made of."""
    signal = _load("two_particles")
    loadings = hs.load(FOLDER / "two_particles_abundances.hspy")
    abundances = loadings.data.reshape(len(PHASES), -1)
    spectra = _fitted_spectra(signal.data.reshape(abundances.shape[1], -1), abundances)
    counts = spectra.sum(axis=1)
    loadings.data = loadings.data * counts[:, np.newaxis, np.newaxis]
    factors = signal.inav[: len(PHASES), 0]
    factors.data = spectra / counts[:, np.newaxis]
    factors.metadata.General.title = "Factors of two particles"
    loadings.metadata.General.title = "Loadings of two particles"
    for made in (factors, loadings):
        axis = made.axes_manager.navigation_axes[0]
        axis.name, axis.units = "Component", ""
    pairs = zip(
        loadings.axes_manager.signal_axes,
        signal.axes_manager.navigation_axes,
        strict=True,
    )
    for axis, of_scan in pairs:
        axis.name, axis.units = of_scan.name, of_scan.units
    return Truth(
        factors=factors,
        loadings=loadings,
        orientations=np.full(len(PHASES), np.nan),
        families=np.arange(1, len(PHASES) + 1),
        names=PHASES,
    )


def _fitted_spectra(data: np.ndarray, abundances: np.ndarray) -> np.ndarray:
    """Return the spectrum of each phase at abundance 1, (phases, channels).

    Positions have much the same counts, so that they weigh the same.
    """
    orthogonal, triangle = np.linalg.qr(abundances.T)
    channels = (orthogonal.T @ data).T
    return np.stack([nnls(triangle, channel)[0] for channel in channels], axis=1)
