"""Laws of the patterns of a bent crystal, and of how they are counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data
from hspy_cnmf.data._bent_crystal import BentCrystal, BentDomains
from hspy_cnmf.data._domain_maps import draw_domains
from hspy_cnmf.data._stacking import Spots, variant_spots

SPOTS = variant_spots("O3", 5.0)
CRYSTAL = BentCrystal((41, 41), (SPOTS, variant_spots("P2", 5.0)), SPOTS, 30.0)
STILL = np.zeros(2)

SMALL = {"detector_shape": (32, 40), "random_state": 3}


def pattern(tilt=STILL, thickness=30.0, shift=STILL, turn=0.0, share=1.0):
    contents = [(SPOTS, share, turn)]
    return CRYSTAL.pattern(contents, np.asarray(tilt), thickness, np.asarray(shift))


@settings(deadline=None, max_examples=20)
@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.floats(5, 90))
def test_all_electrons_are_on_the_detector(x, y, thickness):
    assert pattern((x, y), thickness).sum() == pytest.approx(1)


@settings(deadline=None, max_examples=10)
@given(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_the_opposite_tilt_turns_the_pattern_by_half(x, y):
    one, other = pattern((x, y)), pattern((-x, -y))
    np.testing.assert_allclose(other, one[::-1, ::-1], atol=1e-12)


def test_the_ewald_sphere_passes_through_spots_against_the_tilt():
    x, y = pattern((0.006, 0)), pattern((0, 0.006))
    assert x[:, :18].sum() > 1.5 * x[:, 23:].sum()
    assert y[:18].sum() > 1.5 * y[23:].sum()


def test_a_turned_crystal_has_a_turned_pattern():
    np.testing.assert_allclose(pattern(turn=90.0), np.rot90(pattern()), atol=1e-12)


def test_thicker_crystals_scatter_more():
    beam = [pattern(thickness=t)[20, 20] for t in (10.0, 30.0, 60.0)]
    assert beam[0] > beam[1] > beam[2]


def test_a_shift_moves_the_pattern_and_not_the_background():
    step = 16 / 41  # a pixel
    moved, still = pattern(shift=(step, 0)), pattern()
    background = CRYSTAL._background * (still[0, 0] / CRYSTAL._background[0, 0])
    difference = moved - background - np.roll(still - background, 1, axis=1)
    np.testing.assert_allclose(difference[:, 1:], 0, atol=1e-9)


def test_untilted_patterns_are_of_unit_sum_and_differ():
    one, other = CRYSTAL.untilted_patterns()
    assert one.sum() == pytest.approx(1) and other.sum() == pytest.approx(1)
    assert abs(one - other).sum() > 0.05


def test_each_position_has_its_own_pattern_whatever_the_others():
    generator = np.random.default_rng(0)
    domains = draw_domains((6, 8), 2, 4, False, generator)
    parameters = generator.normal(size=(6, 8, 5)) * [1e-3, 1e-3, 1, 0, 0]
    parameters[..., 2] += 30
    patterns = BentDomains(CRYSTAL, domains, parameters)
    together = patterns.expected(np.arange(48))
    np.testing.assert_allclose(together.sum(axis=(1, 2)), 1)
    for some in ([17], [40, 3]):
        np.testing.assert_array_equal(patterns.expected(np.array(some)), together[some])


def test_shares_below_a_thousandth_are_left_out():
    none = Spots(np.array([[3.0, 3.0]]), np.ones(1))
    tilt = np.zeros(2)
    with_it = CRYSTAL.pattern([(SPOTS, 1.0, 0), (none, 5e-4, 0)], tilt, 30.0, STILL)
    np.testing.assert_array_equal(with_it, pattern())


def test_bending_changes_intensities_only():
    flat, bent = (
        data.layered_domains(
            (10, 12), **SMALL, bending=bending, descan=0, dose=None, return_truth=True
        )
        for bending in (0, 3.0)
    )
    inside = ~flat[1].boundary.data
    lit = [signal.data[inside] > 1e-3 for signal, _ in (flat, bent)]
    # Spots may vanish, but hardly any appears where there was none.
    assert (lit[1] & ~lit[0]).mean() < 0.01
    assert not np.allclose(flat[0].data[inside], bent[0].data[inside], rtol=0.2)
