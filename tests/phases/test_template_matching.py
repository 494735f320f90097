"""Laws of the starts: pyxem's matches are orientations that look like the pattern."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.template_matching import (
    TemplateLibrary,
    _SameSymmetry,
    about_beam,
)
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import BEAM, matcher, spots_of

ZONES = {"alpha-Fe": (0, 1, 1), "Fe3B": (1, 0, 0), "Ti": (1, 0, 0)}


@cache
def library(name):
    return TemplateLibrary.of(crystal_phase(name), 300.0, BEAM, 1.2, 6.0)


@given(st.floats(0, 360), st.sampled_from(list(ZONES)), st.booleans())
@settings(max_examples=12, deadline=None)
def test_one_of_the_starts_is_near(in_plane, name, over):
    true = matrix_of(name, ZONES[name], in_plane)
    if over:
        true = np.diag([1.0, -1.0, -1.0]) @ true
    starts = library(name).best([spots_of(matcher(name), true)], 20)[0]
    phase = crystal_phase(name)
    errors = [tilt_and_turn(start, true, phase) for start in starts]
    assert min(tilt for tilt, turn in errors if turn < 2.5) < 5


def test_starts_are_rotations():
    true = matrix_of("Fe3B", (1, 0, 0), 12.0)
    starts = library("Fe3B").best([spots_of(matcher("Fe3B"), true)] * 2, 8)
    assert len(starts) == 2
    np.testing.assert_array_equal(starts[0], starts[1])
    products = starts[0] @ np.swapaxes(starts[0], 1, 2)
    np.testing.assert_allclose(
        products, np.broadcast_to(np.eye(3), (8, 3, 3)), atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.det(starts[0]), 1)


def test_positive_angles_turn_kx_to_ky():
    np.testing.assert_allclose(about_beam(np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    assert about_beam(np.zeros((2, 4))).shape == (2, 4, 3, 3)


def test_a_phase_without_reflections_in_reach_is_refused():
    with pytest.raises(ValueError, match="no reflections"):
        TemplateLibrary.of(crystal_phase("alpha-Fe"), 300.0, BEAM, 0.3, 6.0)


def test_copies_of_a_phase_have_its_symmetry_and_a_lattice_of_their_own():
    phase = crystal_phase("alpha-Fe")
    before = phase.structure.lattice.baserot.copy()
    copied = _SameSymmetry.of(phase).deepcopy()
    assert copied.space_group is phase.space_group
    assert copied.name == phase.name and copied.deepcopy().point_group is not None
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    copied.structure.lattice.setLatPar(baserot=turn)
    np.testing.assert_array_equal(phase.structure.lattice.baserot, before)
