"""Maps are smoothed as widely as their neighbours foretell them best, and no wider."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data, get_result
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import PerScan
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.smoothing_width import WIDTHS, smoothing_width

SHAPE = (30, 31)


def counts(width, dose, seed=0):
    """Return counts of patterns that change over some positions."""
    rows = np.arange(SHAPE[0])[:, np.newaxis] / width
    columns = np.arange(SHAPE[1]) / width
    maps = np.stack([1 + np.sin(rows) * np.cos(columns), 1 + np.cos(rows + columns)])
    patterns = np.random.default_rng(1).random((2, 60))
    expected = dose * np.tensordot(maps, patterns, axes=(0, 0)) / 60
    return np.random.default_rng(seed).poisson(expected).astype(float)


def width_of(values, n_components=2, keep=None, smoothing=None):
    keep = np.ones(SHAPE, bool) if keep is None else keep
    operator = StreamedOperator(values, keep, np.ones(values.shape[2:], bool))
    span = operator.span(random_patterns(20, values.shape[2], 0))
    smoothing = GaussianSmoothing() if smoothing is None else smoothing
    return smoothing_width(sketch(operator, span), smoothing, keep, n_components)


@settings(deadline=None, max_examples=15)
@given(
    width=st.floats(0.5, 8),
    dose=st.floats(10, 1e5),
    scale=st.floats(1e-3, 1e3),
    n_components=st.integers(1, 5),
)
def test_the_width_is_one_of_those_tried_and_no_unit_changes_it(
    width, dose, scale, n_components
):
    values = counts(width, dose)
    found = width_of(values, n_components)
    assert found in WIDTHS
    assert width_of(scale * values, n_components) == found


def test_fewer_counts_bear_wider_smoothing_until_there_is_only_noise():
    widths = [width_of(counts(8, dose)) for dose in (1e5, 100)]
    assert widths[0] == 1 < widths[1]
    noise = np.random.default_rng(0).poisson(2.0, (*SHAPE, 60)).astype(float)
    assert width_of(noise) == 1


def test_what_is_sharper_than_its_smoothing_bears_no_wider_one():
    assert width_of(counts(0.5, 1e4)) == 1


def test_values_are_foretold_as_if_they_were_left_out():
    keep = np.random.default_rng(0).random((7, 9)) < 0.8
    smoothing = GaussianSmoothing().widened(1.5, keep.shape)
    values = np.random.default_rng(1).random((1, keep.sum()))
    own = smoothing.own_weight(keep)
    short = (values - smoothing.prepare(keep)(values))[0] / (1 - own)
    for i, place in enumerate(np.argwhere(keep)):
        others = keep.copy()
        others[tuple(place)] = False
        image = np.zeros(keep.shape)
        image[keep] = values[0]
        # What is smoothed of the others at a place that is masked itself.
        kernels = smoothing.kernels(keep.shape)
        index = [np.arange(n) - p for n, p in zip(keep.shape, place, strict=True)]
        near = [
            np.where(
                abs(d) <= k.size // 2, k[np.clip(d + k.size // 2, 0, k.size - 1)], 0
            )
            for d, k in zip(index, kernels, strict=True)
        ]
        weights = np.outer(*near) * others
        foretold = (weights * image).sum() / weights.sum()
        np.testing.assert_allclose(values[0, i] - foretold, short[i], rtol=1e-9)


def test_several_scans_are_asked_together():
    values, half = counts(8, 100), SHAPE[0] // 2
    shapes = (half, SHAPE[1]), (SHAPE[0] - half, SHAPE[1])
    both = PerScan((GaussianSmoothing(),) * 2, shapes)
    flat = values.reshape(-1, 1, values.shape[-1])
    keep = np.ones(flat.shape[:2], bool)
    operator = StreamedOperator(flat, keep, np.ones(flat.shape[2:], bool))
    span = operator.span(random_patterns(20, flat.shape[2], 0))
    found = smoothing_width(sketch(operator, span), both, keep[:, 0], 2)
    assert found == width_of(values) > 1


@pytest.mark.parametrize("normalize", [False, True])
def test_patterns_of_few_electrons_are_found_from_smoother_maps(normalize):
    signal, truth = data.four_phases(dose=700, random_state=3, return_truth=True)
    settings = {
        "algorithm": "constrained_nmf",
        "output_dimension": 4,
        "normalize_poissonian_noise": normalize,
        "n_init": 3,
        "random_state": 0,
        "print_info": False,
    }
    true = truth.loadings.data.reshape(4, -1)

    def worst():
        found = signal.learning_results.loadings.T
        found = found[found.any(axis=1)]
        # Of crystals: the map of the matrix is nearly flat, and noise is much of it.
        return np.corrcoef(true, found)[1:4, 4:].max(axis=1).min()

    signal.decomposition(**settings)
    result, by_itself = get_result(signal), worst()
    assert "size=(3, 3)" in str(result.parameters["loading_constraint"])
    narrow = replace(GaussianSmoothing(size=3), tentative=False)
    signal.decomposition(loading_constraint=narrow, **settings)
    assert get_result(signal).parameters["smoothing_width"] == 1
    assert result.parameters["smoothing_width"] > 1
    assert by_itself > worst() - 0.01 and by_itself > 0.9


@pytest.mark.parametrize("shape", [(1, 3), (15, 17)])
def test_few_positions_are_smoothed_as_they_are(shape):
    values = np.repeat(counts(8, 100)[: shape[0], : shape[1]], 3, axis=2)
    assert width_of(values, keep=np.ones(shape, bool), n_components=1) == 1
