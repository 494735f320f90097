"""Saving from where results are: the same file, no copies, the same signal after."""

import tracemalloc

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signal import BaseSignal

import hspy_cnmf
from hspy_cnmf._hyperspy.saving import uncopied_results
from tests.conftest import QUICK


@pytest.fixture
def scan(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    scan.get_decomposition_residual().compute()
    scan.get_component_fractions()
    return scan


def _arrays(scan):
    fractions = hspy_cnmf.get_fractions(scan)
    results = scan.learning_results
    return [
        results.factors,
        results.loadings,
        hspy_cnmf.get_residual(scan).chi_square.data,
        fractions.fractions.data,
        fractions.fractions.get_noise_variance().data,
    ]


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_the_file_is_that_of_a_plain_save(scan, tmp_path, extension):
    plain, uncopied = tmp_path / f"a.{extension}", tmp_path / f"b.{extension}"
    BaseSignal.save._hspy_cnmf_original(scan, plain)
    scan.save(uncopied)
    for one, other in zip(
        _arrays(hs.load(plain)), _arrays(hs.load(uncopied)), strict=True
    ):
        assert type(one) is type(other)
        np.testing.assert_array_equal(one, other)


def test_arrays_are_the_same_ones_afterwards_whatever_fails(scan):
    before = _arrays(scan)
    with pytest.raises(OSError, match="full"), uncopied_results(scan):
        raise OSError("disk full")
    for one, other in zip(before, _arrays(scan), strict=True):
        assert one is other


def test_no_array_of_results_is_copied(scan):
    # Larger than all else that a copy of the signal holds.
    scan.learning_results.constrained_nmf_extra = np.ones(2**22)
    hspy_cnmf.get_fractions(scan).fractions.get_noise_variance().data = np.ones(2**22)
    scan._to_dictionary()  # imports
    tracemalloc.start()
    try:
        with uncopied_results(scan):
            scan._to_dictionary()
        assert tracemalloc.get_traced_memory()[1] < 2**22
        tracemalloc.reset_peak()
        scan._to_dictionary()
        assert tracemalloc.get_traced_memory()[1] > 2 * 8 * 2**22
    finally:
        tracemalloc.stop()


def test_a_signal_without_results_is_saved(make_scan, tmp_path):
    scan = make_scan()
    with uncopied_results(scan):
        scan.save(tmp_path / "scan.hspy")
    np.testing.assert_array_equal(hs.load(tmp_path / "scan.hspy").data, scan.data)


class _NeverCopied(np.ndarray):
    def __deepcopy__(self, memo):
        raise AssertionError("copied")


def test_save_copies_no_results_but_those_of_others(make_scan, tmp_path):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    scan.learning_results.constrained_nmf_extra = np.ones(3).view(_NeverCopied)
    scan.save(tmp_path / "ours.hspy")
    scan.change_dtype(float)
    scan.decomposition(output_dimension=2, print_info=False)
    scan.learning_results.mean = np.ones(3).view(_NeverCopied)
    with pytest.raises(AssertionError, match="copied"):
        scan.save(tmp_path / "theirs.hspy")
