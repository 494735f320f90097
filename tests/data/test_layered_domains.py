"""The simulated layered oxide and its truth."""

import numpy as np
import pytest

from hspy_cnmf import data

SMALL = {"shape": (10, 12), "detector_shape": (32, 40), "random_state": 3}


def test_same_seed_same_data_lazy_or_not():
    eager, truth = data.layered_domains(**SMALL, return_truth=True)
    lazy = data.layered_domains(**SMALL, lazy=True, chunks=(3, 5))
    assert lazy._lazy and lazy.data.chunks[0] == (3, 3, 3, 1)
    np.testing.assert_array_equal(lazy.data.compute(), eager.data)
    assert type(eager).__name__ == "ElectronDiffraction2D"
    other = data.layered_domains(**(SMALL | {"random_state": 4}))
    assert (other.data != eager.data).any()
    assert truth.labels.data.shape == (10, 12)


def test_expectation_and_dose():
    expected = data.layered_domains(**SMALL, dose=None)
    totals = expected.data.sum(axis=(2, 3))
    # Spots at the edge of the detector may be cut.
    assert (totals > 0.98).all() and (totals < 1.001).all()
    counts = data.layered_domains(**SMALL, dose=1e5)
    assert counts.data.dtype == np.uint32
    difference = counts.data / 1e5 - expected.data
    assert np.abs(difference).max() < 6 * np.sqrt(expected.data.max() / 1e5)


def test_truth_does_not_depend_on_dose_or_detector():
    truths = [
        data.layered_domains(**(SMALL | more), return_truth=True)[1]
        for more in ({"dose": 10.0}, {"dose": None}, {"detector_shape": (48, 48)})
    ]
    for name in ("labels", "boundary", "share", "orientations"):
        first, *others = (getattr(truth, name).data for truth in truths)
        assert all(np.array_equal(first, other) for other in others)


def test_boundaries_are_gradual_and_every_variant_is_there():
    _, truth = data.layered_domains(
        (32, 32), detector_shape=(32, 32), random_state=0, return_truth=True
    )
    labels, boundary, share = (
        truth.labels.data,
        truth.boundary.data,
        truth.share.data,
    )
    assert set(np.unique(labels)) == set(range(len(truth.names)))
    assert 0.05 < boundary.mean() < 0.6
    np.testing.assert_array_equal(boundary, share < 0.9)
    across = labels[:, 1:] != labels[:, :-1]
    assert boundary[:, 1:][across].mean() > 0.9
    assert len(np.unique(share.round(2))) > 20


def test_rotated_grains_have_orientations():
    _, truth = data.layered_domains(
        **SMALL, n_variants=3, n_cells=6, rotated=True, return_truth=True
    )
    assert len(np.unique(truth.orientations.data)) > 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_variants": 1}, ValueError),
        ({"n_variants": 9}, ValueError),
        ({"n_cells": 2}, ValueError),
        ({"shape": (4, 4)}, ValueError),
        ({"dose": 0}, ValueError),
        ({"bending": -1.0}, ValueError),
        ({"random_state": "x"}, TypeError),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        data.layered_domains(**arguments)
