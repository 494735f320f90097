"""Maps that are each smoothed as much as their noise asks for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, Sparsity
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.smoothing_share import (
    SmoothingByShares,
    pixel_noise,
    smoothing_shares,
)

SHAPE, N_PIXELS = (24, 25), 120
KEEP = np.ones(SHAPE, bool)
SMOOTHING = GaussianSmoothing(tentative=True)


def scan(counts, seed=0):
    """Return an operator, a sketch, factors and maps: a sharp one and an even one."""
    y, x = np.indices(SHAPE)
    maps = np.array([1.0 + 9 * ((x // 4 + y // 4) % 2), 1 + np.sin(x / 9)])
    pixels = np.arange(N_PIXELS)
    factors = np.exp(-(((pixels - [[30], [70]]) / 15) ** 2)) + 0.05
    factors /= factors.sum(axis=1, keepdims=True)
    maps = counts * maps.reshape(2, -1)
    data = np.random.default_rng(seed).poisson(maps.T @ factors).astype(float)
    operator = StreamedOperator(data.reshape(*SHAPE, -1), KEEP, np.ones(N_PIXELS, bool))
    span = operator.span(random_patterns(20, N_PIXELS, 0))
    return operator, sketch(operator, span), factors, maps


@settings(max_examples=10)
@given(seed=st.integers(0, 99), counts=st.sampled_from([3, 30, 300]))
def test_no_other_share_would_bring_maps_nearer_to_the_truth(seed, counts):
    operator, its_sketch, factors, true = scan(counts, seed)
    maps = np.linalg.lstsq(factors.T, operator.data.reshape(-1, N_PIXELS).T)[0]
    smooth, own = SMOOTHING.prepare(KEEP), SMOOTHING.own_weight(KEEP)
    others = (1 - own).sum()
    shares = smoothing_shares(its_sketch, factors, maps, true, smooth, others)
    assert (shares >= 0).all() and (shares <= 1).all()

    def errors(shares):
        off = SmoothingByShares(SMOOTHING, np.broadcast_to(shares, 2)).prepare(KEEP)
        return np.square(off(maps) - true).sum(axis=1)

    least = np.min([errors(share) for share in np.linspace(0, 1, 41)], axis=0)
    assert (errors(shares) <= 1.05 * least).all()
    # What is sharp is smoothed less.
    assert shares[0] <= shares[1]


def test_noise_is_that_of_the_pixels():
    _, its_sketch, factors, maps = scan(30)
    np.testing.assert_allclose(
        pixel_noise(its_sketch, 2), maps.mean(axis=1) @ factors, rtol=0.3
    )
    assert pixel_noise(its_sketch, 2).sum() == pytest.approx(
        maps.mean(axis=1).sum(), 0.04
    )


def test_shares_of_nothing_and_all():
    maps = np.random.default_rng(0).random((3, KEEP.size))
    by_shares = SmoothingByShares(SMOOTHING, np.array([0.0, 0.5, 1.0])).prepare(KEEP)
    smoothed = SMOOTHING.prepare(KEEP)(maps)
    half = (maps[1] + smoothed[1]) / 2
    np.testing.assert_allclose(by_shares(maps), [maps[0], half, smoothed[2]])
    empty = np.zeros((1, N_PIXELS))
    smooth = SMOOTHING.prepare(KEEP)
    assert not smoothing_shares(
        scan(30)[1], empty, maps[:1], maps[:1], smooth, 1.0
    ).any()


@pytest.mark.parametrize("tentative", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_only_the_automatic_smoothing_is_by_shares(tentative, as_list):
    operator, _, _, _ = scan(2)
    smoothing = GaussianSmoothing(tentative=tentative)
    constraint = [smoothing, Sparsity(0.01)] if as_list else smoothing
    asked = ConstrainedNMF(
        2, loading_constraint=constraint, compression=20, n_init=1, prune=True
    )
    told = factorise(operator, asked).parameters
    assert ("smoothing_shares" in told) == (
        tentative and not told["smoothing_left_out"]
    )
