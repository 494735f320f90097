"""Laws of dead modules: what they would count is what their rings count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.bad_pixels import find_bad_pixels
from hspy_cnmf.patterns.dead_modules import expected_in_modules, solid

SHAPE = (48, 60)

centers = st.tuples(st.floats(18, 30), st.floats(22, 38))
seeds = st.integers(0, 10_000)
#: Part of the detector that is lost.
modules = st.sampled_from(
    [np.s_[:24, :30], np.s_[24:, 30:], np.s_[:, :24], np.s_[:16], np.s_[30:, 20:40]]
)


def mean_pattern(center, level=100.0):
    """Return rings and pairs of spots, `level` counts where they are faint."""
    radii = pixel_radii(SHAPE, center)
    pattern = 40 * np.exp(-(radii**2) / 8) + 2 * np.exp(-((radii - 12) ** 2) / 8) + 1
    for spot in ((3.0, 17.0), (-16.0, 6.5), (9.0, -11.0)):
        for sign in (1, -1):
            apart = pixel_radii(SHAPE, np.add(center, np.multiply(sign, spot)))
            pattern += 5 * np.exp(-(apart**2) / 4)
    return level * pattern


def dead(sums):
    return find_bad_pixels(sums, sums.astype(float) ** 2, 1).dead


@settings(max_examples=20, deadline=None)
@given(centers, modules, seeds, st.sampled_from([30.0, 1000.0]))
def test_a_dead_module_is_found_and_nothing_else(center, module, seed, level):
    sums = np.random.default_rng(seed).poisson(mean_pattern(center, level))
    lost = np.zeros(SHAPE, bool)
    lost[module] = True
    sums[lost] = 0
    np.testing.assert_array_equal(dead(sums), lost)


@settings(max_examples=20, deadline=None)
@given(centers, seeds, st.sampled_from([0.003, 0.03, 0.3, 1.0, 3.0]))
def test_pixels_without_counts_by_chance_are_not_dead(center, seed, level):
    sums = np.random.default_rng(seed).poisson(mean_pattern(center, level))
    assert not dead(sums).any()


@settings(max_examples=20, deadline=None)
@given(centers, seeds, st.floats(10, 18), st.floats(0, 1))
def test_dark_beyond_a_round_aperture_is_no_defect(center, seed, radius, shift):
    sums = np.random.default_rng(seed).poisson(mean_pattern(center, 1000))
    sums[pixel_radii(SHAPE, np.add(center, shift)) > radius] = 0
    assert not dead(sums).any()


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(st.floats(28, 31), st.floats(35, 38)),
    st.sampled_from([np.s_[:24, :30], np.s_[:, :24], np.s_[:16]]),
)
def test_a_module_is_expected_to_have_what_its_rings_have(center, module):
    sums = 100 * np.exp(-pixel_radii(SHAPE, center) / 10)
    lost = np.zeros(SHAPE, bool)
    lost[module] = True
    known = np.ones(SHAPE, bool)
    expected = expected_in_modules(np.where(lost, 0, sums), known, lost)
    assert not expected[~lost].any()
    told = lost & (expected > 0)
    assert told.any()
    np.testing.assert_allclose(expected[told], sums[told], rtol=0.15)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(6, 20))
def test_what_is_narrower_than_a_module_is_not_solid(narrow, wide):
    region = np.zeros(SHAPE, bool)
    region[10 : 10 + narrow] = True
    region[30:, : wide + 2] = True
    expected = region.copy()
    expected[:30] = False
    np.testing.assert_array_equal(solid(region), expected)
