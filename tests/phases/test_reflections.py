"""Laws of reflections, and of which of them a crystal shows."""

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, Structure
from diffsims.crystallography import ReciprocalLatticeVector
from hypothesis import given, settings
from hypothesis import strategies as st
from orix.crystal_map import Phase

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.reflections import Beam, Reflections, vectors_within


def test_extinct_reflections_are_left_out():
    iron = Reflections.of(crystal_phase("alpha-Fe"), 1.0)
    assert (iron.hkl.sum(axis=1) % 2 == 0).all()
    assert iron.intensities.max() == 1
    assert iron.lengths.max() < 1.0


def test_reflections_far_from_the_sphere_are_not_seen():
    beam = Beam.of(300.0, 0.02)
    flat = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.03], [0.0, -0.5, -0.03]])
    assert beam.shape_factors(flat)[0] > 0.8
    assert (beam.shape_factors(flat)[1:] == 0).all()
    above = beam.excitation_errors(flat[:1])[0]
    on_sphere = flat[:1] + np.array([[0, 0, above]])
    assert beam.shape_factors(on_sphere)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ["alpha-Fe", "Ti", "Fe3B"])
def test_lengths_are_those_of_the_lattice(name):
    phase = crystal_phase(name)
    found = Reflections.of(phase, 0.9)
    spacings = [phase.structure.lattice.rnorm(hkl) for hkl in found.hkl]
    np.testing.assert_allclose(found.lengths, spacings, rtol=1e-6)
    # Friedel's law: both of a pair, equally bright.
    by_index = dict(zip(map(tuple, found.hkl), found.intensities, strict=True))
    for hkl, intensity in by_index.items():
        assert by_index[tuple(-i for i in hkl)] == pytest.approx(intensity)


@pytest.mark.parametrize("angles", [(60, 60, 60), (46, 46, 46), (109.47,) * 3])
def test_oblique_cells_have_all_their_reflections(angles):
    lattice = Lattice(4.0, 4.0, 4.0, *angles)
    structure = Structure([Atom("Cu", (0, 0, 0))], lattice)
    found = vectors_within(Phase("a", point_group="-1", structure=structure), 0.97)
    index = np.arange(-9, 10)
    hkl = np.stack(np.meshgrid(index, index, index), axis=-1).reshape(-1, 3)
    lengths = lattice.rnorm(hkl)
    assert len(found.hkl) == ((lengths > 0) & (lengths <= 0.97)).sum()


def test_the_error_is_that_of_diffsims():
    beam = Beam.of(300.0, 0.03)
    vectors = ReciprocalLatticeVector.from_min_dspacing(crystal_phase("Cu"), 1.0).data
    errors = beam.excitation_errors(vectors)
    centre = np.array([0, 0, 1 / beam.wavelength])
    on_sphere = vectors + errors[:, np.newaxis] * [0, 0, 1]
    distances = np.linalg.norm(on_sphere - centre, axis=1)
    np.testing.assert_allclose(distances, 1 / beam.wavelength, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.05, 0.05), st.floats(0, 7))
def test_turns_about_the_beam_leave_shape_factors(x, y, z, angle):
    beam = Beam.of(200.0, 0.04)
    c, s = np.cos(angle), np.sin(angle)
    one = beam.shape_factors(np.array([x, y, z]))
    other = beam.shape_factors(np.array([c * x - s * y, s * x + c * y, z]))
    assert 0 <= one <= 1
    errors = beam.excitation_errors(np.array([x, y, z]))
    if abs(abs(errors) - 0.04) > 1e-6:
        assert other == pytest.approx(one, abs=1e-6)


def test_a_detector_that_sees_nothing_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'Cu' has no reflections .* up to 0\.1 1/Å"):
        vectors_within(crystal_phase("Cu"), 0.1)
