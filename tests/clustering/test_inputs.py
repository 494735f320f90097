"""What is clustered: signals or arrays, some components, and their weights."""

import numpy as np
import pytest

from hspy_cnmf.clustering.inputs import Components
from tests.conftest import QUICK

RNG = np.random.default_rng(0)
FACTORS, LOADINGS = RNG.random((4, 9, 9)), RNG.random((4, 5, 6))


def test_arrays_are_as_good_as_signals():
    given = Components.from_stacks(FACTORS, LOADINGS, [2, 0])
    np.testing.assert_array_equal(given.patterns, FACTORS[[2, 0]])
    np.testing.assert_array_equal(given.maps, LOADINGS[[2, 0]])
    np.testing.assert_allclose(given.totals, LOADINGS[[2, 0]].sum(axis=(1, 2)))
    again = Components.from_stacks(given.factors, given.loadings, [2, 0])
    np.testing.assert_array_equal(again.patterns, given.patterns)


def test_without_maps_all_weigh_the_same():
    given = Components.from_stacks(FACTORS)
    assert given.maps is None
    np.testing.assert_array_equal(given.weights, 1)
    np.testing.assert_allclose(given.mean_pattern, FACTORS.mean(axis=0))


@pytest.mark.parametrize("chosen", [[1, 1], [3], 1])
def test_fewer_than_two_are_refused(chosen):
    with pytest.raises(ValueError, match="two or more different components"):
        Components.from_stacks(FACTORS, LOADINGS, chosen)


def test_masked_patterns_are_known_where_any_is():
    factors = FACTORS.copy()
    factors[:, 0, 0], factors[0, 1, 1] = np.nan, np.nan
    mean = Components.from_stacks(factors).mean_pattern
    assert np.argwhere(np.isnan(mean)).tolist() == [[0, 0]]
    assert mean[1, 1] == pytest.approx(factors[1:, 1, 1].mean())


def test_an_estimated_centre_is_said_once_of_a_decomposition(make_scan, caplog):
    scan = make_scan(signal=(32, 30), signal_type="electron_diffraction")
    for axis in scan.axes_manager.signal_axes:
        axis.offset = 0
    for n_said in (1, 2):
        scan.decomposition(**QUICK, factor_constraint=None)
        for _ in range(3):
            scan.cluster_diffraction(print_info=False)
            scan.check_components()
        assert caplog.text.count("estimated (row, column)") == n_said


def test_maps_stay_in_their_precision_and_place():
    maps = np.ones((3, 40, 30), np.float32)
    every = Components.from_stacks(FACTORS[:3], maps)
    assert np.shares_memory(every.maps, maps)
    assert every.totals.dtype == float
    some = Components.from_stacks(FACTORS[:3], maps, [2, 0])
    assert some.maps.dtype == np.float32 and some.maps.shape == (2, 40, 30)
    assert Components.from_stacks(FACTORS[:3], maps.astype(int)).maps.dtype == float
