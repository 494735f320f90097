"""Imputation: what is missing has no part in the result."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver.factorise import factorise_resolved
from hspy_cnmf.solver.imputation import impute
from hspy_cnmf.solver.resolution import resolve

N_POSITIONS, N_PIXELS = 60, 40


def exact(seed):
    """Return data that are exactly of rank two, and a mask of a third of them."""
    rng = np.random.default_rng(seed)
    factors, loadings = rng.random((2, N_PIXELS)), rng.random((2, N_POSITIONS))
    factors[:, :20] *= np.eye(2).repeat(10, axis=1)
    loadings[:, :20] *= np.eye(2).repeat(10, axis=1)
    data = loadings.T @ factors
    return data, rng.random(data.shape) < 0.3


@pytest.mark.parametrize("hidden", [np.nan, "other"])
def test_missing_values_of_an_exact_product_are_found(hidden):
    """All that is known fits; what was hidden is what the product says."""
    data, missing = exact(0)
    holes = np.where(missing, np.nan, data)
    keep = np.ones(N_POSITIONS, bool), np.ones(N_PIXELS, bool)
    operator = StreamedOperator(holes, *keep)
    start = np.full((1, N_POSITIONS), data.mean()), np.ones((1, N_PIXELS))
    if hidden == "other":
        start = 3 * start[0], start[1]
    operator = operator.filled(*start)
    estimator = ConstrainedNMF(2, n_init=1, random_state=0, tol=1e-7, max_iter=2000)
    estimator = resolve(estimator, *keep)
    first = factorise_resolved(operator, estimator)
    result, n_rounds = impute(operator, estimator, (None, None), first, None)
    model = result.loadings.T @ result.factors
    norm = np.linalg.norm(data)
    assert np.linalg.norm(model - data) < 0.02 * norm
    assert np.linalg.norm(first.loadings.T @ first.factors - data) > 0.05 * norm
    assert 1 < n_rounds <= 20
