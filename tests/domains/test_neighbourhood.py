"""Laws of what neighbours in a scan say about a position."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.consensus import class_probabilities
from hspy_cnmf.domains.neighbourhood import Neighbourhood

SHAPES = st.sampled_from([(9,), (5, 6), (3, 4, 5)])


def random_posteriors(shape, seed, n_repeats=4, n_domains=3):
    generator = np.random.default_rng(seed)
    size = (n_repeats, int(np.prod(shape)))
    return generator.dirichlet(np.ones(n_domains), size=size)


def halves(shape=(12, 12)):
    """Return hard labels of two domains side by side, in two repeats that agree."""
    labels = np.zeros(shape, int)
    labels[:, shape[1] // 2 :] = 1
    return np.stack([np.eye(2)[labels.ravel()]] * 2)


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.integers(0, 1000), st.floats(0.2, 1))
def test_probabilities_sum_to_one_whatever_is_masked(shape, seed, part):
    keep = np.random.default_rng(seed).random(shape) < part
    keep.flat[0] = True
    posteriors = random_posteriors(shape, seed)[:, keep.ravel()]
    probabilities = class_probabilities(posteriors, Neighbourhood(keep))
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.integers(0, 1000))
def test_turning_the_scan_over_turns_the_answer_over(shape, seed):
    neighbourhood = Neighbourhood(np.ones(shape, bool))
    posteriors = random_posteriors(shape, seed)
    expected = class_probabilities(posteriors, neighbourhood)[::-1]
    found = class_probabilities(posteriors[:, ::-1], neighbourhood)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_masked_positions_are_as_the_outside_of_the_scan(seed):
    inner = Neighbourhood(np.ones((5, 6), bool))
    keep = np.zeros((8, 9), bool)
    keep[1:6, 2:8] = True
    posteriors = random_posteriors((5, 6), seed)
    np.testing.assert_allclose(
        class_probabilities(posteriors, Neighbourhood(keep)),
        class_probabilities(posteriors, inner),
        rtol=1e-9,
    )


def test_mean_leaves_the_position_itself_out():
    keep = np.zeros((9, 9), bool)
    keep[[0, 4, 4], [0, 4, 5]] = True
    means = Neighbourhood(keep).mean(np.array([[5.0], [1.0], [3.0]]))
    np.testing.assert_allclose(means, [[3.0], [3.0], [1.0]])  # the first has none


def test_confidence_falls_towards_a_boundary_that_repeats_agree_on():
    neighbourhood = Neighbourhood(np.ones((12, 12), bool))
    probabilities = class_probabilities(halves(), neighbourhood)
    confidence = probabilities.max(axis=1).reshape(12, 12)
    assert (np.diff(confidence[:, :6], axis=1) <= 1e-9).all()
    assert (confidence[:, 5] < confidence[:, 3] - 0.02).all()
    np.testing.assert_array_equal(
        probabilities.argmax(axis=1), halves()[0].argmax(axis=1)
    )


@pytest.mark.parametrize("shape", [(40,), (24, 24), (8, 8, 8)])
def test_zones_between_domains_are_less_homogeneous(shape):
    generator = np.random.default_rng(0)
    where = np.indices(shape)[-1].ravel()
    half = shape[-1] // 2
    mean = np.where(where < half, -1.0, 1.0)[:, None] * np.ones(2)
    mean[where == half] = [0.0, 3.0]  # a structure of its own, one position wide
    mean += 0.05 * generator.standard_normal(mean.shape)
    variance = np.full(mean.shape, 0.05**2)
    neighbourhood = Neighbourhood(np.ones(shape, bool))
    weights = neighbourhood.homogeneity(mean, variance)
    assert ((weights >= 0) & (weights <= 1)).all()
    zone = np.abs(where - half) <= 1
    far = np.abs(where - half) > 3
    assert weights[zone].max() < weights[far].min()


def test_a_scan_without_any_spread_is_homogeneous():
    neighbourhood = Neighbourhood(np.ones((4, 4), bool))
    weights = neighbourhood.homogeneity(np.ones((16, 2)), np.ones((16, 2)))
    np.testing.assert_array_equal(weights, 1)
