"""Laws of spots and reflections: what is turned is found turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import turned_in_plane
from hspy_cnmf.patterns.spots import SPOT
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.reflections import Beam, Reflections
from hspy_cnmf.phases.spot_matching import SpotMatcher, tilts
from hspy_cnmf.phases.spot_pattern import Detector, SpotPattern
from tests.helpers.crystals import matrix_of

BEAM = Beam.of(300.0, 0.03)
SCALE = 0.025
DETECTOR = Detector(np.ones((97, 97), bool), (48, 48), SCALE)


def matcher(name):
    reflections = Reflections.of(crystal_phase(name), 1.3)
    return SpotMatcher(reflections, BEAM, 0.005, (0.1, 1.2))


def spots_of(tool, matrix, scale=1.0, affine=None):
    """Return the spots that a crystal shows, as `find_spots` has them."""
    bare = SpotPattern(
        np.zeros((0, 2)), np.zeros(0), np.zeros(0), DETECTOR, 0.0, np.zeros(0)
    )
    places, amplitudes = (
        values[0] for values in tool.amplitudes(bare, matrix[np.newaxis], np.ones(1))
    )
    kept = amplitudes > 0.05 * amplitudes.max()
    x, y = (places[kept] * scale).T
    spots = np.zeros(kept.sum(), SPOT)
    spots["radius"] = np.hypot(x, y) / SCALE
    spots["azimuth"] = np.rad2deg(np.arctan2(-y, x)) % 360
    spots["intensity"], spots["radius_error"] = amplitudes[kept] ** 2, 0.05
    spots["width"] = 1.0
    # Noise is even, and the faintest spot well above it.
    spots["signal_to_noise"] = 20 * spots["intensity"] / spots["intensity"].min()
    return SpotPattern.of(spots, DETECTOR, 0.1, 0.001)


@given(st.floats(-2, 2), st.floats(-0.01, 0.01), st.sampled_from(["alpha-Fe", "Fe2B"]))
@settings(max_examples=15, deadline=None)
def test_turn_and_scale_are_found(turn, residual, name):
    tool = matcher(name)
    start = matrix_of(name, (0, 0, 1), 20.0)
    true = turned_in_plane(start, turn)
    pattern = spots_of(tool, true, 1 + residual)
    fit = tool.fit(pattern, start[np.newaxis])
    np.testing.assert_allclose(fit.matrices[0], true, atol=1e-4)
    assert fit.scale[0] - 1 == pytest.approx(residual, abs=1e-4)
    assert fit.correlation[0] == pytest.approx(1, abs=0.02)


@given(st.floats(0, 360))
@settings(max_examples=10, deadline=None)
def test_a_turned_pattern_has_the_same_evidence(degrees):
    tool = matcher("alpha-Fe")
    start = matrix_of("alpha-Fe", (0, 1, 1), 0.0)
    turned = turned_in_plane(start, degrees)
    one = tool.fit(spots_of(tool, start), start[np.newaxis])
    other = tool.fit(spots_of(tool, turned), turned[np.newaxis])
    assert other.evidence[0] == pytest.approx(one.evidence[0], rel=1e-6)


def test_a_tilt_is_refined():
    tool = matcher("alpha-Fe")
    start = matrix_of("alpha-Fe", (1, 1, 1), 5.0)
    true = tilts(np.array([-1.5, 0.0, 1.5]))[1] @ start
    pattern = spots_of(tool, true)
    fit = tool.tilted(pattern, tool.started(pattern, start[np.newaxis]))
    tilt, turn = tilt_and_turn(fit.matrices[0], true, crystal_phase("alpha-Fe"))
    assert tilt < 0.7 < tilt_and_turn(start, true, crystal_phase("alpha-Fe"))[0]
    assert turn < 0.2


def test_tilts_are_rotations():
    matrices = tilts(np.linspace(-3, 3, 5))
    assert matrices.shape == (25, 3, 3)
    np.testing.assert_allclose(
        matrices @ np.swapaxes(matrices, 1, 2),
        np.broadcast_to(np.eye(3), (25, 3, 3)),
        atol=1e-12,
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1)
    assert np.rad2deg(np.arccos(matrices[:, 2, 2])).max() == pytest.approx(3 * 2**0.5)
