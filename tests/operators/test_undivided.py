"""A sketch of divided data as one of the data: the same products, the same images."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.undivided import UndividedSketch


@given(st.integers(0, 2**32 - 1))
def test_products_are_those_of_the_data_as_they_are(seed):
    rng = np.random.default_rng(seed)
    data = rng.exponential(size=(40, 3)) @ rng.exponential(size=(3, 30)) ** 2
    by_position, by_pixel = rng.uniform(0.5, 2, 40), rng.uniform(0.1, 10, 30)
    divided = data / by_position[:, np.newaxis] / by_pixel
    basis = np.linalg.svd(divided, full_matrices=False)[2][:3]
    sketch = LowRankOperator(basis @ divided.T, basis, float(np.square(divided).sum()))
    before = sketch.basis_images.copy()
    whole = UndividedSketch.from_divided(sketch, by_position, by_pixel)
    loadings, factors = rng.random((2, 40)), rng.random((2, 30))
    np.testing.assert_allclose(whole.patterns(loadings), loadings @ data, rtol=1e-6)
    np.testing.assert_allclose(whole.images(factors), factors @ data.T, rtol=1e-6)
    np.testing.assert_allclose(whole.square_norm, np.square(data).sum(), rtol=1e-6)
    assert whole.basis_images is sketch.basis_images  # as large as all positions
    np.testing.assert_array_equal(sketch.basis_images, before)
