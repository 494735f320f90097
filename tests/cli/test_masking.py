"""The mask of both jobs: on diffraction patterns, where it is wanted."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import structure_mask
from hspy_cnmf.cli.input_error import InputError
from hspy_cnmf.cli.masking import signal_mask


def test_only_diffraction_patterns_are_masked_and_only_on_request(make_scan):
    scan = make_scan((4, 5), (24, 24), "electron_diffraction")
    found = signal_mask(scan, True)
    np.testing.assert_array_equal(found.data, structure_mask(scan).data)
    assert signal_mask(scan, False) is None
    assert signal_mask(make_scan((4, 5), (24, 24)), True) is None


def test_what_cannot_be_decomposed_is_an_error_of_input():
    with pytest.raises(InputError, match="navigation_size"):
        signal_mask(hs.signals.Signal1D(np.ones(5)), True)
