"""How what several scans show evolves."""

import numpy as np
import pytest

from hspy_cnmf import decompose_series, measure_evolution
from tests.series.test_decompose_series import ARGUMENTS, KIND, scans_of


def test_scans_with_maps_of_the_same_factors_can_be_measured(make_scan):
    scans = scans_of(make_scan)
    evolution = decompose_series(scans, **ARGUMENTS)
    third = make_scan((7, 7), signal_type=KIND, seed=3)
    third.apply_factors(scans[0], print_info=False)
    longer = measure_evolution([*scans, third])
    values, _ = longer.arrays("share_of_counts")
    np.testing.assert_allclose(values[:, :2], evolution.arrays("share_of_counts")[0])
    third.decomposition(algorithm="constrained_nmf", **ARGUMENTS | {"random_state": 1})
    with pytest.raises(ValueError, match="other factors than scan 0"):
        measure_evolution([*scans, third])
