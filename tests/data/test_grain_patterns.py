"""Laws of the patterns of grains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data import _patterns
from hspy_cnmf.data._grain_patterns import Drawing, Grain, Jitter, Scene


def grain(angle, beam=0.3, spots=0.4):
    vectors = _patterns.lattice_vectors(3.0, 3.0, angle, 6.0)
    intensities = np.exp(-np.hypot(*vectors.T))
    return Grain("grain", vectors, intensities / intensities.sum(), beam, spots)


def drawing(shares=((1.0,), (0.0,)), variation=(0, 1, 0, 0), bending=(0, 0)):
    """Return what patterns of two grains are drawn from, a row of positions."""
    shares = np.asarray(shares, float)[:, np.newaxis]
    n = shares.shape[2]
    scene = Scene(
        title="Two grains",
        grains=[grain(90.0), grain(60.0)],
        shares=shares,
        domains=np.arange(2),
        names=("one", "other"),
        variation=np.broadcast_to(np.asarray(variation, float), (1, n, 4)),
        bending=np.broadcast_to(np.asarray(bending, float), (1, n, 2)),
    )
    return Drawing.of(scene, (49, 49))


def pattern(**arguments):
    return drawing(**arguments).expected(np.arange(1))[0]


@settings(deadline=None, max_examples=15)
@given(st.floats(0, 1))
def test_patterns_are_mixed_by_shares(share):
    found = pattern(shares=((share,), (1 - share,)))
    one, other = (pattern(shares=s) for s in (((1.0,), (0.0,)), ((0.0,), (1.0,))))
    np.testing.assert_allclose(found, share * one + (1 - share) * other, atol=1e-12)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_positions_are_drawn_each_alone():
    shares = np.random.default_rng(0).dirichlet([1, 1], 6).T
    whole = drawing(shares=shares)
    together = whole.expected(np.arange(6))
    alone = np.concatenate([whole.expected(np.array([k])) for k in range(6)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(whole.expected(np.array([4, 1])), together[[4, 1]])


def test_turns_shifts_and_bending_are_what_they_say():
    still = pattern()
    for quarters in (1, 2, 3):  # the lattice is square
        turned = pattern(variation=(quarters * np.pi / 2, 1, 0, 0))
        np.testing.assert_allclose(turned, still, atol=1e-12)
    eighth = pattern(variation=(np.pi / 4, 1, 0, 0))
    assert abs(eighth - still).sum() > 0.3
    diffuse = drawing().diffuse[0].reshape(49, 49)
    moved = pattern(variation=(0, 1, 2, 0)) - diffuse
    np.testing.assert_allclose(moved[:, 2:], (still - diffuse)[:, :-2], atol=1e-9)
    bent = pattern(bending=(0.3, 0))
    assert bent.sum() < still.sum()
    assert bent[24, 24] == pytest.approx(still[24, 24])  # the beam does not fade


def test_jitter_has_its_deviations():
    drawn = Jitter(mosaic=2.0, scale=0.01, center=0.5).draw(
        (60, 70), np.random.default_rng(0)
    )
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), [0, 1, 0, 0], atol=0.03)
    deviations = drawn.std(axis=(0, 1)) / [np.deg2rad(2), 0.01, 0.5, 0.5]
    np.testing.assert_allclose(deviations, 1, atol=0.05)
