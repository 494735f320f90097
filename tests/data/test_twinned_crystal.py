"""Laws of a face-centred crystal and its twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data
from hspy_cnmf.data._twinned_crystal import _LONG, _SHORT, _face_centred, _lamellae


def nearest(one, other):
    """Return how far each spot of one grain is from one of another."""
    return np.linalg.norm(one[:, np.newaxis] - other, axis=2).min(axis=1)


@pytest.mark.parametrize("twin", [1, 2])
def test_a_twin_shares_one_row_of_spots_and_has_the_same_lengths(twin):
    generator = np.random.default_rng(0)
    matrix, other = (_face_centred("", k, generator) for k in (0, twin))
    np.testing.assert_allclose(
        np.sort(np.hypot(*other.vectors.T)), np.sort(np.hypot(*matrix.vectors.T))
    )
    common = matrix.vectors[nearest(matrix.vectors, other.vectors) < 1e-9]
    row = np.array([_SHORT, (-1) ** twin * _LONG / 2])
    along = common @ row / (np.linalg.norm(common, axis=1) * np.linalg.norm(row))
    on_row = np.isclose(abs(along), 1)
    assert on_row.sum() >= 2
    assert len(common) < len(matrix.vectors) / 2


def test_the_twins_are_mirror_images():
    generator = np.random.default_rng(0)
    one, other = (_face_centred("", k, generator).vectors for k in (1, 2))
    assert nearest(one * [1, -1], other).max() < 1e-9


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 7))
def test_lamellae_are_thin_and_of_both_twins(seed, n_lamellae):
    cells = _lamellae((32, 36), n_lamellae, np.random.default_rng(seed))
    assert set(np.unique(cells)) == {0, 1, 2}
    assert (cells == 0).mean() > 0.3


def test_domains_are_the_matrix_and_two_twins():
    _, truth = data.twinned_crystal(
        (16, 16), detector_shape=(32, 32), random_state=0, return_truth=True
    )
    assert truth.names == ("matrix", "first twin", "second twin")
    np.testing.assert_allclose(truth.factors.data.sum(axis=(1, 2)), 1)
