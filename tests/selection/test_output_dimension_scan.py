"""Scans over the number of components survive files, and other decompositions."""

import hyperspy.api as hs
import numpy as np
import pytest
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import get_scan, load_scan
from tests.conftest import QUICK
from tests.selection.test_scan import CURVES, SHORT, values


def test_a_path_keeps_the_sketch(make_scan, tmp_path):
    scan = make_scan()
    path = tmp_path / "sketch.npz"
    first = scan.scan_output_dimension([2, 3], sketch=path, **SHORT)
    assert path.exists()
    second = scan.scan_output_dimension([2, 3], sketch=path, **SHORT)
    for name in CURVES:
        np.testing.assert_array_equal(values(first)[name], values(second)[name])


@pytest.mark.parametrize("numbers", [[3], [2, 3, 5]], ids=["one", "uneven"])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_scans_survive_files(make_scan, tmp_path, extension, numbers):
    scan = make_scan(signal_type="electron_diffraction")
    found = scan.scan_output_dimension(numbers, **SHORT)
    found.save(tmp_path / f"scan.{extension}")
    scan.save(tmp_path / f"data.{extension}")
    loaded = hs.load(tmp_path / f"data.{extension}")
    assert isinstance(loaded, ElectronDiffraction2D)
    for other in (
        load_scan(tmp_path / f"scan.{extension}"),
        load_scan(tmp_path / f"data.{extension}"),
        get_scan(loaded),
        get_scan(scan),
    ):
        assert other.output_dimensions.tolist() == numbers
        assert (other.suggested, other.reason) == (found.suggested, found.reason)
        for name in CURVES:
            np.testing.assert_array_equal(values(other)[name], values(found)[name])
        assert other.plot().axes


def test_a_scan_is_no_decompositions_own(make_scan):
    scan = make_scan(dtype="float32")
    found = scan.scan_output_dimension([2, 3], **SHORT)
    assert scan.learning_results.factors is None
    scan.decomposition(**QUICK)
    scan.decomposition(algorithm="SVD", print_info=False)
    assert get_scan(scan).reason == found.reason
    cropped = scan.inav[:2]
    assert get_scan(cropped).reason == found.reason
