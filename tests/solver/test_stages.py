"""Starts on coarse maps find what starts on the maps themselves find."""

import numpy as np
import pytest

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.coarse import cell_sizes
from hspy_cnmf.solver.copies import COPY
from hspy_cnmf.solver.factorise import factorise

SIDE, PIXELS, N = 256, 100, 3


@pytest.fixture(scope="module")
def large():
    """Return counts of a matrix with grains in it, on enough positions for cells."""
    rng = np.random.default_rng(0)
    factors = rng.gamma(0.4, 1.0, (N, PIXELS))
    factors *= 40 / factors.sum(axis=1, keepdims=True)
    place = np.indices((SIDE, SIDE))
    maps = [np.ones((SIDE, SIDE))]
    for _ in range(N - 1):
        far = np.min(
            [np.hypot(*(place - rng.integers(0, SIDE, (2, 1, 1)))) for _ in range(80)],
            axis=0,
        )
        maps.append(3 * np.clip(1 - far / 7, 0, None))
    data = rng.poisson(np.tensordot(maps, factors, axes=(0, 0)))
    return data.astype(np.uint8), factors


def cosines(one, other):
    one, other = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (one, other))
    return one @ other.T


def run(data, keep=None, done=lambda n: None, **parameters):
    keep = np.ones(data.shape[:2], bool) if keep is None else keep
    operator = StreamedOperator(data, keep, np.ones(data.shape[2:], bool))
    settings = {"n_components": N, "n_init": 4, "random_state": 0, "compression": 20}
    settings |= {"loading_constraint": GaussianSmoothing(), "factor_constraint": None}
    return factorise(operator, ConstrainedNMF(**settings | parameters), progress=done)


def test_it_is_the_solution_of_starts_on_the_maps_themselves(large):
    data, _ = large
    coarse = run(data)
    # What the maps are is given: the one start begins on all positions.
    fine = run(data, init=coarse.loadings)
    assert len(coarse.n_iter) == 4 and len(fine.n_iter) == 1
    assert np.all(np.diag(cosines(fine.factors, coarse.factors)) > 0.9995)
    assert np.all(np.diag(cosines(fine.loadings, coarse.loadings)) > 0.9997)
    np.testing.assert_allclose(coarse.error, fine.error, rtol=1e-4)
    assert np.nanmin(coarse.median_agreement) > 0.999
    assert set(coarse.status) <= {"converged", COPY}


@pytest.mark.parametrize("prune", [True, False])
def test_it_is_repeatable_and_says_how_it_went(large, prune):
    data, factors = large
    keep = np.ones((SIDE, SIDE), bool)
    keep[40:90, 100:160] = False
    done = []
    one, other = (
        run(data, keep, done.append, prune=prune, n_init=2, max_iter=40)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.loadings, other.loadings)
    assert one.loadings.shape == (N, np.count_nonzero(keep))
    assert np.max(cosines(factors, one.factors), axis=1).min() > 0.99
    assert done[len(done) // 2 - 1] == 2 * 40 and np.all(
        np.diff(done[: len(done) // 2]) >= 0
    )
    assert one.error_history.shape == (2, one.n_iter.max()) and one.n_iter.max() <= 40
    # Errors on cells are those of maps that are even there: finer ones are lower.
    went_on = np.array(one.status) != COPY
    assert np.all(one.error <= 1.001 * one.last_errors[went_on])
    assert one.last_errors[one.best] == one.last_errors[went_on].min()


def test_what_is_redundant_is_left_out_on_all_positions_too(large):
    data, _ = large
    result = run(data, n_components=5, n_init=2, max_iter=120)
    empty = ~result.factors.any(axis=1)
    assert 0 < np.count_nonzero(empty) <= 2
    np.testing.assert_array_equal(np.isnan(result.agreement).all(axis=0), empty)
    np.testing.assert_array_equal(result.agreement[result.best, ~empty], 1)


def test_few_iterations_are_kept_to(large):
    data, _ = large
    result = run(data, max_iter=2, n_init=2)
    assert result.n_iter.max() <= 2 + len(cell_sizes(np.ones((SIDE, SIDE), bool)))
    assert np.all(np.isfinite(result.loadings))
