"""What is said of the noise: never two things that contradict each other, and once."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.poisson_check import scatter
from tests.conftest import QUICK


def spectra(noise):
    """Return a decomposed signal of two components, not whole numbers, with noise."""
    y, x = np.mgrid[:12, :15] / 12
    energy = np.arange(60)
    lines = [
        np.exp(-((energy - 20) ** 2) / 40),
        np.exp(-((energy - 40) ** 2) / 90) + 0.1,
    ]
    data = 100 * (x[..., None] * lines[0] + y[..., None] * lines[1]) + 20
    signal = hs.signals.Signal1D(noise(np.random.default_rng(0), data))
    signal.decomposition(**QUICK | {"output_dimension": 3, "max_iter": 100})
    return signal


def quiet(rng, data):
    return data + rng.normal(0, 0.5, data.shape)


def like_counts(rng, data):
    return rng.poisson(data) + rng.uniform(0, 0.1, data.shape)


def test_what_does_not_scatter_like_counts_is_not_said_to(caplog):
    signal = spectra(quiet)
    for method in (signal.get_decomposition_residual, signal.get_component_fractions):
        with pytest.raises(ValueError, match="not Poisson counts"):
            method()
    assert "takes them for counts" not in caplog.text


def test_the_gain_of_counts_times_a_number_is_told():
    signal = spectra(lambda rng, data: 1e-9 * rng.poisson(data))
    with pytest.raises(ValueError, match=r"about gain=(1e\+09|9\.\d+e\+08|1\.0)"):
        signal.get_decomposition_residual()


def test_that_values_are_taken_for_counts_is_said_once(caplog):
    signal = spectra(like_counts)
    signal.get_decomposition_residual()
    signal.get_component_fractions()
    assert caplog.text.count("takes them for counts") == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int8", "float32"])
def test_counts_are_counts_in_any_type(dtype):
    rng = np.random.default_rng(0)
    maps, patterns = rng.random((2, 30)) + 0.5, 20 * rng.random((2, 48))
    counts = rng.poisson(maps.T @ patterns).reshape(5, 6, 6, 8)
    keep = np.ones((6, 8), bool), np.ones((5, 6), bool)
    model = FittedModel(patterns, maps, *keep, "none")
    found = scatter(counts.astype(dtype), model)
    assert found == scatter(counts.astype(float), model)
    assert abs(found[0] - 1) < 3 * found[1]
