"""Smoothing of maps is what the data bear out, and what is lost by it is said."""

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import get_result
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.smoothing_cost import DEAR, smoothing_cost

SHAPE = (24, 25)


def spectra(width, counts, seed=0):
    """Return counts of two spectra, of which one is in a line of some width."""
    energies = np.arange(60)
    even = np.exp(-((energies - 20) ** 2) / 20)
    line = np.exp(-((energies - 40) ** 2) / 80)
    distance = np.abs(np.arange(SHAPE[0]) - 12)
    share = 50 * np.exp(-((distance / width) ** 2))[:, np.newaxis] * np.ones(SHAPE[1])
    expected = counts * (even + share[..., np.newaxis] * line)
    return np.random.default_rng(seed).poisson(expected).astype(float)


def cost_of(data, n_components=2):
    keep = np.ones(data.shape[:2], bool)
    operator = StreamedOperator(data, keep, np.ones(data.shape[2:], bool))
    span = operator.span(random_patterns(20, data.shape[2], 0))
    smooth = GaussianSmoothing().prepare(keep)
    return smoothing_cost(sketch(operator, span), smooth, n_components)


@settings(deadline=None, max_examples=15)
@given(
    width=st.floats(0.5, 8),
    scale=st.floats(1e-3, 1e3),
    n_components=st.integers(1, 25),
)
def test_the_cost_is_a_ratio_that_no_unit_changes(width, scale, n_components):
    data = spectra(width, 20)
    cost = cost_of(data, n_components)
    assert cost >= 1
    np.testing.assert_allclose(cost_of(scale * data, n_components), cost, rtol=1e-6)


@pytest.mark.parametrize(("width", "is_dear"), [(0.5, True), (1, True), (8, False)])
def test_maps_that_are_sharper_than_the_kernel_are_told(width, is_dear):
    assert (cost_of(spectra(width, 20)) > DEAR) == is_dear


def test_noise_is_smoothed_at_no_cost():
    noise = np.random.default_rng(0).poisson(20.0, (*SHAPE, 60)).astype(float)
    for n_components in (1, 5, 20):
        assert cost_of(noise, n_components) < 1.05


def test_sharp_maps_without_noise_cost_all_there_is():
    line = np.zeros(SHAPE)
    line[12] = 1
    data = np.tensordot(line, np.arange(1.0, 61), axes=0)
    assert cost_of(data, 1) == np.inf
    assert cost_of(np.ones_like(data), 1) == 1


def relative_error(signal, **settings):
    signal.decomposition(
        algorithm="constrained_nmf", output_dimension=2, n_init=2, random_state=0,
        print_info=False, **settings,
    )  # fmt: skip
    results = signal.learning_results
    data = signal.data.reshape(-1, signal.data.shape[-1])
    model = results.loadings @ results.factors.T
    return np.linalg.norm(data - model) / np.linalg.norm(data), get_result(signal)


@pytest.mark.parametrize("normalize", [False, True])
def test_what_the_data_contradict_is_left_out_or_said(normalize):
    signal = hs.signals.Signal1D(spectra(0.5, 100))
    values = np.linalg.svd(signal.data.reshape(-1, 60), compute_uv=False)
    least = np.sqrt(np.sum(values[2:] ** 2) / np.sum(values**2))
    settings = {"normalize_poissonian_noise": normalize}
    error, result = relative_error(signal, **settings)
    assert error < 1.2 * least
    assert result.parameters["loading_constraint"] is None
    assert "were not smoothed" in result.summary()
    error, result = relative_error(
        signal, loading_constraint=GaussianSmoothing(), **settings
    )
    assert error > 2 * least
    assert "as large as it need be" in result.summary()


def test_maps_as_wide_as_the_probe_are_smoothed():
    signal = hs.signals.Signal1D(spectra(8, 20))
    _, result = relative_error(signal)
    assert "GaussianSmoothing" in str(result.parameters["loading_constraint"])
    assert "smooth" not in result.summary()
