"""The simulated four phases."""

import numpy as np
import pytest

from hspy_cnmf.data import four_phases


@pytest.mark.parametrize("shape", [(9, 9), (36, 36), (18, 41)])
def test_areas_have_nine_three_and_one_percent(shape):
    _, truth = four_phases(shape, detector_shape=(16, 16), dose=1, return_truth=True)
    cells = ((np.arange(3) + 0.5)[:, np.newaxis] * shape / 3 - 0.5).round().astype(int)
    for crystal, row in enumerate(cells[:, 0]):
        own = truth.loadings.data[crystal + 1, row, cells[:, 1]]
        np.testing.assert_allclose(own, [0.09, 0.03, 0.01], rtol=0.02)
    np.testing.assert_allclose(truth.loadings.data.sum(axis=0), 1)


def test_interfaces_are_graded_over_about_six_positions():
    _, truth = four_phases(detector_shape=(16, 16), dose=1, return_truth=True)
    line = truth.loadings.data[1, 5, :12] / 0.09
    assert line.sum() == pytest.approx(6, abs=0.02)
    assert ((line > 0.05) & (line < 0.95)).sum() == 4
    assert line[:6] == pytest.approx(line[:5:-1], abs=1e-5)


def test_the_amorphous_pattern_is_round_and_crystals_are_spots_only():
    _, truth = four_phases((9, 9), detector_shape=(64, 64), return_truth=True)
    amorphous, *crystals = truth.factors.data
    np.testing.assert_allclose(amorphous, np.rot90(amorphous))
    assert amorphous.max() < 20 * amorphous.mean()
    for crystal in crystals:
        assert (crystal == 0).mean() > 0.7
        assert crystal[31:33, 31:33].max() == 0
        np.testing.assert_allclose(crystal, crystal[::-1, ::-1], atol=1e-12)
