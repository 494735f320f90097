"""Results in a signal, and what is told of them."""

import numpy as np

from hspy_cnmf import get_result
from hspy_cnmf.decomposition.write import describe
from tests.conftest import QUICK


def test_what_is_told_is_what_is_stored(make_scan):
    scan = make_scan()
    scan.decomposition(**QUICK)
    result, results = get_result(scan), scan.learning_results
    text = describe(result)
    assert "algorithm=constrained_nmf" in text and "output_dimension=3" in text
    assert results.decomposition_algorithm == "constrained_nmf"
    assert results.output_dimension == 3
    np.testing.assert_array_equal(results.factors.T, result.factors)
    np.testing.assert_array_equal(results.loadings.T, result.loadings)
