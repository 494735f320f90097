"""Where starts begin: given maps, drawn ones, or the purest positions."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import sketch
from hspy_cnmf.solver.fixed import Fixed
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.starts import begins_pure, starts_of

POSITIONS, PIXELS = 120, 72
NOTHING = Fixed.of_nothing(POSITIONS, PIXELS)


def components(n, seed=0):
    """Return patterns of unit sum and maps that are all different."""
    rng = np.random.default_rng(seed)
    factors = rng.random((n, PIXELS)) ** 4
    maps = rng.random((n, POSITIONS)) ** 3
    maps[:, : 5 * n] = np.kron(np.eye(n), np.ones(5))
    return factors / factors.sum(axis=1, keepdims=True), maps


def starts(init, factors, loadings, seeds=(0,), fixed=NOTHING):
    keep = np.ones(POSITIONS, bool), np.ones(PIXELS, bool)
    operator = StreamedOperator(loadings.T @ factors, *keep)
    estimator = ConstrainedNMF(len(factors), init=init, loading_shape=(POSITIONS,))
    its_sketch = sketch(operator, np.eye(PIXELS))
    problem = Problem(operator, estimator, (None, None), its_sketch, fixed)
    return starts_of(problem, list(seeds))


def test_given_maps_are_where_it_begins():
    factors, loadings = components(3)
    (start,) = starts(loadings, factors, loadings)
    np.testing.assert_allclose(start.loadings, loadings)
    assert not begins_pure(ConstrainedNMF(3, init=loadings))


@pytest.mark.parametrize(
    ("init", "pure"),
    [("random", []), ("auto", [0, 2]), ("pure", [0, 1, 2, 3])],
)
def test_some_begin_at_the_purest_positions(init, pure):
    """Their maps are the true ones where positions of one component alone are there."""
    factors, loadings = components(3)
    found = []
    for i, start in enumerate(starts(init, factors, loadings, range(4))):
        alike = np.corrcoef(loadings, start.loadings)[:3, 3:].max(axis=1)
        if alike.min() > 0.9:
            found.append(i)
    assert found == pure
    assert begins_pure(ConstrainedNMF(3, init=init)) == bool(pure)


def test_the_same_seed_is_the_same_start():
    factors, loadings = components(3)
    one, same, other = starts("random", factors, loadings, [1, 1, 2])
    np.testing.assert_array_equal(one.loadings, same.loadings)
    assert not np.allclose(one.loadings, other.loadings)


@pytest.mark.parametrize("init", ["pure", "random"])
def test_starts_leave_to_a_known_matrix_what_is_its(init):
    """Whatever lies in a matrix that is known everywhere begins without it."""
    factors, loadings = components(3, 5)
    loadings[0] = 20 + loadings[0]
    fixed = Fixed(factors[:1], np.zeros((0, POSITIONS)))
    (start,) = starts(init, factors, loadings, fixed=fixed)
    np.testing.assert_array_equal(start.factors[0], factors[0])
    np.testing.assert_allclose(start.loadings[0], loadings[0], rtol=0.1)
