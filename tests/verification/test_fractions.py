"""Fractions of components: uncertainties as large as fractions scatter."""

from functools import partial

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf import get_fractions
from hspy_cnmf.operators.reader import BlockReader
from hspy_cnmf.verification.fitted_fractions import fractions_and_uncertainties
from hspy_cnmf.verification.noise import PoissonNoise
from hspy_cnmf.verification.reading import gather
from hspy_cnmf.verification.weighted_loadings import (
    loading_covariance,
    nonnegative_loadings,
    normal_equations,
)
from tests.conftest import QUICK, make_components


def problem(n, n_positions, seed):
    rng = np.random.default_rng(seed)
    root = rng.random((n_positions, n, n + 3))
    gram = np.moveaxis(root @ np.swapaxes(root, 1, 2), 0, -1)
    return gram, rng.normal(size=(n, n_positions))


@given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_nonnegative_loadings_obey_the_conditions_of_a_minimum(n, n_positions, seed):
    gram, products = problem(n, n_positions, seed)
    loadings = nonnegative_loadings(products, gram, np.ones((n, n_positions)))
    gradient = products - np.einsum("kjn,jn->kn", gram, loadings)
    assert (loadings >= 0).all()
    assert gradient.max() < 1e-4
    np.testing.assert_allclose(gradient * loadings, 0, atol=1e-4)


@given(st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_covariance_is_the_inverse_among_what_is_there(n, seed):
    gram, products = problem(n, 4, seed)
    there = products > 0
    covariance = loading_covariance(gram, there)
    for i in range(4):
        part = np.ix_(there[:, i], there[:, i])
        expected = np.zeros((n, n))
        expected[part] = np.linalg.inv(gram[:, :, i][part])
        np.testing.assert_allclose(covariance[i], expected, rtol=1e-6, atol=1e-9)


def fractions_of(data, factors, loadings):
    """Return fractions and uncertainties with factors that are known."""
    keep = np.ones(data.shape[:1], bool), np.ones(data.shape[1:], bool)
    reader = BlockReader(data, *keep)
    function = partial(
        normal_equations, noise=PoissonNoise(), mean_factors=factors.mean(axis=1)
    )
    rows, _ = reader.read(
        "Fitting",
        function,
        *reader.sides(loadings, factors),
        finish=fractions_and_uncertainties,
    )
    return np.split(gather(rows, reader.positions), 2)


@pytest.mark.parametrize("counts", [3e3, 300])
def test_pulls_have_unit_spread(counts):
    _, patterns = make_components((4, 4), (14, 12))
    factors = patterns.reshape(3, -1)
    truth = np.array([[0.5, 0.3, 0.2], [0.34, 0.33, 0.33], [0.6, 0.0, 0.4]])
    pulls = []
    for k, shares in enumerate(truth):
        expected = counts * shares @ factors
        rng = np.random.default_rng(k)
        data = rng.poisson(expected, (3000, expected.size)).reshape(3000, 14, 12)
        loadings = np.repeat(counts * shares[:, np.newaxis], 3000, axis=1)
        fractions, uncertainty = fractions_of(data, factors, loadings)
        there = shares > 0
        # at the boundary, fractions do not scatter as the normal distribution does
        inner = there & (shares > 4 * np.median(uncertainty, axis=1))
        pulls += list(((fractions - shares[:, None]) / uncertainty)[inner])
        np.testing.assert_allclose(fractions.sum(axis=0), 1)
    assert len(pulls) >= 2
    assert np.std(pulls, axis=1) == pytest.approx(1, abs=0.1)
    assert np.abs(np.mean(pulls, axis=1)).max() < 0.35


@pytest.fixture(scope="module")
def decomposed(make_scan):
    """Return a function that makes a decomposed scan."""

    def make(**arguments):
        arguments = {"signal_type": "electron_diffraction"} | arguments
        scan = make_scan((9, 10), (14, 12), **arguments)
        scan.decomposition(**QUICK)
        return scan

    return make


def test_signals_are_calibrated_and_sum_to_one(decomposed):
    scan = decomposed()
    scan.axes_manager[0].scale = 0.3
    fractions = scan.get_component_fractions()
    np.testing.assert_allclose(fractions.fractions.data.sum(axis=0), 1)
    assert fractions.fractions.axes_manager[1].scale == 0.3
    variance = fractions.fractions.get_noise_variance()
    np.testing.assert_allclose(variance.data, fractions.uncertainty.data**2)
    assert fractions.uncertainty.data.min() > 0
    assert fractions.n_present.data.shape == (9, 10)


@pytest.mark.parametrize("chunks", [(9, 10, 14, 12), (2, 3, 14, 12), (4, 10, 5, 12)])
def test_lazy_is_eager_whatever_the_chunks(decomposed, chunks):
    scan = decomposed()
    lazy = scan.as_lazy()
    lazy.data = lazy.data.rechunk(chunks)
    one, other = scan.get_component_fractions(), lazy.get_component_fractions()
    for name in ("fractions", "uncertainty", "n_present"):
        np.testing.assert_allclose(
            getattr(one, name).data, getattr(other, name).data, rtol=1e-6, atol=1e-9
        )


def test_overlap_is_where_components_overlap():
    scan, truth = hspy_cnmf.data.four_phases(
        (18, 18), detector_shape=(64, 64), random_state=0, return_truth=True
    )
    scan.decomposition(**QUICK | {"output_dimension": 4, "max_iter": 150})
    fractions = scan.get_component_fractions()
    crystals = truth.loadings.data[1:].sum(axis=0) / truth.loadings.data.sum(axis=0)
    present = fractions.n_present.data
    assert np.median(present[crystals < 1e-4]) == 1
    assert present[(crystals > 0.01) & (crystals < 0.08)].min() >= 2
    table = fractions.table()
    assert len(table) == 6
    assert table["n_positions"].max() > 10
    assert fractions.plot().axes


def test_masked_and_empty_positions_are_nan(make_scan):
    scan = make_scan((9, 10), (14, 12))
    scan.data[4, 5] = 0
    mask = np.zeros((10, 9), bool)
    mask[2, 3] = True
    scan.decomposition(**QUICK | {"loading_constraint": None}, navigation_mask=mask)
    fractions = scan.get_component_fractions()
    missing = np.zeros((9, 10), bool)
    missing[3, 2] = missing[4, 5] = True
    np.testing.assert_array_equal(np.isnan(fractions.fractions.data[0]), missing)
    np.testing.assert_array_equal(np.isnan(fractions.n_present.data), missing)


def test_empty_components_have_no_fraction(make_scan):
    scan = make_scan((12, 12), signal_type="electron_diffraction")
    scan.decomposition(**QUICK | {"output_dimension": 6, "max_iter": 100})
    n_found = hspy_cnmf.get_result(scan).n_found
    assert n_found < 6
    whole = scan.get_component_fractions()
    assert whole.n_components == 6
    assert not whole.fractions.data[n_found:].any()
    assert not whole.present()[n_found:].any()
    results = scan.learning_results
    results.factors = results.factors[:, :n_found]
    results.loadings = results.loadings[:, :n_found]
    part = scan.get_component_fractions()
    for name in ("fractions", "uncertainty"):
        one, other = (getattr(found, name).data for found in (whole, part))
        np.testing.assert_allclose(one[:n_found], other, rtol=1e-9, atol=1e-12)


def test_the_summary_counts_what_the_map_shows(decomposed):
    fractions = decomposed().get_component_fractions()
    n_overlap = np.count_nonzero(fractions.n_present.data > 1)
    text = fractions.summary()
    assert f"surely there at {n_overlap} of 90 positions" in text
    assert f"{n_overlap / 90:.1%}" in text
    assert f"{np.median(fractions.uncertainty.data):.2g} (median" in text


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_saved_and_loaded(decomposed, tmp_path, extension):
    scan = decomposed()
    fractions = scan.get_component_fractions()
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_fractions(hs.load(tmp_path / f"scan.{extension}"))
    np.testing.assert_array_equal(loaded.present(), fractions.present())
    assert str(loaded.table()) == str(fractions.table())
    assert loaded.parameters == fractions.parameters
    scan.decomposition(**QUICK)
    with pytest.raises(RuntimeError, match="no fractions"):
        get_fractions(scan)


def test_gain_scales_uncertainties_only(decomposed):
    scan = decomposed()
    one = scan.get_component_fractions()
    four = scan.get_component_fractions(gain=4)
    np.testing.assert_allclose(four.fractions.data, one.fractions.data, atol=1e-6)
    np.testing.assert_allclose(
        2 * four.uncertainty.data, one.uncertainty.data, rtol=1e-4
    )


def test_bad_input(make_scan, decomposed):
    with pytest.raises(RuntimeError, match="not been decomposed"):
        make_scan().get_component_fractions()
    with pytest.raises(ValueError, match="significance"):
        decomposed().get_component_fractions(significance=2)
    scan = make_scan()
    scan.decomposition(output_dimension=3, print_info=False)
    with pytest.raises(ValueError, match="negative"):
        scan.get_component_fractions()


def test_line_scans(make_scan):
    scan = make_scan((40,), (60,))
    scan.decomposition(**QUICK)
    fractions = scan.get_component_fractions()
    assert fractions.fractions.data.shape == (3, 40)
    assert fractions.plot().axes
