"""Laws of what patterns of one structure differ by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.nuisances import Nuisances

SEEDS = st.integers(0, 1000)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.booleans(), st.booleans())
def test_spots_are_a_part_of_the_pattern(seed, is_polar, tilt_invariant):
    patterns = np.random.default_rng(seed).exponential(3, (40, 8 * 16))
    covered = np.ones((8, 16), bool)
    nuisances = Nuisances.of(
        patterns, covered, is_polar=is_polar, tilt_invariant=tilt_invariant
    )
    spots = nuisances.spots(patterns)
    assert (spots > 0).all() and (spots <= patterns * (1 + 1e-12)).all()
    assert (nuisances.background >= 0).all()
    assert nuisances.background.sum() <= patterns.mean(axis=0).sum()


def test_a_shift_adds_the_gradient_of_the_logarithm():
    y, x = np.indices((16, 16)) / 16
    pattern = np.exp(0.5 * x - 0.25 * y)
    covered = np.ones((16, 16), bool)
    nuisances = Nuisances(covered, np.ones((1, 256)), np.zeros(256))
    along_columns, along_rows = nuisances.changes(pattern.reshape(1, -1))[0, -2:]
    inner = np.s_[1:-1, 1:-1]
    # Of patterns that are linear in the logarithm: the slopes, a pixel of the square.
    across = along_columns.reshape(16, 16)[inner]
    down = along_rows.reshape(16, 16)[inner]
    np.testing.assert_allclose(across, across[0, 0], atol=1e-12)
    np.testing.assert_allclose(across, -2 * down, atol=1e-12)
    assert across[0, 0] < 0


def test_rings_are_counted_from_the_centre_outside_of_the_direct_beam():
    radii = np.hypot(*(np.indices((16, 16)) - 7.5)).ravel()
    pattern = 20 * np.exp(-radii / 4) + 1e4 * (radii < 2)
    patterns = np.random.default_rng(0).poisson(pattern, (50, 256)).astype(float)
    nuisances = Nuisances.of(
        patterns, np.ones((16, 16), bool), is_polar=False, tilt_invariant=True
    )
    is_beam = nuisances.rings == -1
    assert is_beam[radii < 2].all() and not is_beam[radii > 4].any()
    np.testing.assert_array_equal(nuisances.rings[~is_beam], radii.round()[~is_beam])


def test_without_tilts_there_is_nothing_to_differ_by():
    patterns = np.random.default_rng(0).poisson(5, (50, 64)).astype(float)
    covered = np.ones((8, 8), bool)
    nuisances = Nuisances.of(patterns, covered, is_polar=False, tilt_invariant=False)
    assert nuisances.changes(nuisances.spots(patterns)).shape == (50, 0, 64)
    assert nuisances.turns(patterns, patterns[0]).max() == 0
    assert nuisances.turned_back(patterns, np.zeros(50, int)) is patterns


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_distances_are_symmetric_and_zero_of_the_same(seed):
    patterns = np.random.default_rng(seed).exponential(3, (3, 64)) + 0.5
    patterns = np.concatenate([patterns, patterns[:1]])
    covered = np.ones((8, 8), bool)
    nuisances = Nuisances.of(patterns, covered, is_polar=False, tilt_invariant=True)
    found = nuisances.distances(patterns, 1000.0)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found[0, 3], 0, atol=1e-6)
    assert found[0, 1] > 1


def test_turned_patterns_are_turned_back():
    covered = np.ones((4, 12), bool)
    rng = np.random.default_rng(0)
    pattern = rng.exponential(1, (4, 12))
    turns = np.array([0, 3, 11])
    turned = np.stack([np.roll(pattern, t, axis=1).ravel() for t in turns])
    nuisances = Nuisances.of(turned, covered, is_polar=True, tilt_invariant=True)
    found = nuisances.turns(turned, pattern.ravel())
    np.testing.assert_array_equal(found, turns)
    back = nuisances.turned_back(turned, found)
    np.testing.assert_allclose(back, np.tile(pattern.ravel(), (3, 1)))


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 2 * np.pi))
def test_envelopes_of_turned_crystals_are_made_of_the_terms(rotation):
    covered = np.ones((16, 64), bool)
    counts = np.ones((2, covered.size))
    known = Nuisances.of(counts, covered, is_polar=True, tilt_invariant=True).terms
    radius = np.linspace(0, 1, 16)[:, np.newaxis]
    azimuth = 2 * np.pi * np.arange(64) / 64 + rotation
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    g2 = x**2 + y**2
    envelopes = [x**0, x, y, g2, x**2 - y**2, 2 * x * y, g2 * x, g2 * y, g2**2]
    wanted = np.stack([e.ravel() for e in envelopes])
    coefficients, *_ = np.linalg.lstsq(known.T, wanted.T, rcond=None)
    np.testing.assert_allclose(known.T @ coefficients, wanted.T, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_bent_crystal_keeps_its_structure(seed):
    """Envelopes cost what their prior says; another structure costs far more."""
    generator = np.random.default_rng(seed)
    one, other = generator.normal(0, 1, (2, 40))
    x = np.linspace(-1, 1, 40)
    terms, background = np.stack([np.ones(40), x, x**2]), np.full(40, np.exp(-3.0))
    envelopes = np.exp(generator.normal(0, 1, (3, 3)) @ terms)
    nuisances = Nuisances(np.ones((5, 8), bool), terms, background)
    patterns = np.exp([one, one, other]) * envelopes + background
    losses = nuisances.distances(patterns, 2000.0)
    np.testing.assert_array_equal(losses, losses.T)
    np.testing.assert_array_equal(np.diag(losses), 0)
    assert (losses >= 0).all()
    assert losses[0, 1] < 0.2 * min(losses[0, 2], losses[1, 2])


def test_without_nuisances_all_that_differs_counts():
    spots = np.array([[4.0, 1, 1], [1, 1, 4]])
    nuisances = Nuisances(np.ones((1, 3), bool), np.zeros((0, 3)), np.full(3, 1e-9))
    losses = nuisances.distances(spots, 600.0)
    # The common structure has the mean of both: twice the Jensen-Shannon divergence.
    p, q = np.array([[4, 1, 1], [1, 1, 4]]) / 6
    mean = (p + q) / 2
    expected = 600 * (p * np.log(p / mean) + q * np.log(q / mean)).sum()
    np.testing.assert_allclose(losses[0, 1], expected, rtol=1e-3)


def test_patterns_are_turned_onto_each_other():
    rng = np.random.default_rng(0)
    spots = rng.normal(0, 1, (4, 12))
    turned = np.stack([spots, np.roll(spots, 5, axis=1), rng.normal(0, 1, (4, 12))])
    covered, nothing = np.ones((4, 12), bool), np.zeros((0, 48))
    nuisances = Nuisances(covered, nothing, np.full(48, 1e-9), 12)
    losses = nuisances.distances(np.exp(turned).reshape(3, -1), 1000.0)
    np.testing.assert_allclose(losses[0, 1], 0, atol=1e-6)
    assert losses[0, 2] > 10


@pytest.mark.parametrize("is_polar", [False, True])
def test_the_direct_beam_is_no_background_and_has_an_amount_of_its_own(is_polar):
    covered = np.ones((16, 64) if is_polar else (32, 32), bool)
    radii = np.indices(covered.shape)[0] if is_polar else np.hypot(*_offsets(32))
    areas = radii.ravel() + 0.5 if is_polar else 1.0
    halo, beam = areas * np.exp(-radii / 8).ravel(), (radii <= 1.6).ravel()
    amounts = np.random.default_rng(0).uniform(50, 500, (64, 1))
    options = {"is_polar": is_polar, "tilt_invariant": True}
    without = Nuisances.of(halo + 0 * amounts, covered, **options)
    found = Nuisances.of(halo + amounts * areas * beam, covered, **options)
    assert len(found.terms) == len(without.terms) + 1
    assert (found.terms[-1][beam] == 1).all()
    assert (found.terms[-1][radii.ravel() > 3] == 0).all()
    np.testing.assert_allclose(found.background[~beam], 0.98 * halo[~beam], rtol=0.2)
    assert (found.background[beam] < 2 * halo[beam]).all()


def _offsets(n):
    return np.indices((n, n)) - (n - 1) / 2
