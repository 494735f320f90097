"""Laws of the similarity of maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.signal import correlate

from hspy_cnmf.maps.map_similarity import map_similarity

#: Whole numbers, so that an even map is exactly even.
VALUES = st.integers(-1000, 1000).map(float)
STACKS = arrays(
    float, array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6), elements=VALUES
)
COMPACT = arrays(float, (4, 5), elements=st.integers(0, 100).map(float))


def by_definition(maps):
    """Return the similarities as the sums over all shifts give them, one by one."""
    centered = [np.nan_to_num(m - np.nanmean(m)) for m in maps]
    result = np.eye(len(maps))
    for i, first in enumerate(centered):
        for j, second in enumerate(centered):
            norm = np.linalg.norm(first) * np.linalg.norm(second)
            if i != j:
                sums = correlate(first, second, mode="full", method="direct")
                result[i, j] = sums.max() / norm if norm > 1e-9 else 0
    return result


@settings(deadline=None)
@given(maps=STACKS, data=st.data())
def test_it_is_the_largest_of_the_sums_over_all_shifts(maps, data):
    masked = data.draw(arrays(bool, maps.shape))
    masked.reshape(len(maps), -1)[:, 0] = False
    maps = np.where(masked, np.nan, maps)
    np.testing.assert_allclose(map_similarity(maps), by_definition(maps), atol=3e-6)


@settings(deadline=None)
@given(maps=STACKS)
def test_it_is_symmetric_and_bounded_and_one_with_itself(maps):
    similarity = map_similarity(maps)
    np.testing.assert_array_equal(similarity, similarity.T)
    np.testing.assert_array_equal(np.diag(similarity), 1)
    assert (similarity >= 0).all() and (similarity <= 1).all()


@settings(deadline=None)
@given(
    compact=COMPACT,
    row=st.integers(0, 16),
    column=st.integers(0, 15),
    scale=st.floats(1e-150, 1e150),
)
def test_a_compact_map_is_the_same_wherever_it_lies_and_however_bright(
    compact, row, column, scale
):
    """Exactly so without the background that the mean leaves: here it is masked."""
    maps = np.full((2, 20, 20), np.nan)
    maps[0, 8:12, 8:13] = compact
    maps[1, row : row + 4, column : column + 5] = scale * compact
    expected = 1 if np.ptp(compact) > 0 else 0
    assert map_similarity(maps)[0, 1] == pytest.approx(expected, abs=3e-6)


def test_a_small_bright_region_matches_itself_elsewhere_and_not_another():
    maps = np.zeros((3, 40, 40))
    maps[0, 5:9, 5:9] = maps[1, 20:24, 30:34] = 1
    maps[2, :, 17:19] = 1
    similarity = map_similarity(maps)
    assert similarity[0, 1] > 0.98
    assert similarity[0, 2] < 0.6


@settings(deadline=None)
@given(maps=STACKS, factor=st.floats(0.1, 10), offset=st.floats(-10, 10))
def test_neither_scale_nor_offset_matters(maps, factor, offset):
    moved = factor * maps + offset
    np.testing.assert_allclose(map_similarity(moved), map_similarity(maps), atol=1e-5)


@settings(deadline=None)
@given(maps=arrays(float, (3, 5, 6), elements=VALUES))
def test_turning_all_maps_changes_nothing(maps):
    turned = np.rot90(maps, axes=(1, 2))
    np.testing.assert_allclose(map_similarity(turned), map_similarity(maps), atol=1e-5)


@pytest.mark.parametrize("constant", [0.0, 1e-300, 0.1, 7e8])
def test_even_and_masked_maps_are_similar_to_nothing_but_themselves(constant):
    maps = np.random.default_rng(0).random((4, 7, 6))
    maps[1] = constant
    maps[2] = np.nan
    similarity = map_similarity(maps)
    assert np.isfinite(similarity).all()
    np.testing.assert_array_equal(similarity[1:3], np.eye(4)[1:3])


@pytest.mark.parametrize("name, values", [("BLOCK", 700), ("SPECTRA", 500)])
def test_blocks_leave_no_seam(monkeypatch, name, values):
    maps = np.random.default_rng(0).random((9, 12, 5))
    whole = map_similarity(maps)
    monkeypatch.setattr(f"hspy_cnmf.maps.map_similarity.{name}_VALUES", values)
    np.testing.assert_allclose(map_similarity(maps), whole, atol=1e-6)


@pytest.mark.parametrize("n_maps", [0, 1])
def test_few_maps_have_few_similarities(n_maps):
    np.testing.assert_array_equal(map_similarity(np.ones((n_maps, 4))), np.eye(n_maps))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 5, 6), (3, 0, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="maps must be a stack of maps"):
        map_similarity(np.ones(shape))


def test_infinite_values_are_refused():
    with pytest.raises(ValueError, match="infinite"):
        map_similarity(np.full((2, 3), np.inf))
