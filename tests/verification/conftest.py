"""Decomposed scans to verify."""

import pytest

import hspy_cnmf
from tests.conftest import QUICK

FREE = QUICK | {"factor_constraint": None, "loading_constraint": None}


@pytest.fixture(scope="session")
def phases():
    """Return four phases, decomposed, and their truth."""
    scan, truth = hspy_cnmf.data.four_phases(
        (18, 18), random_state=0, return_truth=True
    )
    mask = hspy_cnmf.structure_mask(scan)
    settings = QUICK | {"output_dimension": 4, "max_iter": 150}
    scan.decomposition(**settings, signal_mask=mask)
    return scan, truth


@pytest.fixture(scope="module")
def decomposed(make_scan):
    """Return a function that makes a decomposed scan."""

    def make(**arguments):
        scan = make_scan((16, 18), (14, 12), **arguments)
        scan.decomposition(**FREE)
        return scan

    return make


@pytest.fixture(scope="module")
def decomposed_patterns(make_scan):
    """Return a function that makes a decomposed scan."""

    def make(**arguments):
        arguments = {"signal_type": "electron_diffraction"} | arguments
        scan = make_scan((9, 10), (14, 12), **arguments)
        scan.decomposition(**QUICK)
        return scan

    return make
