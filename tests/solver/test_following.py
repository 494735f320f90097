"""Starts, and which of them is followed."""

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver.factorise import factorise
from tests.solver.test_smoothing import SHAPE, problem


@pytest.mark.parametrize("detector", [(60,), (6, 10)])
def test_only_spectra_get_a_start_with_the_weights_of_the_smoothing(detector):
    operator = problem(8, 20, None).data
    data = operator.data.reshape(*SHAPE, *detector)
    images = StreamedOperator(data, np.ones(SHAPE, bool), np.ones(detector, bool))
    smoothing = GaussianSmoothing(tentative=True)
    tentative = ConstrainedNMF(2, loading_constraint=smoothing, compression=10)
    told = factorise(images, tentative).parameters
    assert ("smoothing_weighted" in told) == (len(detector) == 1)
