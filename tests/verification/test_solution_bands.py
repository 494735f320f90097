"""Bands of solutions: kept, told, drawn, and the same after saving and loading."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf


@pytest.fixture(scope="module")
def bands(phases):
    return phases[0].get_solution_bands()


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_saved_and_loaded(phases, bands, tmp_path, extension):
    scan = phases[0].deepcopy()
    scan.get_solution_bands()
    scan.save(tmp_path / f"scan.{extension}")
    loaded = hspy_cnmf.get_bands(hs.load(tmp_path / f"scan.{extension}"))
    assert str(loaded.table) == str(bands.table)
    assert loaded.parameters == bands.parameters
    np.testing.assert_array_equal(loaded.ambiguity.data, bands.ambiguity.data)
    assert type(loaded.ambiguity) is type(bands.ambiguity)


def test_told_in_words_and_in_notebooks(bands):
    assert bands.summary().startswith(bands.finding())
    assert all(f"\n  {k}: " in bands.summary() for k in range(4))
    assert "<table>" in bands._repr_html_() and "SolutionBands" in repr(bands)


def test_determined_pixels_are_marked(bands):
    assert bands.determined.shape == bands.ambiguity.data.shape
    assert bands.determined.any() and not bands.determined.all()


def test_bands_are_calibrated(phases, bands):
    scan = phases[0]
    axis = scan.axes_manager.signal_axes[0]
    assert bands.upper_factors.axes_manager.signal_axes[0].scale == axis.scale
    assert bands.upper_loadings.axes_manager.signal_shape == (18, 18)


def test_plots_show_a_column_for_each(bands):
    assert len(bands.plot().axes) == 12
    assert len(bands.plot([1]).axes) == 3
    with pytest.raises(IndexError):
        bands.plot([7])


def test_another_decomposition_removes_them(phases):
    scan = phases[0].deepcopy()
    scan.get_solution_bands()
    scan.change_dtype("float32")
    scan.decomposition(algorithm="SVD", print_info=False)
    with pytest.raises(RuntimeError, match="get_solution_bands"):
        hspy_cnmf.get_bands(scan)
