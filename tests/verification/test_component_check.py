"""A check of components: the same after saving and loading."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import get_component_check


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_saved_and_loaded(phases, tmp_path, extension):
    scan = phases[0].deepcopy()
    check = scan.check_components()
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_component_check(hs.load(tmp_path / f"scan.{extension}"))
    assert str(loaded.table) == str(check.table)
    assert loaded.parameters == check.parameters
    assert type(loaded.images) is type(check.images)
    np.testing.assert_array_equal(loaded.images.data, check.images.data)
    assert loaded.plot().axes
