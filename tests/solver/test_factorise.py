"""Laws of the half steps, of the loop and of what comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.solver.copies import COPY


def mixture(n_components=3, n_positions=80, n_pixels=60, noise=0.0, seed=0):
    """Return sparse non-negative loadings and factors, and their product."""
    rng = np.random.default_rng(seed)
    loadings = rng.random((n_positions, n_components)) ** 3
    loadings[: 5 * n_components] = np.kron(np.eye(n_components), np.ones((5, 1)))
    factors = rng.random((n_components, n_pixels)) ** 6
    data = loadings @ factors + noise * rng.random((n_positions, n_pixels))
    return data, loadings, factors


def cosines(found, true):
    unit = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (found, true)]
    table = unit[0] @ unit[1].T
    return table[linear_sum_assignment(-table)]


@pytest.mark.parametrize("solver", ["als", "hals"])
@pytest.mark.parametrize("compression", [None, "auto", 6])
def test_a_mixture_is_taken_apart(solver, compression):
    data, loadings, factors = mixture()
    estimator = ConstrainedNMF(
        3, solver=solver, compression=compression, random_state=0, tol=1e-7
    )
    found = estimator.fit_transform(data)
    assert cosines(estimator.components_, factors).min() > 0.999
    assert cosines(found.T, loadings.T).min() > 0.999
    assert estimator.reconstruction_err_ < 2e-2 * np.linalg.norm(data)


@pytest.mark.parametrize("solver", ["als", "hals"])
def test_more_components_than_the_data_hold_stay_alive_and_finite(solver):
    data, _, _ = mixture(2, noise=1e-3)
    estimator = ConstrainedNMF(
        8,
        solver=solver,
        n_init=3,
        max_iter=200,
        prune=False,
        random_state=0,
        compression=None,
    )
    loadings = estimator.fit_transform(data)
    assert np.isfinite(loadings).all() and np.isfinite(estimator.components_).all()
    assert (estimator.components_.sum(axis=1) > 0).all()
    assert (loadings.sum(axis=0) > 0).all()
    history = estimator.result_.error_history[estimator.result_.best]
    few = ConstrainedNMF(2, n_init=3, random_state=0, compression=None).fit(data)
    assert estimator.reconstruction_err_ <= few.reconstruction_err_
    assert np.nanmax(np.diff(history)) <= 1e-6 * history[0]


def test_the_error_is_that_of_the_data_and_falls():
    data, _, _ = mixture(4, noise=0.1)
    estimator = ConstrainedNMF(4, random_state=1, n_init=4, compression=None)
    loadings = estimator.fit_transform(data)
    residual = data - loadings @ estimator.components_
    np.testing.assert_allclose(
        estimator.reconstruction_err_, np.linalg.norm(residual), rtol=1e-6
    )
    result = estimator.result_
    np.testing.assert_allclose(result.error, np.mean(residual**2), rtol=1e-6)
    np.testing.assert_allclose(result.square_norm, np.sum(data**2))
    assert np.nanmax(np.diff(result.error_history, axis=1)) <= 1e-12


def test_the_best_start_is_kept_and_every_start_is_recorded():
    data, _, _ = mixture(4, noise=0.1)
    result = ConstrainedNMF(3, random_state=1, n_init=5, max_iter=30).fit(data).result_
    last = [h[n - 1] for h, n in zip(result.error_history, result.n_iter, strict=True)]
    went_on = [i for i, status in enumerate(result.status) if status != COPY]
    assert result.best == min(went_on, key=last.__getitem__)
    assert len(result.status) == len(result.seeds) == 5
    for i, status in enumerate(result.status):
        changes = [
            history[i, result.n_iter[i] - 1]
            for history in (result.factor_change_history, result.loading_change_history)
        ]
        assert (max(changes) < 1e-4) == (status == "converged")
        assert status == "converged" or result.n_iter[i] == (
            25 if status == COPY else 30
        )
    assert result.status[result.best] in result.summary()


def test_factors_have_unit_sum_and_maps_are_sorted():
    data, _, _ = mixture(5, noise=0.1)
    estimator = ConstrainedNMF(5, random_state=0).fit(data)
    loadings = estimator.result_.loadings
    np.testing.assert_allclose(estimator.components_.sum(axis=1), 1)
    assert (np.diff(np.linalg.norm(loadings, axis=1)) <= 0).all()
    np.testing.assert_allclose(loadings.sum(), data.sum(), rtol=0.02)


def test_more_starts_keep_the_first_ones():
    data, _, _ = mixture(4, noise=0.1)
    few, many = (
        ConstrainedNMF(3, random_state=7, n_init=n, max_iter=20, tol=0).fit(data)
        for n in (2, 5)
    )
    np.testing.assert_array_equal(few.result_.seeds, many.result_.seeds[:2])
    np.testing.assert_allclose(
        few.result_.error_history, many.result_.error_history[:2], rtol=1e-12
    )


@settings(deadline=None, max_examples=10)
@given(scale=st.floats(1e-3, 1e4))
def test_scaling_the_data_scales_the_loadings(scale):
    data, _, _ = mixture(3, noise=0.05)
    settings = {"n_components": 3, "random_state": 0, "n_init": 2, "max_iter": 50}
    one, other = (ConstrainedNMF(**settings).fit(c * data) for c in (1, scale))
    np.testing.assert_allclose(other.components_, one.components_, atol=1e-7)
    np.testing.assert_allclose(
        other.result_.loadings,
        scale * one.result_.loadings,
        rtol=1e-4,
        atol=1e-6 * scale,
    )


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 100))
def test_permuting_positions_permutes_loadings(seed):
    data, _, _ = mixture(3, noise=0.05)
    order = np.random.default_rng(seed).permutation(len(data))
    init = np.random.default_rng(0).random((3, len(data)))
    plain = ConstrainedNMF(3, init=init, n_init=1, compression=None)
    permuted = ConstrainedNMF(3, init=init[:, order], n_init=1, compression=None)
    np.testing.assert_allclose(
        permuted.fit_transform(data[order]), plain.fit_transform(data)[order], atol=1e-6
    )


def test_constraints_hold_for_what_comes_out():
    rng = np.random.default_rng(0)
    radii = np.hypot(*(np.indices((16, 16)) - 7.5))
    ring, spots = np.exp(-((radii - 5) ** 2)) + 0.1, np.zeros((16, 16))
    spots[[3, 12], [7, 8]] = 1
    share = np.zeros((12, 10))
    share[3:8, 2:7] = 0.3
    mean = 400 * (
        np.multiply.outer(1 - share, ring / ring.sum())
        + np.multiply.outer(share, spots / spots.sum())
    )
    floor, smoothing = RadialFloor(), GaussianSmoothing()
    estimator = ConstrainedNMF(
        2,
        factor_constraint=floor,
        loading_constraint=smoothing,
        factor_shape=(16, 16),
        loading_shape=(12, 10),
        random_state=0,
        compression=None,
    )
    loadings = estimator.fit_transform(rng.poisson(mean).reshape(120, 256))
    amorphous = estimator.components_[0].reshape(16, 16)
    # Where the crystal has its spots the amorphous ring has no hole ...
    assert amorphous[3, 7] > 0.8 * amorphous[7, 3]
    # ... and the weak crystal's map is told from noise.
    crystal = loadings[:, 1].reshape(12, 10)
    assert np.corrcoef(crystal.ravel(), share.ravel())[0, 1] > 0.95


def test_a_revived_component_finds_what_the_others_leave():
    data, _, factors = mixture(3)
    init = np.random.default_rng(0).random((3, len(data)))
    init[2] = 0
    estimator = ConstrainedNMF(3, init=init, n_init=1, tol=1e-7, compression=None)
    estimator.fit(data)
    assert cosines(estimator.components_, factors).min() > 0.999


def test_a_component_without_a_factor_has_no_map():
    """Data of rank 1 leave nothing for others to find; nothing random is left."""
    data = np.outer(np.arange(1.0, 31), np.arange(1.0, 21))
    estimator = ConstrainedNMF(3, n_init=2, max_iter=3, random_state=0)
    loadings = estimator.fit_transform(data)
    np.testing.assert_allclose(loadings @ estimator.components_, data, rtol=1e-6)
    assert not loadings[:, ~estimator.components_.any(axis=1)].any()


@pytest.mark.parametrize("constraint", ["radial", 3])
def test_unknown_constraints_are_refused_by_name(constraint):
    data, _, _ = mixture()
    with pytest.raises(TypeError, match="RadialFloor"):
        ConstrainedNMF(3, factor_constraint=constraint).fit(data)
