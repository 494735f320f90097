"""Reprojection: what masks left out, as the true model has it there."""

import numpy as np
import pytest

from tests.conftest import QUICK, make_components


@pytest.mark.parametrize("reproject", [None, "navigation", "signal", "both"])
def test_masked_values_are_filled_in_where_asked_for(make_scan, reproject):
    scan = make_scan((9, 10), (12, 10), counts=1e5)
    navigation, signal = np.zeros((9, 10), bool), np.zeros((12, 10), bool)
    navigation[2:4, 3], signal[5, 6:8] = True, True
    scan.decomposition(
        **QUICK | {"loading_constraint": None},
        navigation_mask=navigation.T,
        signal_mask=signal,
        reproject=reproject,
    )
    results = scan.learning_results
    filled = np.isfinite(results.loadings).all(), np.isfinite(results.factors).all()
    assert filled == (
        reproject in ("navigation", "both"),
        reproject in ("signal", "both"),
    )
    if reproject == "both":
        maps, patterns = make_components((9, 10), (12, 10))
        truth = 1e5 * maps.reshape(3, -1).T @ patterns.reshape(3, -1)
        model = results.loadings @ results.factors.T
        where = np.ix_(navigation.ravel(), signal.ravel())
        np.testing.assert_allclose(model[where], truth[where], rtol=0.1)
