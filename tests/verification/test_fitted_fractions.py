"""Fitted fractions: uncertainties as large as fractions scatter."""

from functools import partial

import numpy as np
import pytest

from hspy_cnmf.operators.reader import BlockReader
from hspy_cnmf.verification.fitted_fractions import fractions_and_uncertainties
from hspy_cnmf.verification.noise import PoissonNoise
from hspy_cnmf.verification.reading import gather
from hspy_cnmf.verification.weighted_loadings import (
    normal_equations,
)
from tests.conftest import make_components


def fractions_of(data, factors, loadings):
    """Return fractions and uncertainties with factors that are known."""
    keep = np.ones(data.shape[:1], bool), np.ones(data.shape[1:], bool)
    reader = BlockReader(data, *keep)
    function = partial(
        normal_equations,
        noise=PoissonNoise(),
        mean_factors=factors.mean(axis=1),
        dtype=np.dtype(float),
    )
    rows, _ = reader.read(
        "Fitting",
        function,
        *reader.sides(loadings, factors),
        finish=fractions_and_uncertainties,
    )
    return np.split(gather(rows, reader.positions), 2)


@pytest.mark.parametrize("counts", [3e3, 300])
def test_pulls_have_unit_spread(counts):
    _, patterns = make_components((4, 4), (14, 12))
    factors = patterns.reshape(3, -1)
    truth = np.array([[0.5, 0.3, 0.2], [0.34, 0.33, 0.33], [0.6, 0.0, 0.4]])
    pulls = []
    for k, shares in enumerate(truth):
        expected = counts * shares @ factors
        rng = np.random.default_rng(k)
        data = rng.poisson(expected, (3000, expected.size)).reshape(3000, 14, 12)
        loadings = np.repeat(counts * shares[:, np.newaxis], 3000, axis=1)
        fractions, uncertainty = fractions_of(data, factors, loadings)
        there = shares > 0
        # at the boundary, fractions do not scatter as the normal distribution does
        inner = there & (shares > 4 * np.median(uncertainty, axis=1))
        pulls += list(((fractions - shares[:, None]) / uncertainty)[inner])
        np.testing.assert_allclose(fractions.sum(axis=0), 1, rtol=1e-6)
    assert len(pulls) >= 2
    assert np.std(pulls, axis=1) == pytest.approx(1, abs=0.1)
    assert np.abs(np.mean(pulls, axis=1)).max() < 0.35


def test_nothing_counted_has_no_fractions():
    """Whatever the model is there, as beside particles in maps that were smoothed."""
    _, patterns = make_components((4, 4), (14, 12))
    factors = (patterns + patterns.mean(axis=0)).reshape(3, -1) / 2
    data = np.zeros((300, 14, 12))
    data[0] = 1e3 * patterns.sum(axis=0)
    loadings = 1e3 * np.random.default_rng(0).random((3, 300))
    fractions, uncertainty = fractions_of(data, factors, loadings)
    assert np.isnan(fractions[:, 1:]).all() and np.isnan(uncertainty[:, 1:]).all()
    assert np.isfinite(uncertainty[:, 0]).all()
