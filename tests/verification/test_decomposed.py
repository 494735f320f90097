"""A decomposed signal as arrays: its model, its noise and the probe's weights."""

import numpy as np
import pytest

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.verification.decomposed import (
    choose_noise,
    choose_probe_weights,
    read_model,
)


def test_the_model_is_that_of_hyperspy(decomposed):
    scan = decomposed()
    model = read_model(scan)
    product = (model.loadings.T @ model.factors).reshape(scan.data.shape)
    np.testing.assert_allclose(product, scan.get_decomposition_model().data, rtol=1e-5)
    assert model.algorithm == "constrained_nmf"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_counts_are_counts_in_any_type(decomposed, dtype):
    scan = decomposed(counts=500, dtype=dtype)
    noise, variance = choose_noise(scan, read_model(scan), None, None)
    assert noise.name == "Poisson counts" and noise.gain == 1 and variance is None


def test_weights_are_those_of_the_smoothing(decomposed):
    axes = decomposed().axes_manager.navigation_axes[::-1]
    alone = choose_probe_weights(None, axes)
    assert [kernel.tolist() for kernel in alone.kernels] == [[1], [1]]
    automatic = choose_probe_weights("auto", axes)
    given = choose_probe_weights(GaussianSmoothing(size=3), axes)
    for one, other in zip(automatic.kernels, given.kernels, strict=True):
        assert one.size == 3
        np.testing.assert_array_equal(one, other)


def test_a_masked_array_of_variances_is_refused(decomposed):
    scan = decomposed()
    variance = np.ma.masked_less(np.ones(scan.data.shape), 2)
    with pytest.raises(TypeError, match="variance is a NumPy masked array"):
        choose_noise(scan, read_model(scan), None, variance)
