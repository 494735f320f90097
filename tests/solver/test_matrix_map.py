"""The map of the matrix has what crystals leave of it, and what is more than noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.solver.matrix_map import MatrixMap

SHAPE = (32, 30)
KEEP = np.ones(SHAPE, bool)
SMOOTHING = GaussianSmoothing()
AROUND = SMOOTHING.widened(3, SHAPE).prepare(KEEP)
FACTORS = np.eye(3)


def drawn(maps, deviation, held=False, even=None, n_amorphous=1):
    """Return maps of three pixels, of which the first is the matrix, drawn."""
    found = maps.copy()
    MatrixMap(
        amorphous=lambda factors, _: np.arange(len(factors)) < n_amorphous,
        of_pixels=np.full(3, deviation**2),
        left=np.ones(3),
        around=AROUND,
        even=np.ones(KEEP.size) if even is None else even,
        held=np.array([held, False, False]),
    )(FACTORS, found)
    np.testing.assert_array_equal(found[1:], maps[1:])
    return found[0]


def true_maps(rng, unevenness=0.0):
    """Return maps of the matrix and of two crystals, where there is less of it."""
    y, x = np.indices(SHAPE)
    centers = rng.uniform(4, 26, (2, 2, 1, 1))
    crystals = 5.0 * (np.square(np.indices(SHAPE) - centers).sum(axis=1) < 16)
    matrix = 100 - crystals.sum(axis=0) + unevenness * np.sin(x / 5) * np.cos(y / 6)
    return np.concatenate([matrix[np.newaxis], crystals]).reshape(3, -1)


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 10**6),
    unevenness=st.sampled_from([0, 1, 3, 30]),
    deviation=st.sampled_from([0.3, 1, 3]),
)
def test_it_is_nearer_to_the_truth_whatever_is_in_it(seed, unevenness, deviation):
    rng = np.random.default_rng(seed)
    true = true_maps(rng, unevenness)
    noisy = true.copy()
    noisy[0] += deviation * rng.standard_normal(KEEP.size)
    before, after = (
        np.linalg.norm(matrix - true[0])
        for matrix in (noisy[0], drawn(noisy, deviation))
    )
    assert after < before
    if unevenness == 0:
        assert after < 0.6 * before


@pytest.mark.parametrize("units", [1e-6, 1e6])
def test_units_of_counts_make_no_difference(units):
    noisy = true_maps(np.random.default_rng(0))
    noisy[0] += np.random.default_rng(1).standard_normal(KEEP.size)
    np.testing.assert_allclose(drawn(units * noisy, units), units * drawn(noisy, 1))


@given(seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=10)
def test_what_stands_out_of_noise_stays(seed):
    rng = np.random.default_rng(seed)
    true = true_maps(rng)
    void = np.zeros(SHAPE, bool)
    void[20:26, 20:26] = True
    true[0] -= 5 * void.ravel()
    depths = []
    for _ in range(5):  # one noise alone is in its mean by a third of the bound
        noisy = true.copy()
        noisy[0] += rng.standard_normal(KEEP.size)
        found = drawn(noisy, 1.0)
        depths.append((true[0] - found)[void.ravel()].mean())
    assert abs(np.mean(depths)) < 1  # of 5


def test_without_noise_nothing_changes():
    maps = true_maps(np.random.default_rng(0), unevenness=3)
    np.testing.assert_allclose(drawn(maps, 0.0), maps[0])


def test_a_map_that_is_held_stays():
    maps = true_maps(np.random.default_rng(0), unevenness=3)
    np.testing.assert_array_equal(drawn(maps, 9.0, held=True), maps[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_units_of_positions_make_no_difference(seed):
    rng = np.random.default_rng(seed)
    maps, scale = true_maps(rng), rng.uniform(0.5, 2, KEEP.size)
    # Nothing but the even part and crystals is in it, whatever the noise may be.
    np.testing.assert_allclose(drawn(maps, 9.0), maps[0])
    divided = drawn(maps / scale, 9.0, even=1 / scale)
    np.testing.assert_allclose(divided * scale, maps[0])


def test_several_amorphous_components_are_left_alone():
    maps = true_maps(np.random.default_rng(0), unevenness=3)
    np.testing.assert_array_equal(drawn(maps, 9.0, n_amorphous=2), maps[0])
