"""Laws of stacking variants and of what they scatter."""

import numpy as np
import pytest

from hspy_cnmf.data import _stacking


def test_variants_of_one_layer_share_the_row_through_the_centre():
    spots = {name: _stacking.variant_spots(name, 8.0) for name in _stacking.VARIANTS}
    for name, these in spots.items():
        assert np.isclose(these.intensities.sum(), 1)
        central = these.vectors[:, 1] == 0
        orders = these.vectors[central, 0] * _stacking.SPACING
        strong = these.intensities[central] > 1e-3 * these.intensities.max()
        # Slabs scatter along c* as if they were all alike.
        np.testing.assert_allclose(orders[strong], orders[strong].round(), atol=1e-9)
        assert strong.any(), name


def test_twins_are_mirror_images():
    one, twin = (_stacking.variant_spots(name, 8.0) for name in ("O3", "O3 twin"))
    order = np.lexsort((one.vectors * [1, 1]).T.round(6))
    mirrored = np.lexsort((twin.vectors * [1, -1]).T.round(6))
    np.testing.assert_allclose(
        one.vectors[order], (twin.vectors * [1, -1])[mirrored], atol=1e-9
    )
    np.testing.assert_allclose(one.intensities[order], twin.intensities[mirrored])


def test_rhombohedral_rows_obey_the_reflection_condition():
    """In three-layer O3, -h + k + l = 3 n leaves one spot in three of a row."""
    spots = _stacking.variant_spots("O3", 8.0)
    row = np.isclose(spots.vectors[:, 1], -_stacking.ROW)
    orders = np.rint(spots.vectors[row, 0] * 3 * _stacking.SPACING).astype(int)
    assert len(set(orders % 3)) == 1 and set(orders % 3) != {0}


@pytest.mark.parametrize("name", _stacking.VARIANTS)
def test_scattering_of_a_variant_obeys_friedels_law(name):
    spots = _stacking.variant_spots(name, 6.0)
    assert np.hypot(*spots.vectors.T).max() <= 6 and (spots.intensities > 0).all()
    gaps = np.linalg.norm(spots.vectors[:, np.newaxis] + spots.vectors, axis=2)
    np.testing.assert_allclose(gaps.min(axis=1), 0, atol=1e-9)
    opposite = spots.intensities[gaps.argmin(axis=1)]
    np.testing.assert_allclose(opposite, spots.intensities)


def test_a_repeat_that_is_counted_twice_scatters_the_same():
    once = _stacking._spots(np.array([_stacking.VARIANTS["P2"]]), 6.0)
    twice = _stacking._spots(np.array([2 * _stacking.VARIANTS["P2"]]), 6.0)
    np.testing.assert_allclose(twice.vectors, once.vectors, atol=1e-9)
    np.testing.assert_allclose(twice.intensities, once.intensities, rtol=1e-9)


def test_faults_make_streaks_but_not_on_the_row_of_the_centre():
    spots = _stacking.faulted_spots(6.0, np.random.default_rng(0))
    perfect = _stacking.variant_spots("O3", 6.0)
    assert spots.intensities.sum() == pytest.approx(1)
    on_row = {s: np.isclose(s.vectors[:, 1], _stacking.ROW) for s in (spots, perfect)}
    assert on_row[spots].sum() > 3 * on_row[perfect].sum()


def test_one_layer_scatters_as_computed_by_hand():
    """O1 along c*: metal, two oxygen planes, and sodium half way to the next."""
    spots = _stacking.variant_spots("O1", 6.0)
    row = spots.vectors[spots.vectors[:, 1] == 0][:, 0]
    found = spots.intensities[spots.vectors[:, 1] == 0]
    oxygen, metal, sodium = (
        a * np.exp(-((row / width) ** 2) / 2)
        for a, width in (_stacking.SCATTERING[name] for name in ("O", "M", "Na"))
    )
    amplitude = metal + 2 * oxygen * np.cos(2 * np.pi * row * _stacking.OXYGEN_HEIGHT)
    amplitude += _stacking.SODIUM * sodium * np.cos(np.pi * row * _stacking.SPACING)
    expected = amplitude**2
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum())
