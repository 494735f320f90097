"""Components that are noise are left out, and what they explain is taken over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.redundancy import _weakest, over_noise, without_redundant


def components(n_components, seed, n_positions=60, n_pixels=40):
    """Return factors and loadings that none of the others span."""
    rng = np.random.default_rng(seed)
    factors = rng.random((n_components, n_pixels)) ** 4
    loadings = rng.random((n_components, n_positions)) ** 4
    return factors, loadings


def test_only_what_is_in_one_scan_is_judged_by_it():
    noise = (slice(None), 10.0), (slice(0, 5), 2.0), (slice(5, 9), 1.0)
    squares = np.array([[8.0, 8.0, 20.0], [4.0, 7.0, 10.0], [4.0, 1.0, 10.0]])
    np.testing.assert_allclose(over_noise(squares, noise), [0.8, 3.5, 2.0])


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), n_components=st.integers(1, 5))
def test_components_that_all_explain_something_stay_as_they_are(seed, n_components):
    factors, loadings = components(n_components, seed)
    kept = without_redundant(factors, loadings, noise=0.0)
    assert kept[0] is factors and kept[1] is loadings


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1000),
    n_components=st.integers(2, 5),
    share=st.floats(0.1, 0.9),
    split_loading=st.booleans(),
)
def test_a_component_split_in_two_is_put_together(
    seed, n_components, share, split_loading
):
    whole = components(n_components, seed)
    same, shared = whole if split_loading else whole[::-1]
    parts = np.random.default_rng(seed).uniform(0.2, 0.8, shared.shape[1]) * share
    same = np.vstack([same, same[:1]])
    shared = np.vstack([shared, shared[:1] * (1 - parts)])
    shared[0] *= parts
    factors, loadings = (same, shared) if split_loading else (shared, same)
    model = whole[1].T @ whole[0]
    kept = without_redundant(factors, loadings, noise=1e-6 * np.sum(model**2))
    assert len(kept[0]) == n_components
    np.testing.assert_allclose(kept[1].T @ kept[0], model, atol=1e-3 * model.max())


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), n_components=st.integers(2, 5))
def test_leaving_out_costs_no_more_than_is_allowed(seed, n_components):
    factors, loadings = components(n_components, seed)
    model = loadings.T @ factors
    noise = 0.05 * np.sum(model**2)
    n_kept = None
    for _ in range(n_components):
        kept = without_redundant(factors, loadings, noise)
        n_left_out = n_components - len(kept[0])
        assert all((part >= 0).all() for part in kept)
        distance = np.linalg.norm(kept[1].T @ kept[0] - model)
        assert distance <= n_left_out * np.sqrt(2 * noise) + 1e-9
        assert n_kept is None or len(kept[0]) >= n_kept
        n_kept, noise = len(kept[0]), noise / 4


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), n=st.integers(2, 6))
def test_the_weakest_is_the_smallest_singular_value_of_the_model(seed, n):
    rng = np.random.default_rng(seed)
    factors, loadings = rng.random((n, 30)), rng.random((n, 40))
    values = np.linalg.svd(loadings.T @ factors, compute_uv=False)
    weakest = _weakest(factors, loadings, Held())
    assert weakest == pytest.approx(values[n - 1] ** 2, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), n_factors=st.integers(0, 2), n_maps=st.integers(0, 2))
def test_what_is_held_is_no_part_of_it(seed, n_factors, n_maps):
    rng = np.random.default_rng(seed)
    n_held = n_factors + n_maps
    factors, loadings = rng.random((n_held + 3, 30)), rng.random((n_held + 3, 40))
    known, maps = factors[:n_factors], loadings[n_factors:n_held]
    beyond = [
        rows[n_held:] @ (np.eye(rows.shape[1]) - np.linalg.pinv(span) @ span)
        for rows, span in ((factors, known), (loadings, maps))
    ]
    values = np.linalg.svd(beyond[1].T @ beyond[0], compute_uv=False)
    weakest = _weakest(factors, loadings, Held(n_factors, n_maps))
    assert weakest == pytest.approx(values[2] ** 2, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("strongest", "n_kept"), [(0.9, 3), (1.2, 1)])
def test_nothing_is_left_out_while_all_stand_out_of_noise(strongest, n_kept):
    factors, loadings = np.eye(3, 9), np.eye(3, 8)
    kept = without_redundant(factors, loadings, 10.0, None, lambda n: strongest)
    assert len(kept[0]) == n_kept
