"""Laws of crystals within others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data
from hspy_cnmf.data._embedded_crystals import _precipitates, crystal

SMALL = {"detector_shape": (32, 32), "random_state": 1, "return_truth": True}


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 30))
def test_two_variants_take_no_more_than_all(seed, n):
    seen = _precipitates((24, 26), n, np.random.default_rng(seed))
    assert (seen >= 0).all() and (seen.sum(axis=0) <= 1 + 1e-12).all()
    # One of each at least, and a precipitate is of one position or more.
    assert (seen.max(axis=(1, 2)) > 0.4).all()
    assert (seen[0] == 0).any()


def test_of_the_crystal_most_remains_where_there_are_precipitates():
    _, truth = data.precipitates_in_crystal((24, 26), dose=None, **SMALL)
    assert truth.names == ("matrix", "first variant", "second variant")
    labels, share = truth.labels.data, truth.share.data
    assert set(np.unique(labels)) == {0, 1, 2}
    assert share[labels > 0].max() <= 0.45 + 1e-9  # 55 % or more is the crystal's
    assert share[(labels == 0) & ~truth.boundary.data].min() > 0.9


def test_variants_are_one_pattern_turned_by_a_quarter():
    _, truth = data.precipitates_in_crystal((16, 16), dose=None, **SMALL)
    _, first, second = truth.factors.data
    # Spots halfway between pixels are drawn to one side of the two.
    np.testing.assert_allclose(np.rot90(first), second, atol=1e-2 * first.max())


@pytest.mark.parametrize("n_crystals", [1, 3])
def test_crystals_of_a_film_are_one_structure_turned(n_crystals):
    _, truth = data.crystallised_film(
        (20, 20), n_crystals=n_crystals, dose=None, **SMALL
    )
    assert truth.names[0] == "amorphous" and len(truth.names) == 1 + n_crystals
    turns = truth.orientations.data[truth.labels.data > 0]
    turns = np.unique(turns[np.isfinite(turns)])
    assert len(turns) <= n_crystals and (turns >= 0).all() and (turns < 180).all()
    halo = truth.factors.data[0]
    np.testing.assert_allclose(halo, np.rot90(halo), rtol=0.01)
    assert (truth.labels.data == 0).any() and (truth.labels.data > 0).any()


def test_spots_fade_outwards_and_have_unit_sum():
    grain = crystal("c", np.array([[1.0, 0], [0, 2], [3, 3]]), 0.5, 0.2)
    assert grain.intensities.sum() == pytest.approx(1)
    assert (np.diff(grain.intensities) < 0).all()
    assert np.isnan(grain.orientation)
