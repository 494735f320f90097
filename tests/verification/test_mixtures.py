"""Mixtures: the product stays, limits hold, and none better is within reach."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hspy_cnmf.verification.mixtures import Mixture, Side, extreme


def a_scan(seed, n=3, n_pixels=40, n_positions=30):
    """Return sparse random factors and loadings."""
    rng = np.random.default_rng(seed)
    stacks = rng.random((n, n_pixels)), rng.random((n, n_positions))
    return [np.maximum(s - 0.3, 0) + 0.01 for s in stacks]


def sides_of(stacks, room=0.0):
    return tuple(Side.nonnegative(s, np.full_like(s, room)) for s in stacks)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.sampled_from([0.0, 0.02]))
def test_the_most_extreme_are_solutions(seed, n, room):
    factors, loadings = a_scan(seed, n)
    sides = sides_of((factors, loadings), room)
    for k in range(n):
        counts = []
        for sign in (-1, 1):
            end = extreme(sides, k, sign)
            mixed = end.factors @ factors, end.loadings @ loadings
            np.testing.assert_allclose(mixed[1].T @ mixed[0], loadings.T @ factors)
            assert min(stack.min() for stack in mixed) >= -room - 1e-5
            counts.append(mixed[0][k].sum() * mixed[1][k].sum())
        found = factors[k].sum() * loadings[k].sum()
        assert counts[0] <= found * (1 + 1e-9) and counts[1] >= found * (1 - 1e-9)


def test_two_components_have_bands_in_closed_form():
    """Of two, all that limits is how much of one is in the other, everywhere."""
    factors, loadings = a_scan(0, 2)
    sides = sides_of((factors, loadings))
    end = extreme(sides, 0, 1)
    highest = (end.factors[0] @ factors).sum() * (end.loadings[0] @ loadings).sum()
    taken = (loadings[1] / loadings[0]).min()
    less = (factors[1] / factors[0]).min()
    first = (factors[0] + taken * factors[1]).sum() * loadings[0].sum()
    assert highest >= first * (1 - 1e-9)
    rest = (factors[1] - less * factors[0]).sum()
    both = (loadings[0] + less * loadings[1]).sum() * factors[0].sum()
    assert highest >= both * (1 - 1e-9) and rest > 0


@pytest.mark.parametrize("seed", [0, 1])
def test_a_general_optimiser_finds_nothing_more_extreme(seed):
    factors, loadings = a_scan(seed)
    sides, n = sides_of((factors, loadings)), 3

    def mixed(values):
        matrix = values.reshape(n, n)
        return matrix @ factors, np.linalg.inv(matrix).T @ loadings

    def counts(values):
        stacks = mixed(values)
        return -stacks[0][0].sum() * stacks[1][0].sum()

    limits = {
        "type": "ineq",
        "fun": lambda v: np.concatenate([s.ravel() for s in mixed(v)]),
    }
    best = 0.0
    for _ in range(3):
        start = np.eye(n).ravel()
        found = minimize(counts, start, constraints=limits, method="SLSQP")
        if min(s.min() for s in mixed(found.x)) > -1e-6:
            best = max(best, -found.fun)
    end = extreme(sides, 0, 1)
    ours = (end.factors[0] @ factors).sum() * (end.loadings[0] @ loadings).sum()
    assert ours >= best * (1 - 1e-3)


def test_pure_components_are_determined():
    """Where each has a pixel and a position of its own there is no other solution."""
    factors = np.hstack([np.eye(3), np.ones((3, 5))])
    loadings = np.hstack([2 * np.eye(3), np.ones((3, 4))])
    sides = sides_of((factors, loadings))
    for sign in (-1, 1):
        end = extreme(sides, 1, sign)
        np.testing.assert_allclose(end.factors, np.eye(3), atol=1e-6)


def test_a_move_and_its_inverse_cancel():
    amounts = np.array([0.3, 0.0, -0.2])
    there = Mixture.found(3).moved(1, amounts)
    back = there.moved(1, -amounts)
    np.testing.assert_allclose(back.factors, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(there.factors @ there.loadings.T, np.eye(3), atol=1e-12)


def test_further_limits_are_obeyed():
    """A factor that must not fall below the mean of all keeps its bright pixels."""
    factors, loadings = a_scan(3)
    sides = sides_of((factors, loadings))
    limit = factors[:, :1] - factors[:, 1:2]
    sign = 1 if limit[0, 0] >= 0 else -1
    limited = sides[0].with_limits(0, sign * limit, np.zeros(1)), sides[1]
    for direction in (-1, 1):
        end = extreme(limited, 0, direction)
        assert end.factors[0] @ (sign * limit[:, 0]) >= -1e-6


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 1e-15]))
def test_what_nothing_has_limits_nothing(seed, value):
    """Pixels that are dead and positions in vacuum leave all solutions as they are."""
    stacks = a_scan(seed)
    more = [np.hstack([np.full((3, 100), value), s]) for s in stacks]
    for sign in (-1, 1):
        alone, beside = (extreme(sides_of(s), 0, sign) for s in (stacks, more))
        np.testing.assert_allclose(beside.factors, alone.factors, atol=1e-6)
