"""Phases of single patterns by pyxem's template matching, as it comes."""

from functools import cache

import numpy as np
from diffsims.generators.simulation_generator import SimulationGenerator
from orix.sampling import get_sample_reduced_fundamental
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import data


def direct_phases(signal, places, names):
    """Return the phase that pyxem finds in single patterns, as it comes."""
    energy = signal.metadata.Acquisition_instrument.TEM.beam_energy
    stack = np.stack([signal.data[place] for place in places]).astype(float)
    numbers = best_templates(stack, signal, _templates(names, energy), 1.2)
    return [names[k] for k in numbers]


def best_templates(stack, signal, simulation, reach):
    """Return which phase of some templates fits each of some patterns best.

    The calibration is that of a signal; `reach` is in 1/Å.
    """
    patterns = ElectronDiffraction2D(np.sqrt(stack)[np.newaxis])
    patterns.calibration.beam_energy = (
        signal.metadata.Acquisition_instrument.TEM.beam_energy
    )
    for axis, old in zip(
        patterns.axes_manager.signal_axes, signal.axes_manager.signal_axes, strict=True
    ):
        axis.scale, axis.offset = old.scale, old.offset
        axis.scale, axis.offset, axis.units = axis.scale / 10, axis.offset / 10, "A^-1"
    patterns.calibration.units = "k_A^-1"
    polar = patterns.get_azimuthal_integral2d(
        npt=120,
        npt_azim=360,
        radial_range=(0, reach),
        show_progressbar=False,
        mean=True,
    )
    match = polar.get_orientation(simulation, frac_keep=1.0, n_best=1)
    index = match.data[0, :, 0, 0].astype(int)
    ends = np.cumsum([rotations.size for rotations in simulation.rotations])
    return np.searchsorted(ends, index, side="right")


@cache
def _templates(names, energy):
    """Return one library of pyxem's for all candidates, as a user would make it."""
    phases = [data.crystal_phase(name) for name in names]
    return templates_of(phases, energy, 1.2, [2.0] * len(phases))


def templates_of(phases, energy, reach, resolutions):
    """Return amplitudes of templates, some degrees apart for each phase."""
    rotations = [
        get_sample_reduced_fundamental(step, point_group=phase.point_group.laue)
        for phase, step in zip(phases, resolutions, strict=True)
    ]
    simulation = SimulationGenerator(energy).calculate_diffraction2d(
        phases,
        rotations,
        reciprocal_radius=reach,
        with_direct_beam=False,
        max_excitation_error=0.03,
    )
    for some in simulation.coordinates:
        for vectors in some:
            vectors.intensity = np.sqrt(vectors.intensity)
    return simulation
