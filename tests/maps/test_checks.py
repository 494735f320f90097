"""Maps and steps that make no sense are refused with what is wrong."""

import numpy as np
import pytest

from hspy_cnmf.maps._checks import check_maps, check_steps
from hspy_cnmf.maps.map_similarity import map_similarity
from hspy_cnmf.maps.particles import find_particles, mean_window


def test_lists_become_arrays_and_masked_positions_stay():
    maps, steps = check_maps([[[1, np.nan]]], (1, 2))
    assert maps.shape == (1, 1, 2) and np.isnan(maps[0, 0, 1])
    np.testing.assert_array_equal(steps, [1.0, 2.0])


@pytest.mark.parametrize("steps", [1, (1, 0), (1, -1), (1, np.inf), (1, 2, 3)])
def test_steps_are_two_positive_distances(steps):
    with pytest.raises(ValueError, match="two positive distances"):
        check_steps(steps)


@pytest.mark.parametrize("maps", [np.ones((3, 4)), np.full((1, 2, 2), np.inf)])
def test_maps_are_a_finite_stack(maps):
    with pytest.raises(ValueError, match="maps"):
        check_maps(maps, (1, 1))


def test_maps_are_measured_in_their_own_precision():
    """Many positions in single precision are not copied; values stay, to that."""
    rows, columns = np.indices((24, 30))
    maps = np.stack(
        [np.exp(-((rows - r) ** 2 + (columns - 14) ** 2) / 20) for r in (8, 15)]
    )
    single = maps.astype(np.float32)
    assert check_maps(single, (1, 1))[0] is single
    found, exact = (find_particles(m, (1, 1)) for m in (single, maps))
    np.testing.assert_allclose(found["diameter"], exact["diameter"], rtol=1e-4)
    windows = [mean_window(m, exact, (1, 1), (9, 9)) for m in (single, maps)]
    np.testing.assert_allclose(*windows, atol=1e-6)
    np.testing.assert_allclose(map_similarity(single), map_similarity(maps), atol=1e-5)
