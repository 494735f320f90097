"""Laws of stacks of patterns in polar coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.polar import PolarPatterns
from tests.helpers.clustering_cases import CENTER, SHAPE, crystal, masked, rings, wedge

LAW = settings(max_examples=25, deadline=None)
ANGLES = st.floats(-360, 360)
GEOMETRY = CartesianGeometry(SHAPE, CENTER)
VALUES = arrays(float, (2, 3, 12), elements=st.floats(-4, 9).map(lambda v: round(v, 2)))
KNOWN = arrays(bool, (2, 3, 12))


def polar_patterns(values, known=None, noise=0.0):
    n, n_radii, _ = values.shape
    known = np.ones(values.shape, bool) if known is None else known
    return PolarPatterns(
        values, known, np.arange(n_radii) + 3.0, np.full((n, n_radii), noise)
    )


@LAW
@given(VALUES, st.integers(-12, 12), arrays(bool, 2))
def test_stacks_turn_by_whole_azimuths_exactly(values, steps, mirrored):
    turned = polar_patterns(values).turn(np.full(2, 30.0 * steps), mirrored)
    for k, mirror in enumerate(mirrored):
        expected = np.roll(values[k][:, ::-1], 1, axis=1) if mirror else values[k]
        expected = np.roll(expected, steps, axis=1)
        np.testing.assert_allclose(turned.values[k], expected, atol=1e-9)


@LAW
@given(ANGLES, ANGLES)
def test_two_turns_are_one(first, second):
    # An odd number: of an even one, the highest order is lost between azimuths.
    polar = GEOMETRY.polar([crystal(0), masked(crystal(1), wedge(40))], 361, (4, 20))
    turn = polar.turn(np.full(2, first), np.array([False, True]))
    once = polar.turn(np.full(2, first + second), np.array([False, True]))
    twice = turn.turn(np.full(2, second), np.array([False, False]))
    np.testing.assert_allclose(twice.values[0], once.values[0], atol=1e-9)
    assert (twice.known[1] == once.known[1]).mean() > 0.99


def test_masks_leave_no_ripples_where_a_pattern_is_turned():
    glass = rings(11, width=4) + 1
    polar = GEOMETRY.polar([masked(glass, wedge(30))], 360, (5, 20))
    turned = polar.turn(np.array([33.3]), np.array([False]))
    assert abs(turned.known.mean() - polar.known.mean()) < 0.003
    expected = np.broadcast_to(polar.level, polar.values.shape)
    np.testing.assert_allclose(
        turned.values[turned.known], expected[turned.known], atol=0.05
    )


@LAW
@given(VALUES, VALUES, KNOWN, KNOWN, st.floats(0.1, 5))
def test_means_are_weighted_and_of_what_is_known(one, other, known, seen, weight):
    first, second = polar_patterns(one, known, 1.0), polar_patterns(other, seen, 3.0)
    mean = first.mean_with(second, (1.0, weight))
    both, either = first.known & second.known, first.known | second.known
    assert not (mean.known & ~either).any()
    # Where rings are known all round by both, or by one alone.
    whole = first.known.all(axis=2) & second.known.all(axis=2)
    expected = (first.values + weight * second.values) / (1 + weight)
    np.testing.assert_allclose(mean.values[whole], expected[whole], atol=1e-9)
    alone = first.known.any(axis=2) & ~second.known.any(axis=2)
    np.testing.assert_allclose(mean.values[alone], first.values[alone], atol=1e-9)
    # Independent noise adds up in squares.
    assert (mean.noise[alone] == 1).all()
    expected = np.hypot(1, 3 * weight) / (1 + weight)
    np.testing.assert_allclose(mean.noise[whole], expected)
    # The mean does not depend on which is the first.
    swapped = second.mean_with(first, (weight, 1.0))
    np.testing.assert_allclose(mean.values, swapped.values, atol=1e-9)
    np.testing.assert_allclose(mean.noise, swapped.noise, atol=1e-12)
    assert (mean.known == either)[both.any(axis=2)].all()


def test_masks_leave_no_step_in_a_mean_of_rings():
    glass = rings(11, width=4)
    patterns = [masked(glass, wedge(30)), 10 * masked(glass, wedge(200))]
    polar = GEOMETRY.polar(patterns, 180, (4, 20))
    mean = polar[0].mean_with(polar[1], (1.0, 1.0))
    assert mean.known.all()
    expected = GEOMETRY.polar([5.5 * glass], 180, (4, 20))
    np.testing.assert_allclose(mean.values, expected.values, atol=0.3)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_structure_does_not_depend_on_the_scale(scale):
    pattern = crystal(0) + rings(11) + np.random.default_rng(0).random(SHAPE) / 50
    one, other = (
        GEOMETRY.polar([pattern * factor], 90, (4, 20)).structure(5.0, 0.15, 1 / 3)
        for factor in (1, scale)
    )
    assert one.any()
    np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)


def test_structure_is_spots_and_a_little_of_the_rings():
    glass = rings(11, width=3)
    both = GEOMETRY.polar([crystal(0) + glass, crystal(0), glass], 360, (4, 20))
    spots, expected, _ = both.structure(5.0, 0.0, 1 / 3)
    cosine = np.vdot(spots, expected) / np.linalg.norm(spots) / np.linalg.norm(expected)
    assert cosine > 0.99
    np.testing.assert_allclose(spots.sum(axis=1), 0, atol=1e-3)
    _, _, halo = both.structure(5.0, 0.15, 1 / 3)
    assert np.ptp(halo, axis=1).max() < 0.1 * halo.max()


def test_faint_spots_count_beside_bright_ones():
    """As a power of their heights, the brightest scaled to 1 whatever the power."""
    deviation = np.zeros((1, 1, 100_000))
    deviation[0, 0, [0, 500]] = [1000, 1]
    polar = polar_patterns(deviation + 7, noise=0.01)
    for exponent in (1.0, 1 / 2, 1 / 3):
        structure = polar.structure(5.0, 0.0, exponent)[0, 0]
        bright, faint = structure[[0, 500]] - np.median(structure)
        assert faint / bright == pytest.approx(1e-3**exponent, rel=0.05)


def test_noise_is_dropped_and_what_stands_far_out_is_kept():
    deviation = np.zeros((1, 1, 1000))
    deviation[0, 0, [0, 1, 2, 3]] = [100, -100, 4.9, -4.9]
    polar = polar_patterns(deviation + 7, noise=1.0)
    structure = polar.structure(5.0, 0.0, 1 / 3)[0, 0]
    assert structure[0] == pytest.approx(-structure[1], rel=1e-3)
    assert (structure[2:] == 0).all()
    softened = polar_patterns(deviation + 7, noise=10.0).structure(5.0, 0.0, 1 / 3)[
        0, 0
    ]
    assert (softened[2:] == 0).all()
    assert softened[0] == pytest.approx(np.sqrt(3))  # scaled by its largest


@pytest.mark.parametrize("value", [0.0, 3.7, 1e-12])
def test_constant_patterns_have_no_structure(value):
    patterns = np.stack([np.full(SHAPE, value), crystal(0)])
    polar = GEOMETRY.polar(patterns, 90, (4, 20))
    assert polar.varies.tolist() == [False, True]
    assert (polar.structure(5.0, 0.15, 1 / 3)[0] == 0).all()


def test_rings_that_are_hardly_known_are_left_out():
    known = np.arange(12) < [[[2], [3]]]
    polar = polar_patterns(np.ones((1, 2, 12)), known)
    assert polar.known.sum(axis=2).tolist() == [[0, 3]]
