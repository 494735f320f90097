"""What is known of components stays as it is, and the others are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import (
    CommonTotal,
    GaussianSmoothing,
    RadialFloor,
    ZeroRegion,
)
from hspy_cnmf.solver.fixed import Held, known_stack
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram, half_step
from hspy_cnmf.solver.redundancy import without_redundant

SHAPES = {"factor_shape": (8, 9), "loading_shape": (10, 12)}


def components(n, seed=0):
    """Return patterns of unit sum and maps, flat, that are all different."""
    rng = np.random.default_rng(seed)
    factors = rng.random((n, 72)) ** 4
    return factors / factors.sum(axis=1, keepdims=True), rng.random((n, 120)) ** 3


FACTORS, LOADINGS = components(4)
DATA = np.random.default_rng(1).poisson(3000 * LOADINGS.T @ FACTORS).astype(float)


def fitted(n=4, **parameters):
    """Return a quick fit of the data."""
    quick = {"n_init": 2, "max_iter": 30, "random_state": 0} | SHAPES | parameters
    return ConstrainedNMF(n, **quick).fit(DATA)


def cosines(one, other):
    one, other = (a / np.linalg.norm(a, axis=-1, keepdims=True) for a in (one, other))
    return one @ other.T


@settings(max_examples=15, deadline=None)
@given(
    numbers=st.sampled_from([(1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (2, 2), (4, 0)]),
    solver=st.sampled_from(["hals", "als"]),
    init=st.sampled_from(["auto", "random", "pure"]),
    prune=st.booleans(),
    constrained=st.booleans(),
    n=st.integers(4, 6),
)
def test_what_is_fixed_stays_in_its_place(numbers, solver, init, prune, constrained, n):
    n_factors, n_loadings = numbers
    constraints = (
        {
            "factor_constraint": RadialFloor(center=(3.5, 4)),
            "loading_constraint": GaussianSmoothing(),
        }
        if constrained
        else {}
    )
    order = [2, 0, 3, 1]
    known = order[:n_factors], order[n_factors : n_factors + n_loadings]
    model = fitted(
        n,
        fixed_factors=7 * FACTORS[known[0]] if n_factors else None,
        fixed_loadings=LOADINGS[known[1]] if n_loadings else None,
        solver=solver,
        init=init,
        prune=prune,
        **constraints,
    )
    np.testing.assert_allclose(
        model.components_[:n_factors], FACTORS[known[0]], rtol=1e-12
    )
    maps = model.result_.loadings[n_factors : n_factors + n_loadings]
    assert (np.diag(cosines(maps, LOADINGS[known[1]])) > 1 - 1e-12).all()
    assert model.result_.parameters["fixed_factors"] == n_factors
    assert model.result_.parameters["fixed_loadings"] == n_loadings
    assert ("were given and kept" in model.result_.summary()) == (sum(numbers) > 0)


@pytest.mark.parametrize("init", ["pure", "random"])
@pytest.mark.parametrize("fixed", ["factors", "loadings"])
def test_the_others_are_found(fixed, init):
    known = {"factors": FACTORS, "loadings": LOADINGS}[fixed][[1]]
    model = fitted(init=init, max_iter=200, **{f"fixed_{fixed}": known})
    assert (cosines(model.components_, FACTORS).max(axis=0) > 0.998).all()
    assert cosines(model.components_[:1], FACTORS).argmax() == 1


@pytest.mark.parametrize("fixed", ["factors", "loadings"])
def test_the_scale_and_the_form_of_what_is_given_do_not_matter(fixed):
    stack = {"factors": FACTORS, "loadings": LOADINGS}[fixed][[1]]
    shape = SHAPES["factor_shape" if fixed == "factors" else "loading_shape"]
    forms = stack, 8 * stack.reshape(1, *shape), stack[0].reshape(shape)
    results = [fitted(**{f"fixed_{fixed}": form}).result_ for form in forms]
    for result in results[1:]:
        np.testing.assert_allclose(result.factors, results[0].factors, atol=1e-9)
        np.testing.assert_allclose(result.loadings, results[0].loadings, atol=1e-5)


def test_all_factors_known_leave_least_squares():
    model = fitted(fixed_factors=FACTORS)
    np.testing.assert_allclose(
        model.result_.loadings.T, model.transform(DATA), atol=1e-3
    )


def test_a_known_pattern_that_is_not_there_stays_with_an_empty_map():
    absent = np.zeros((1, 72))
    absent[0, np.argsort(DATA.sum(axis=0))[:2]] = 1
    model = fitted(5, fixed_factors=absent, max_iter=200)
    np.testing.assert_allclose(model.components_[0], absent[0] / 2)
    totals = model.result_.loadings.sum(axis=1)
    assert totals[0] < 0.01 * totals.sum()
    assert (cosines(model.components_[1:], FACTORS).max(axis=0) > 0.99).all()
    assert set(model.result_.status) <= {"converged", "copy"}


def test_a_held_half_step_solves_what_the_others_leave():
    rng = np.random.default_rng(0)
    fixed, current = rng.random((4, 30)), rng.random((4, 50))
    data = rng.random((30, 50))
    held = np.array([True, False, True, False])
    ours = half_step(
        nonnegative_least_squares, fixed @ data, gram(fixed), current, held=held
    )
    left = data - fixed[held].T @ current[held]
    free = fixed[~held]
    theirs = nonnegative_least_squares(free @ left, gram(free), current[~held])
    np.testing.assert_array_equal(ours[held], current[held])
    np.testing.assert_allclose(ours[~held], theirs, atol=1e-10)


@pytest.mark.parametrize("held", [Held(2, 0), Held(0, 2), Held(1, 1)])
def test_redundant_components_go_but_not_those_that_are_held(held):
    factors = np.vstack([FACTORS, FACTORS[:3]])
    loadings = np.vstack([LOADINGS, LOADINGS[[1, 2, 0]]])
    kept = without_redundant(factors, loadings, 1e-9, held)
    assert len(kept[0]) < 7
    stays, maps = held.factors(len(kept[0])), held.loadings(len(kept[0]))
    np.testing.assert_array_equal(kept[0][stays], factors[: held.n_factors])
    expected = loadings[held.n_factors : held.n]
    np.testing.assert_array_equal(kept[1][maps], expected)
    np.testing.assert_allclose(kept[1].T @ kept[0], loadings.T @ factors, atol=1e-4)


BAD = {
    "shape": (FACTORS[:, :-1], ValueError, "has the shape"),
    "none": (np.zeros((0, 72)), ValueError, "has the shape"),
    "text": ("amorphous", TypeError, "must be real numbers"),
    "complex": (FACTORS + 1j, TypeError, "must be real numbers"),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, "must be real numbers"),
    "masked": (np.ma.masked_less(FACTORS, 1e-3), TypeError, "masked array"),
    "negative": (FACTORS - 0.01, ValueError, "number 0 is negative"),
    "nan": (np.where(FACTORS > 0.05, np.nan, FACTORS), ValueError, "NaN"),
    "zero": (FACTORS * [[1], [0], [1], [1]], ValueError, "number 1 is zero"),
    "twice": (np.vstack([FACTORS[:2], 3 * FACTORS[0]]), ValueError, "0 and 2 are"),
    "too many": (components(5)[0], ValueError, "they count among it"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_patterns_are_refused(name):
    value, error, words = BAD[name]
    with pytest.raises(error, match=words):
        fitted(fixed_factors=value)


def test_too_many_together_and_maps_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="5 components, but n_components"):
        fitted(fixed_factors=FACTORS[:3], fixed_loadings=LOADINGS[:2])
    with pytest.raises(ValueError, match="fixed_loadings has the shape"):
        fitted(fixed_loadings=FACTORS)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), shares=st.tuples(*[st.floats(0.5, 2)] * 2))
def test_halves_of_a_known_pattern_become_one(seed, shares):
    """What they hold of it is its own, and of two that are noise one will do."""
    rng = np.random.default_rng(seed)
    factors, loadings = components(3, seed)
    loadings[0] += 1
    noise = 0.3 * rng.uniform(-1, 1, (2, factors.shape[1]))
    halves = np.array(shares)[:, np.newaxis] * factors[0] * (1 + noise)
    maps = 1 + 0.2 * rng.random((2, loadings.shape[1]))
    split = np.insert(factors, [1, 1], halves, axis=0)
    its_maps = np.insert(loadings, [1, 1], maps, axis=0)
    square = np.square(maps.T @ (halves * noise)).sum()
    kept, kept_maps = without_redundant(split, its_maps, 2e-3 * square, Held(1))
    assert len(kept) <= 4
    np.testing.assert_array_equal(kept[0], factors[0])
    off = kept_maps.T @ kept - its_maps.T @ split
    assert np.square(off).sum() < 0.02 * square


@pytest.mark.parametrize(
    "settings",
    [
        {
            "fixed_factors": FACTORS[:1],
            "factor_constraint": ZeroRegion(np.arange(72).reshape(8, 9) < 9),
        },
        {"fixed_loadings": LOADINGS[:1], "loading_constraint": [CommonTotal()]},
    ],
    ids=["factors", "loadings"],
)
def test_what_is_fixed_has_to_obey_what_holds_exactly(settings):
    with pytest.raises(ValueError, match="number 0 contradicts"):
        fitted(**settings)


def test_what_obeys_may_be_fixed():
    dark = np.arange(72).reshape(8, 9) < 9
    known = np.where(dark.ravel(), 0, FACTORS[:1])
    model = fitted(fixed_factors=known, factor_constraint=ZeroRegion(dark))
    assert not model.components_[:, dark.ravel()].any()
    even = np.ones((1, 120))
    fitted(fixed_loadings=even, loading_constraint=CommonTotal(7.0))


def test_what_is_masked_may_be_unknown():
    keep = np.ones((3, 4), bool)
    keep[1] = False
    image = np.where(keep, 1.0 + np.arange(12).reshape(3, 4), np.nan)
    np.testing.assert_array_equal(
        known_stack(image, keep, "fixed_factors"), image[keep][np.newaxis]
    )
    assert known_stack(None, keep, "fixed_factors").shape == (0, 8)
