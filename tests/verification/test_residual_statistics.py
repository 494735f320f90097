"""Statistics of residuals: chi-square is 1 where factors and maps are true."""

from functools import partial

import numpy as np
import pytest

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import BlockReader
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.noise import PoissonNoise
from hspy_cnmf.verification.residual_statistics import judge, residual_statistics
from hspy_cnmf.verification.significance import ProbeWeights

SHAPES = (14, 15), (16, 10)


@pytest.mark.parametrize("refit", ["both", "loadings", None])
def test_a_true_model_has_a_chi_square_of_one(refit):
    rng = np.random.default_rng(0)
    factors, loadings = rng.random((3, 160)), 4 * rng.random((3, 210))
    data = rng.poisson(loadings.T @ factors).reshape(*SHAPES[0], *SHAPES[1])
    model = FittedModel.from_stacks(factors, loadings, None, SHAPES, "the truth")
    reader = BlockReader(data, model.keep_positions, model.keep_pixels)
    weights = ProbeWeights(GaussianSmoothing(size=3).kernels(SHAPES[0]))
    finish = partial(judge, model, weights, 0.01, 1.0)
    shapes = (3, *SHAPES[0]), (2, *SHAPES[1])
    maps, patterns = residual_statistics(
        reader, model, PoissonNoise(), refit, finish, shapes
    )
    chi_square, probability, flagged = maps
    expected = 1 if refit else 1 - 3 / 160  # None: loadings are fitted, it is said
    assert chi_square.mean() == pytest.approx(1 / expected, abs=0.03)
    assert 0.3 < np.median(probability) < 0.7
    np.testing.assert_array_equal(flagged, probability < 0.01)
    assert abs(patterns[0]).max() < 6 * np.sqrt(6.0 / 210)
