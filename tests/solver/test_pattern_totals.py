"""Noise that is cut off adds nothing to the totals of patterns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.pattern_totals import Noise, with_totals_of_least_squares


def noisy(seed, deviation, n_pixels=400):
    """Return true patterns and maps, and what is found with noise that is cut off."""
    rng = np.random.default_rng(seed)
    factors = np.vstack([np.ones(n_pixels), rng.random(n_pixels) < 0.05])
    factors = factors / factors.sum(axis=1, keepdims=True)
    loadings = np.vstack([np.full(60, 50.0), 5.0 * (np.arange(60) < 20)])
    data = loadings.T @ factors
    data += deviation * rng.standard_normal(data.shape)
    patterns = loadings @ data
    found = np.maximum(np.linalg.solve(loadings @ loadings.T, patterns), 0)
    return factors, loadings, found, patterns


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_totals_and_patterns_are_nearer_to_the_truth(seed):
    true, maps, cut_off, patterns = noisy(seed, deviation=0.05)
    noise = np.full(true.shape[1], 0.05**2)
    factors, loadings = with_totals_of_least_squares(
        cut_off, maps, patterns, Noise(noise)
    )
    assert factors.min() >= 0
    np.testing.assert_allclose(factors.sum(axis=1), 1)
    amount = loadings[1].sum() / maps[1].sum()
    assert abs(amount - 1) < 0.3 < cut_off[1].sum() - 1
    own, before = (abs(each[1] - true[1]).sum() for each in (factors, cut_off))
    assert own < before


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_averages_tell_which_pixels_are_dark(seed):
    true, maps, cut_off, patterns = noisy(seed, deviation=0.05)
    of_pixels = np.full(true.shape[1], 0.05**2)
    noise = Noise(of_pixels, of_pixels / 16)
    arguments = cut_off, maps, patterns, noise, None
    flat, informed = (
        with_totals_of_least_squares(*arguments, known) for known in (None, true)
    )
    np.testing.assert_allclose(informed[1], flat[1])  # totals are the same
    assert abs(informed[0][1] - true[1]).sum() < abs(flat[0][1] - true[1]).sum()


@given(st.integers(0, 10**6))
def test_without_noise_nothing_changes(seed):
    true, maps, cut_off, patterns = noisy(seed, deviation=0.0)
    noise = np.zeros(true.shape[1])
    factors, loadings = with_totals_of_least_squares(
        cut_off, maps, patterns, Noise(noise)
    )
    np.testing.assert_allclose(factors, true, atol=1e-12)
    np.testing.assert_allclose(loadings, maps)


@given(st.integers(0, 10**6))
def test_no_more_is_taken_off_than_noise_adds(seed):
    # The factors of another model: what least squares lacks there is not for noise.
    true, maps, cut_off, patterns = noisy(seed, deviation=0.0)
    noise = np.full(true.shape[1], 1e-8)
    _, loadings = with_totals_of_least_squares(
        2 * cut_off, maps, patterns, Noise(noise)
    )
    most = 1e-4 * true.shape[1] / np.sqrt(2 * np.pi)
    most *= np.sqrt(np.diag(np.linalg.inv(maps @ maps.T)))
    totals = loadings.max(axis=1) / maps.max(axis=1)
    np.testing.assert_allclose(totals, 2 - most, rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_units_of_pixels_make_no_difference(seed):
    _, maps, cut_off, patterns = noisy(seed, deviation=0.05)
    scale = np.random.default_rng(seed).uniform(0.5, 2, cut_off.shape[1])
    noise = np.full(cut_off.shape[1], 0.05**2)
    plain = with_totals_of_least_squares(cut_off, maps, patterns, Noise(noise))
    scaled = with_totals_of_least_squares(
        cut_off / scale, maps, patterns / scale, Noise(noise / scale**2), scale
    )
    np.testing.assert_allclose(scaled[0] * scale, plain[0], atol=1e-9)
    np.testing.assert_allclose(scaled[1], plain[1])


def test_empty_components_stay_empty():
    _, maps, cut_off, patterns = noisy(0, deviation=0.05)
    empty = np.zeros((1, cut_off.shape[1]))
    factors, loadings = with_totals_of_least_squares(
        np.vstack([cut_off, empty]),
        np.vstack([maps, np.zeros(maps.shape[1])]),
        np.vstack([patterns, empty]),
        Noise(np.full(cut_off.shape[1], 0.05**2)),
    )
    assert not factors[2].any() and not loadings[2].any()
    assert factors[:2].any(axis=1).all()


def test_what_is_held_stays():
    _, maps, cut_off, patterns = noisy(0, deviation=0.05)
    held, noise = np.array([False, True]), Noise(np.full(cut_off.shape[1], 0.05**2))
    factors, loadings = with_totals_of_least_squares(
        cut_off, maps, patterns, noise, held=held
    )
    np.testing.assert_array_equal(factors[1], cut_off[1])
    np.testing.assert_array_equal(loadings[1], maps[1])
    assert factors[0].sum() == pytest.approx(1)
