"""Estimators made ready: plain, with a seed, and never changed themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.solver.resolution import changed, random_patterns, resolve, seeds_of

KEEP = np.ones(30, bool), np.arange(24) < 20


def resolved(**parameters):
    return resolve(ConstrainedNMF(**{"n_components": 3} | parameters), *KEEP)


def test_numbers_are_plain_and_the_estimator_stays_as_it_was():
    given_one = ConstrainedNMF(np.int64(3), tol=np.float32(0.5), prune=np.bool_(True))
    before = given_one.get_params()
    ready = resolve(given_one, *KEEP)
    kinds = [type(getattr(ready, n)) for n in ("n_components", "tol", "prune")]
    assert kinds == [int, float, bool]
    assert given_one.get_params() == before
    assert type(ready.random_state) is int


def test_without_a_number_of_components_there_are_as_many_as_can_be():
    assert resolved(n_components=None).n_components == 20


@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_random_state_is_the_same_seed(seed):
    assert resolved(random_state=seed).random_state == seed
    for make in (np.random.default_rng, np.random.RandomState):
        one, other = (resolved(random_state=make(seed)).random_state for _ in range(2))
        assert one == other


def test_without_a_random_state_seeds_differ_and_are_kept():
    one, other = resolved(), resolved()
    assert one.random_state != other.random_state
    assert resolve(one, *KEEP).random_state == one.random_state


@pytest.mark.parametrize("random_state", [-1, True, 0.5, "0", [1]])
def test_bad_random_states_are_refused(random_state):
    with pytest.raises(ValueError, match="random_state must be"):
        resolved(random_state=random_state)


@given(n=st.integers(1, 20), more=st.integers(0, 20))
def test_more_starts_keep_the_seeds_of_the_first(n, more):
    few, many = (seeds_of(resolved(random_state=5, n_init=i)) for i in (n, n + more))
    assert many[: n + 1] == few and len(few) == n + 1
    assert len(set(many)) == len(many)


def test_given_maps_are_one_start():
    maps = np.ones((3, 30))
    assert len(seeds_of(resolved(random_state=0, init=maps, n_init=7))) == 2


def test_what_is_changed_leaves_the_rest_the_very_same():
    maps = np.ones((3, 30))
    estimator = ConstrainedNMF(3, init=maps)
    other = changed(estimator, n_components=2)
    assert (estimator.n_components, other.n_components) == (3, 2)
    assert other.init is maps


def test_random_patterns_belong_to_the_seed():
    one, same, other = (
        random_patterns(resolved(random_state=seed), 4, KEEP[1]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert one.shape == (4, 20) and not np.allclose(one, other)
