"""Laws of simulated scans of domains: grains, twins, precipitates and films."""

import dask.array as da
import numpy as np
import pytest

from hspy_cnmf import data

MAKERS = (
    data.crystallised_film,
    data.oriented_grains,
    data.precipitates_in_crystal,
    data.turned_grains,
    data.twinned_crystal,
)
SMALL = {"shape": (16, 18), "detector_shape": (32, 40), "random_state": 3}

every = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


@every
def test_same_seed_same_data_lazy_or_not(make):
    eager = make(**SMALL)
    lazy = make(**SMALL, lazy=True, chunks=(7, 5))
    assert isinstance(lazy.data, da.Array)
    np.testing.assert_array_equal(lazy.data.compute(), eager.data)
    assert (make(**(SMALL | {"random_state": 4})).data != eager.data).any()
    assert type(eager).__name__ == "ElectronDiffraction2D"
    assert eager.calibration.beam_energy == 300


@every
def test_expectation_and_dose(make):
    expected = make(**SMALL, dose=None).data
    totals = expected.sum(axis=(2, 3))
    assert expected.dtype == np.float32 and (expected >= 0).all()
    assert (totals > 0.7).all() and (totals < 1.001).all()  # bent spots fade
    counts = make(**SMALL, dose=1e5).data
    difference = counts / 1e5 - expected
    assert counts.dtype == np.uint32
    assert np.abs(difference).max() < 6 * np.sqrt(expected.max() / 1e5)


@every
def test_truth_is_of_the_specimen(make):
    _, truth = make(**SMALL, return_truth=True)
    _, other = make(**(SMALL | {"dose": 1e4}), return_truth=True)
    np.testing.assert_array_equal(truth.labels.data, other.labels.data)
    n = len(truth.names)
    assert truth.labels.data.shape == truth.boundary.data.shape == (16, 18)
    assert set(np.unique(truth.labels.data)) <= set(range(n))
    assert truth.factors.data.shape == (n, 32, 40)
    np.testing.assert_allclose(truth.factors.data.sum(axis=(1, 2)), 1, rtol=1e-6)
    assert (~truth.boundary.data).mean() > 0.3


@pytest.mark.parametrize(
    "make",  # patterns of precipitates lie in that of the crystal
    [make for make in MAKERS if make is not data.precipitates_in_crystal],
)
def test_patterns_inside_a_domain_are_most_like_its_own(make):
    signal, truth = make(**SMALL, dose=1e5, return_truth=True)
    inside = ~truth.boundary.data
    patterns = np.sqrt(signal.data[inside].reshape(inside.sum(), -1).astype(float))
    factors = np.sqrt(truth.factors.data.reshape(len(truth.names), -1))
    patterns /= np.linalg.norm(patterns, axis=1, keepdims=True)
    found = (patterns @ factors.T).argmax(axis=1)
    assert (found == truth.labels.data[inside]).mean() > 0.6


@pytest.mark.parametrize("numpy_integer", [np.int64, np.uint8])
def test_integers_of_numpy_are_integers(numpy_integer):
    shape = (numpy_integer(16), numpy_integer(18))
    one = data.turned_grains(shape, n_grains=numpy_integer(3), random_state=0)
    other = data.turned_grains((16, 18), n_grains=3, random_state=0)
    np.testing.assert_array_equal(one.data, other.data)


@pytest.mark.parametrize(
    ("make", "arguments", "error"),
    [
        (data.turned_grains, {"shape": (4, 4)}, ValueError),
        (data.turned_grains, {"n_grains": 0}, ValueError),
        (data.turned_grains, {"dose": -1}, ValueError),
        (data.oriented_grains, {"n_close": 12}, ValueError),
        (data.oriented_grains, {"random_state": "x"}, TypeError),
        (data.twinned_crystal, {"n_lamellae": 2.5}, TypeError),
        (data.precipitates_in_crystal, {"detector_shape": (8, 8)}, ValueError),
        (data.crystallised_film, {"n_crystals": 0}, ValueError),
    ],
)
def test_bad_arguments(make, arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        make(**arguments)
