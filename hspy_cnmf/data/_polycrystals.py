"""Grains of a polycrystal: plane lattices turned in the plane, or any orientation."""

import numpy as np

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._checks import check_count, check_positive, check_shape
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._grain_patterns import Grain, Jitter, Scene
from hspy_cnmf.data._grain_scans import (
    GrainScan,
    gentle_bending,
    shares_of,
    voronoi,
)

#: Shares of the electrons in the direct beam and in the diffuse background.
_BEAM, _DIFFUSE = 0.25, 0.15

#: The same for grains in any orientation.
_THICK_BEAM, _THICK_DIFFUSE = 0.5, 0.35

#: Standard deviation of the tilt times the thickness of such grains, in nm.
_BENDING = 0.08

#: Plane lattices: name, two reciprocal lengths (1/nm) and their angle (degrees).
_LATTICES = (
    ("hexagonal", 3.9, 3.9, 60.0),
    ("square", 3.5, 3.5, 90.0),
)

#: Cubic crystals: name, space group, lattice parameter (angstrom), element.
_CUBIC = (("diamond", 227, 5.43, "Si"), ("face-centred", 225, 4.2, "Ni"))

#: Excitation error (1/angstrom) up to which spots are excited.
_EXCITED = 0.04

#: Spots below this part of the strongest are left out.
_FAINT = 1e-3

#: Degrees between a grain and the one that is nearly oriented as it is.
_CLOSE = (2.0, 5.0)


@data_set(dose=300.0, truth="DomainTruth")
def turned_grains(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_grains: int = 6,
) -> GrainScan:
    """Simulate grains of two plane lattices, turned in the plane.

    Grains are hexagonal and square in turn, each a domain of its own. A quarter of the
    electrons is in the direct beam, 15 % in a diffuse background. Within a grain
    patterns are turned by 0.3 degrees, scaled by 2 % and shifted by 0.3 pixels
    (standard deviations), each position's another way.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, at least (8, 8), in steps of 1 nm.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_grains : int, default 6
        Number of grains.
    """
    shape = check_shape("shape", shape, 8)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    n_grains = check_count("n_grains", n_grains)
    cells = voronoi(shape, n_grains, generator)
    grains = [_turned_grain(k, generator) for k in range(n_grains)]
    scene = Scene(
        title="Turned grains",
        grains=grains,
        shares=shares_of(cells, n_grains, probe=0),
        domains=np.arange(n_grains),
        names=tuple(grain.name for grain in grains),
        variation=Jitter().draw(shape, generator),
        bending=np.zeros((*shape, 2)),
    )
    return GrainScan(scene, detector_shape)


def _turned_grain(index: int, generator: np.random.Generator) -> Grain:
    """Return the grain of an index, turned by an angle of its own."""
    name, first, second, angle = _LATTICES[index % len(_LATTICES)]
    n_others = index // len(_LATTICES)
    # Grains of one lattice are turned by the golden section of its symmetry, about.
    turn = angle * ((0.618 * n_others + generator.uniform(-0.15, 0.15)) % 1)
    vectors = _patterns.lattice_vectors(first, second, angle, cutoff=7.5)
    intensities = np.exp(-np.hypot(*vectors.T) / 2.5)
    return Grain(
        name=f"{name} {n_others + 1}",
        vectors=_patterns.rotate_vectors(vectors, turn),
        intensities=intensities / intensities.sum(),
        beam=_BEAM,
        spots=1 - _BEAM - _DIFFUSE,
        orientation=turn,
    )


@data_set(dose=1000.0, truth="DomainTruth")
def oriented_grains(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_grains: int = 13,
    n_close: int = 4,
) -> GrainScan:
    """Simulate grains of two cubic phases in any orientation.

    Each grain is a domain of its own. Some are tilted by a few degrees from another,
    and all are bent gently. 15 % of the electrons are in spots, half in the direct
    beam.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, at least (8, 8), in steps of 1 nm.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_grains : int, default 13
        Number of grains.
    n_close : int, default 4
        How many of them are 2 to 5 degrees from another one, at most half.

    Notes
    -----
    Kinematic intensities by diffsims, of crystals of silicon and nickel oxide's metal
    lattice, for 300 kV. Boundaries are as wide as the probe, half a position.
    """
    shape = check_shape("shape", shape, 8)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    n_grains = check_count("n_grains", n_grains)
    if n_close:
        check_positive("n_close", n_close, n_grains // 2)
    cells = voronoi(shape, n_grains, generator)
    grains = _cubic_grains(n_grains, int(n_close), generator)
    scene = Scene(
        title="Oriented grains",
        grains=grains,
        shares=shares_of(cells, n_grains, probe=0.5),
        domains=np.arange(n_grains),
        names=tuple(grain.name for grain in grains),
        variation=Jitter(center=0.2, scale=0.005).draw(shape, generator),
        bending=gentle_bending(shape, _BENDING, generator),
    )
    return GrainScan(scene, detector_shape)


def _cubic_grains(
    n_grains: int, n_close: int, generator: np.random.Generator
) -> list[Grain]:
    """Return grains of two phases, the last ones nearly oriented as the first."""
    from orix.quaternion import Rotation

    turns = [Rotation(q) for q in generator.standard_normal((n_grains - n_close, 4))]
    for other in turns[:n_close]:
        axis = generator.standard_normal(3)
        angle = generator.uniform(*_CLOSE)
        step = Rotation.from_axes_angles(axis, angle, degrees=True)
        turns.append(step * other)
    phases = np.arange(n_grains) % len(_CUBIC)
    phases[n_grains - n_close :] = phases[:n_close]
    return [
        _cubic_grain(k, _CUBIC[phase], turn)
        for k, (phase, turn) in enumerate(zip(phases, turns, strict=True))
    ]


def _cubic_grain(index: int, crystal: tuple, turn: object) -> Grain:
    """Return the grain of a cubic crystal with this orientation."""
    from diffpy.structure import Atom, Lattice, Structure
    from diffsims.generators.simulation_generator import SimulationGenerator
    from orix.crystal_map import Phase

    name, group, parameter, element = crystal
    lattice = Lattice(parameter, parameter, parameter, 90, 90, 90)
    faces = np.array([[0, 0, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.5, 0.5, 0]])
    basis = (0, 0.25) if name == "diamond" else (0,)
    atoms = [
        Atom(element, xyz=face + b, lattice=lattice) for face in faces for b in basis
    ]
    phase = Phase(structure=Structure(atoms=atoms, lattice=lattice), space_group=group)
    simulated = SimulationGenerator(accelerating_voltage=300).calculate_diffraction2d(
        phase=phase,
        rotation=turn,
        reciprocal_radius=0.75,
        max_excitation_error=_EXCITED,
        with_direct_beam=False,
    )
    spots = simulated.coordinates
    intensities = np.asarray(spots.intensity, float)
    # A spot fades as its lattice point leaves the Ewald sphere.
    error = np.asarray(spots.data)[:, 2]
    strong = intensities > _FAINT * intensities.max()
    vectors = np.asarray(spots.data)[strong, :2] * 10 * np.array([1, -1])
    intensities = (intensities * np.exp(-((2 * error / _EXCITED) ** 2) / 2))[strong]
    return Grain(
        name=f"{name} {index + 1}",
        vectors=vectors,
        intensities=intensities / intensities.sum(),
        beam=_THICK_BEAM,
        spots=1 - _THICK_BEAM - _THICK_DIFFUSE,
    )
