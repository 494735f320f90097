"""The simulated series of scans, and its truth."""

import numpy as np
import pytest

from hspy_cnmf.data import precipitation_series

SMALL = {"shapes": ((40, 36), (32, 44)), "detector_shape": (32, 32), "transient": 1}


def test_lazy_equals_eager_and_the_truth_fits():
    eager, truth = precipitation_series(**SMALL, random_state=0, return_truth=True)
    mixed = precipitation_series(**SMALL, random_state=0, lazy=[False, True], chunks=16)
    assert not mixed[0]._lazy and mixed[1]._lazy
    for one, other in zip(eager, mixed, strict=True):
        np.testing.assert_array_equal(one.data, np.asarray(other.data))
    assert [s.data.shape[:2] for s in eager] == [(40, 36), (32, 44)]
    np.testing.assert_allclose(truth.shares_of_counts.sum(axis=0), 1)
    assert truth.number_densities[-1, 0] == 0 < truth.number_densities[-1, 1]
    for k, i in np.ndindex(5, 2):
        own = truth.particles[
            (truth.particles["component"] == k) & (truth.particles["scan"] == i)
        ]
        if k:
            assert np.isclose(truth.number_densities[k, i] * (1440, 1408)[i], len(own))
    assert min(maps.min() for maps in truth.loadings) >= 0


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="shapes is empty"):
        precipitation_series(())
    with pytest.raises(ValueError, match="lazy="):
        precipitation_series(**SMALL, lazy=[True])
