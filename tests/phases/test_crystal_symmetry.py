"""The symmetry of crystals is that of the space group, about the cell's axes."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure
from orix import io
from orix.crystal_map import CrystalMap, Phase, PhaseList
from orix.quaternion import Rotation

from hspy_cnmf.phases.crystal_symmetry import (
    laue_group_of,
    point_group_of,
    standard_turn,
    with_own_symmetry,
)
from hspy_cnmf.phases.orientation import tilt_and_turn, zone_axis
from hspy_cnmf.phases.reflections import Beam
from hspy_cnmf.phases.template_matching import TemplateLibrary, about_beam

#: Space groups, each with a cell: monoclinic, tetragonal, trigonal, hexagonal, cubic.
CELLS = {
    14: (5, 6, 7, 90, 100, 90),
    12: (5, 6, 7, 90, 100, 90),
    119: (5, 5, 7, 90, 90, 90),
    159: (5, 5, 7, 90, 90, 120),
    162: (5, 5, 7, 90, 90, 120),
    164: (5, 5, 7, 90, 90, 120),
    190: (5, 5, 7, 90, 90, 120),
    225: (5, 5, 5, 90, 90, 90),
    # In other axes: monoclinic with a as its own, orthorhombic, rhombohedral.
    7014: (5, 6, 7, 100, 90, 90),
    1025: (5, 6, 7, 90, 90, 90),
    1167: (5, 5, 5, 70, 70, 70),
}


def phase_of(number):
    return Phase(space_group=number, structure=Structure([], Lattice(*CELLS[number])))


def turned(uvw, operation):
    """Return indices of a direction, as an operation in crystal coordinates has it."""
    return np.rint(operation @ np.array(uvw)).astype(int)


@pytest.mark.parametrize("number", CELLS)
def test_all_that_the_space_group_makes_equivalent_is_so(number):
    phase = phase_of(number)
    to_cartesian = phase.structure.lattice.base.T
    matrices = laue_group_of(phase).to_matrix()
    names = {tuple(zone_axis(_along(phase, (1, 2, 4)), phase)[0])}
    for operation in phase.space_group.iter_symops():
        cartesian = to_cartesian @ operation.R @ np.linalg.inv(to_cartesian)
        proper = np.linalg.det(cartesian) * cartesian
        assert abs(matrices - proper).max(axis=(1, 2)).min() < 1e-6
        first = about_beam(0.3) @ np.linalg.qr(np.vander([1.0, 2, 4]))[0]
        tilt, turn = tilt_and_turn(first, first @ proper, phase)
        assert tilt < 1e-4 and turn < 1e-4
        zone = turned((1, 2, 4), operation.R)
        names.add(tuple(zone_axis(_along(phase, zone), phase)[0]))
    assert len(names) == 1


def _along(phase, uvw):
    """Return a crystal with a direction along the beam."""
    axis = phase.structure.lattice.base.T @ np.array(uvw, dtype=float)
    frame = np.linalg.qr(np.column_stack([axis, np.eye(3)[:, :2]]))[0].T[[1, 2, 0]]
    frame[2] = axis / np.linalg.norm(axis)
    frame[0] *= np.sign(np.linalg.det(frame))
    return frame


@pytest.mark.parametrize("number", [14, 159, 162, 225, 1167])
def test_templates_are_along_all_zone_axes(number):
    phase = phase_of(number)
    lattice = phase.structure.lattice
    phase.structure = Structure([Atom("Si", (0, 0, 0))], lattice)
    library = TemplateLibrary.of(phase, 200.0, Beam.of(200.0, 0.1), 0.6, 10.0)
    zones = library.simulation.rotations.to_matrix()[:, :, 2]
    equivalent = zones @ laue_group_of(phase).to_matrix().swapaxes(1, 2)
    any_axis = np.random.default_rng(0).normal(size=(100, 3))
    any_axis /= np.linalg.norm(any_axis, axis=1)[:, np.newaxis]
    cosines = abs(equivalent.reshape(-1, 3) @ any_axis.T).max(axis=0)
    assert np.rad2deg(np.arccos(cosines)).max() < 10


def test_groups_about_standard_axes_and_those_that_were_given_stay():
    for phase in (phase_of(225), phase_of(164), Phase(point_group="2/m")):
        assert standard_turn(phase).angle[0] == 0
        assert point_group_of(phase) == phase.point_group


@pytest.mark.parametrize("number", [12, 159, 162, 190, 225, 7014, 1025])
def test_orix_takes_for_equivalent_what_is_and_keeps_it(tmp_path, number):
    phase = phase_of(number)
    phase.structure = Structure([Atom("Si", (0, 0, 0))], phase.structure.lattice)
    own = with_own_symmetry(phase)
    laue = laue_group_of(phase)
    proper = Rotation(laue.data[~laue.improper])
    turned = proper.outer(Rotation([[0.8, 0.2, -0.4, 0.4]]).unit)
    kept = CrystalMap(
        turned.flatten(), x=np.arange(turned.size), phase_list=PhaseList([own])
    )
    io.save(str(tmp_path / "a.h5"), kept)
    for one in (kept, io.load(str(tmp_path / "a.h5"))):
        found = one.orientations
        assert np.allclose(found[:1].angle_with(found), 0, atol=1e-3)
        assert one.phases[0].point_group.laue.size == laue.size
