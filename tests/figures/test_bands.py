"""Figures of bands: maps on one scale, ambiguity from 0 to 1."""

import numpy as np

import hspy_cnmf
from tests.conftest import QUICK


def test_scales_tell_what_is_open():
    scan = hspy_cnmf.data.four_phases((9, 9), detector_shape=(24, 24), random_state=0)
    scan.decomposition(**QUICK | {"output_dimension": 2})
    bands = scan.get_solution_bands()
    axes = np.reshape(bands.plot([0, 1]).axes, (3, 2))
    for k in range(2):
        lowest, highest, ambiguity = (ax.images[0].get_clim() for ax in axes[:, k])
        assert lowest == highest
        assert highest[1] >= np.nanmax(bands.upper_loadings.data[k]) * 0.999
        assert ambiguity == (0, 1)
