"""Fractions of components: uncertainties as large as fractions scatter."""

import numpy as np
import pytest

import hspy_cnmf
from tests.conftest import QUICK


def test_signals_are_calibrated_and_sum_to_one(decomposed_patterns):
    scan = decomposed_patterns()
    scan.axes_manager[0].scale = 0.3
    fractions = scan.get_component_fractions()
    np.testing.assert_allclose(fractions.fractions.data.sum(axis=0), 1)
    assert fractions.fractions.axes_manager[1].scale == 0.3
    variance = fractions.fractions.get_noise_variance()
    np.testing.assert_allclose(variance.data, fractions.uncertainty.data**2)
    assert fractions.uncertainty.data.min() > 0
    assert fractions.n_present.data.shape == (9, 10)


@pytest.mark.parametrize("chunks", [(9, 10, 14, 12), (2, 3, 14, 12), (4, 10, 5, 12)])
def test_lazy_is_eager_whatever_the_chunks(decomposed_patterns, chunks):
    scan = decomposed_patterns()
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


def test_gain_scales_uncertainties_only(decomposed_patterns):
    scan = decomposed_patterns()
    one = scan.get_component_fractions()
    four = scan.get_component_fractions(gain=4)
    np.testing.assert_allclose(four.fractions.data, one.fractions.data, atol=1e-6)
    np.testing.assert_allclose(
        2 * four.uncertainty.data, one.uncertainty.data, rtol=1e-4
    )


def test_bad_input(make_scan, decomposed_patterns):
    with pytest.raises(RuntimeError, match="not been decomposed"):
        make_scan().get_component_fractions()
    with pytest.raises(ValueError, match="significance"):
        decomposed_patterns().get_component_fractions(significance=2)
    scan = make_scan()
    scan.decomposition(output_dimension=3, print_info=False)
    with pytest.raises(ValueError, match="negative; those of SVD"):
        scan.get_component_fractions()
    reversed_ = decomposed_patterns()
    reversed_.reverse_decomposition_component(0)
    with pytest.raises(ValueError, match="Reverse them again"):
        reversed_.get_component_fractions()


def test_line_scans(make_scan):
    scan = make_scan((40,), (60,))
    scan.decomposition(**QUICK)
    fractions = scan.get_component_fractions()
    assert fractions.fractions.data.shape == (3, 40)
    assert fractions.plot().axes
