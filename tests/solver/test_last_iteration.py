"""The last iteration: no reading, or one, where two would give the same."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import last_iteration
from hspy_cnmf.solver.factorise import factorise


def scan(shape, noise, seed=0):
    """Return counts of three spotty patterns in grains."""
    rng = np.random.default_rng(seed)
    factors = 0.2 + 20 * (rng.random((3, 12 * 12)) < 0.1)
    loadings = rng.dirichlet((0.3, 0.3, 0.3), shape[0] * shape[1])
    expected = loadings @ factors / noise
    data = rng.poisson(expected).reshape(*shape, 12, 12).astype(np.uint16)
    return data, np.ones(shape, bool), np.ones((12, 12), bool)


def ends(data, monkeypatch, scales=(None, None)):
    """Return results without a reading, with one, and with two, made to be enough."""
    estimator = ConstrainedNMF(
        3, n_init=1, max_iter=60, random_state=0, compression=8, prune=False
    )
    operator, found = StreamedOperator(*data).divide(*scales), []
    for of_factors, of_maps in ((1e-4, 3e-4), (0.0, 3e-4), (0.0, 0.0)):
        monkeypatch.setattr(last_iteration, "_SPARED_OF_FACTORS", of_factors)
        monkeypatch.setattr(last_iteration, "_SPARED", of_maps)
        found.append(factorise(operator, estimator, scales))
    return found


@pytest.mark.parametrize("normalized", [False, True])
def test_fewer_readings_give_what_two_do(monkeypatch, normalized):
    data = scan((60, 60), noise=0.05)
    matrix = data[0].reshape(3600, -1).astype(float)
    sums = np.sqrt(matrix.sum(axis=1)), np.sqrt(matrix.sum(axis=0))
    none, once, twice = ends(data, monkeypatch, sums if normalized else (None, None))
    readings = [r.parameters["last_readings"] for r in (none, once, twice)]
    assert readings == [0, 1, 2]
    np.testing.assert_array_equal(once.factors, twice.factors)
    for result in (none, once):
        for ours, theirs in zip(result.factors, twice.factors, strict=True):
            cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
            assert cosine > 1 - 5e-4
        for ours, theirs in zip(result.loadings, twice.loadings, strict=True):
            assert np.corrcoef(ours, theirs)[0, 1] > 1 - 3e-4
        assert result.error == pytest.approx(twice.error, rel=1e-3)


def test_positions_full_of_noise_are_read(monkeypatch):
    asked, once, _ = ends(scan((34, 34), noise=5.0), monkeypatch)
    assert asked.parameters["last_readings"] >= 1
    np.testing.assert_array_equal(asked.loadings, once.loadings)


def test_few_positions_are_read_twice(monkeypatch):
    for result in ends(scan((12, 12), noise=0.05), monkeypatch):
        assert result.parameters["last_readings"] == 2


def test_the_error_is_that_of_the_model(monkeypatch):
    data = scan((60, 60), noise=0.05)
    for result in ends(data, monkeypatch):
        rest = data[0].reshape(3600, -1) - result.loadings.T @ result.factors
        assert result.error == pytest.approx(np.mean(rest**2), rel=1e-3)


def test_data_that_were_iterated_on_are_read_twice():
    estimator = ConstrainedNMF(3, n_init=1, max_iter=5, random_state=0)
    estimator.set_params(compression=None, prune=False, init="random")
    result = factorise(StreamedOperator(*scan((20, 20), noise=0.05)), estimator)
    assert result.parameters["last_readings"] == 2


def test_readings_are_foreseen():
    assert last_iteration.readings_of_end(None, 10**6) == 2
    assert last_iteration.readings_of_end(64, 10**6) == 0
    assert last_iteration.readings_of_end(64, 10**4) == 1
    assert last_iteration.readings_of_end(64, 100) == 2
