"""Measured files and stacks, through the command; what is done to data before."""

from pathlib import Path

import h5py
import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signals import BaseSignal, Signal1D, Signal2D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import constraints, get_result
from hspy_cnmf import data as data_sets
from tests.helpers.command_line import refused, run
from tests.helpers.report_page import Page

MEASURED = Path(__file__).parents[1] / "files"
FAST = ("--restarts", 1, "--iterations", 20, "--no-verification", "--no-clustering")

#: Measured data that come with the package, and are not a file to be opened.
PACKAGED = {
    "mineral_assemblage": lambda: data_sets.mineral_assemblage().inav[:13, :12],
    "twinned_silver": lambda: data_sets.twinned_silver(binning=4, random_state=0),
}


# --- measured files ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("002_4x2_6bit_roi128.mib", (), (2, 4, 128, 256)),
        ("001_first6_no_hdr.mib", ("--scan-shape", 2, 3, "--center"), (2, 3, 256, 256)),
        ("test1.blo", ("--reader", "blockfile"), (3, 2, 144, 144)),
        ("edx_12x12.hspy", ("--poisson",), (12, 12, 256)),
        ("raman_12x12.hspy", (), (12, 12, 197)),
        ("mineral_assemblage", ("--poisson",), (12, 13, 459)),
        ("twinned_silver", ("--poisson",), (64, 208, 28, 28)),
    ],
)
def test_measured_files_are_factorised_lazy_or_not(tmp_path, name, options, shape):
    """Maps and patterns are those of the file: most of its counts are explained."""
    results, file = [], MEASURED / name
    if not file.suffix:
        file = tmp_path / f"{name}.hspy"
        PACKAGED[name]().save(file)
    for lazy in ((), ("--lazy",)):
        output = tmp_path / f"results{len(lazy)}"
        arguments = (*FAST, *options, *lazy, "--output", output)
        assert run(file, "--components", 2, *arguments) == 0
        signal = hs.load(output / "analysed.zspy")
        assert signal.data.shape == shape
        result = get_result(signal)
        results.append(result)
        assert result.n_found in (1, 2)
        used = np.nan_to_num(result.loadings).T @ np.nan_to_num(result.factors)
        mask = np.isfinite(result.factors[0])
        data = signal.data.reshape(len(used), -1)[:, mask].astype(float)
        assert 0.99 < used[:, mask].sum() / data.sum() < most_explained(signal, result)
        pattern = data.mean(axis=0)
        assert np.corrcoef(pattern, used[:, mask].mean(axis=0))[0, 1] > 0.9
        assert {"data", "components"} < set(Page(output / "report.html").names)
    one, other = (result.factors for result in results)
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


def most_explained(signal, result):
    """Return what of the counts the components may hold: more where a floor is raised.

    It raises what lies below its ring, by noise or because the pattern has a direction,
    and so adds counts; least squares takes some of them back by smaller maps.
    """
    if result.parameters["factor_constraint"] is None:
        return 1.01
    floor = eval(result.parameters["factor_constraint"], vars(constraints))
    keep = np.isfinite(result.factors[0]).reshape(signal.data.shape[2:])
    pattern = signal.data.reshape(-1, *keep.shape).mean(axis=0, keepdims=True)[:, keep]
    return floor.prepare(keep)(pattern).sum() / pattern.sum()


@pytest.mark.parametrize("lazy", [(), ("--lazy",)])
def test_negative_values_are_refused_clipped_or_shifted(tmp_path, capsys, lazy):
    """As of detectors whose offset was subtracted."""
    signal = hs.load(MEASURED / "raman_12x12.hspy")
    signal.data -= np.median(signal.data)
    signal.save(tmp_path / "map.hspy")
    output = tmp_path / "results"
    arguments = (tmp_path / "map.hspy", "--components", 2, *FAST, *lazy)
    arguments += ("--output", output, "--overwrite")
    message = refused(capsys, *arguments)
    assert "negative values" in message and "--negative clip" in message
    expected = {"clip": signal.data.clip(0), "shift": signal.data - signal.data.min()}
    for negative, data in expected.items():
        assert run(*arguments, "--negative", negative) == 0
        np.testing.assert_array_equal(hs.load(output / "analysed.zspy").data, data)


# --- scans without a shape ---------------------------------------------------


@pytest.mark.parametrize("lazy", [(), ("--lazy",)])
@pytest.mark.parametrize("as_images", [False, True])
def test_a_stack_becomes_a_scan(tmp_path, lazy, as_images):
    data = np.random.default_rng(0).poisson(9, (12, 10, 8)).astype(np.uint16)
    stack = Signal2D(data)
    stack.axes_manager[1].scale, stack.axes_manager[1].units = 0.5, "1/nm"
    if as_images:
        stack = stack.transpose(signal_axes=3)
    stack.save(tmp_path / "stack.hspy")
    arguments = (tmp_path / "stack.hspy", "--components", 2, *FAST, *lazy)
    output = tmp_path / "results"
    assert run(*arguments, "--scan-shape", 3, 4, "--output", output) == 0
    signal = hs.load(output / "analysed.zspy")
    np.testing.assert_array_equal(signal.data, data.reshape(3, 4, 10, 8))
    assert signal.axes_manager.signal_axes[0].units == "1/nm"


@pytest.mark.parametrize("lazy", [(), ("--lazy",)])
@pytest.mark.parametrize("backwards", [False, True])
def test_four_axes_become_a_scan(tmp_path, lazy, backwards):
    data = np.random.default_rng(0).poisson(9, (3, 4, 10, 8)).astype(np.uint16)
    axes = [{"size": n, "name": a} for n, a in zip(data.shape, "yxvu", strict=True)]
    if backwards:
        whole = BaseSignal(data.T, axes=axes[::-1])
    else:
        whole = BaseSignal(data, axes=axes)
    whole.save(tmp_path / "whole.hspy")
    arguments = (tmp_path / "whole.hspy", "--components", 2, *FAST, *lazy)
    output = tmp_path / "results"
    assert run(*arguments, "--scan-shape", 3, 4, "--output", output) == 0
    signal = hs.load(output / "analysed.zspy")
    np.testing.assert_array_equal(signal.data, data)
    assert [axis.name for axis in signal.axes_manager._axes] == ["y", "x", "v", "u"]


def test_patterns_that_are_taken_for_a_line_are_said_to_be(tmp_path, capsys):
    data = np.random.default_rng(0).poisson(9, (12, 10, 8)).astype(np.uint16)
    Signal2D(data).save(tmp_path / "stack.hspy")
    arguments = (tmp_path / "stack.hspy", "--components", 2, *FAST)
    for options, told in (((), True), (("--scan-shape", 3, 4), False)):
        output = tmp_path / f"results{len(options)}"
        assert run(*arguments, *options, "--output", output) == 0
        said = capsys.readouterr().out
        assert ("12 positions are taken for one line" in said) == told


def test_four_axes_of_another_shape_are_refused(tmp_path, capsys):
    BaseSignal(np.ones((3, 4, 10, 8))).save(tmp_path / "whole.hspy")
    arguments = (tmp_path / "whole.hspy", "--components", 2)
    assert "add --scan-shape ROWS COLUMNS" in refused(capsys, *arguments)
    message = refused(capsys, *arguments, "--scan-shape", 4, 3)
    assert "(3, 4, 10, 8), of which these are neither" in message


def py4dstem_file(path, data):
    """Write an array as py4DSTEM does (EMD 1.0)."""
    with h5py.File(path, "w") as file:
        file.attrs.update(emd_group_type="file", version_major=1, version_minor=0)
        root = file.create_group("datacube_root")
        root.attrs["emd_group_type"] = "root"
        cube = root.create_group("datacube")
        cube.attrs["emd_group_type"] = "array"
        cube["data"] = data
        cube["data"].attrs["units"] = "intensity"
        for i, name in enumerate(("Rx", "Ry", "Qx", "Qy")):
            cube[f"dim{i}"] = np.array([0, 0.5])
            cube[f"dim{i}"].attrs.update(name=name, units="nm")


def test_files_of_py4dstem_are_read_with_their_reader(tmp_path, capsys):
    data = np.random.default_rng(0).poisson(9, (3, 4, 10, 8)).astype(np.uint16)
    py4dstem_file(tmp_path / "cube.h5", data)
    arguments = (tmp_path / "cube.h5", "--components", 2, "--scan-shape", 3, 4, *FAST)
    message = refused(capsys, *arguments)
    assert "--reader EMD" in message and "damaged" not in message
    output = tmp_path / "results"
    assert run(*arguments, "--reader", "EMD", "--output", output) == 0
    signal = hs.load(output / "analysed.zspy")
    np.testing.assert_array_equal(signal.data, data)


def test_a_scan_shape_that_does_not_fit_is_refused(tmp_path, capsys):
    Signal1D(np.ones((12, 9))).save(tmp_path / "stack.hspy")
    arguments = (tmp_path / "stack.hspy", "--components", 2)
    message = refused(capsys, *arguments, "--scan-shape", 5, 2)
    assert "the file holds 12 positions, these are 10" in message


# --- the direct beam ---------------------------------------------------------


@pytest.mark.parametrize("lazy", [(), ("--lazy",)])
@pytest.mark.parametrize("size", [(20, 21), (17, 24)])
def test_beams_are_moved_to_the_middle_and_counts_stay(tmp_path, lazy, size):
    rng = np.random.default_rng(0)
    data = np.zeros((4, 5, *size), dtype=np.uint16)
    places = rng.integers(7, 11, (4, 5, 2))
    for position in np.ndindex(4, 5):
        row, column = places[position]
        data[position][row - 1 : row + 2, column - 1 : column + 2] = 50
        data[position][row, column] = 90 + rng.integers(9)
    ElectronDiffraction2D(data).save(tmp_path / "scan.zspy")
    output = tmp_path / "results"
    arguments = (tmp_path / "scan.zspy", "--components", 1, "--no-mask", *FAST, *lazy)
    assert run(*arguments, "--center", "--output", output) == 0
    moved = hs.load(output / "analysed.zspy")
    assert moved.data.dtype == data.dtype
    np.testing.assert_array_equal(moved.data.sum(axis=(2, 3)), data.sum(axis=(2, 3)))
    peaks = moved.data.reshape(20, -1).argmax(axis=1)
    assert {np.unravel_index(k, size) for k in peaks} == {(size[0] // 2, size[1] // 2)}
    assert moved.calibration.center == [size[1] // 2, size[0] // 2]


def test_spectra_have_no_beam(tmp_path, capsys):
    Signal1D(np.ones((12, 9))).save(tmp_path / "spectra.hspy")
    arguments = (tmp_path / "spectra.hspy", "--components", 2, "--center")
    assert "--center is for diffraction patterns" in refused(capsys, *arguments)


@pytest.mark.parametrize("title", ["..", "x" * 300, "µ" * 150, "a\nb"])
def test_titles_that_cannot_be_names_of_folders_cost_no_work(tmp_path, title):
    signal = Signal1D(np.random.default_rng(0).poisson(9.0, (3, 4, 9)))
    signal.metadata.General.title = title
    signal.save(tmp_path / "scan.h5", file_format="HSPY")
    output = tmp_path / "results"
    arguments = (tmp_path / "scan.h5", "--reader", "HSPY", "--components", 1, *FAST)
    assert run(*arguments, "--output", output) == 0
    written = hs.load(output / "analysed.zspy").metadata.General.title
    assert len(written.encode()) <= 200 and written[:1] in (title[:1], "")


# --- what is no file of data -------------------------------------------------


def test_folders_and_text_say_what_they_are(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("no data")
    message = refused(capsys, tmp_path, "--components", 2)
    assert "is a folder: give one of the files in it (notes.txt)" in message
    message = refused(capsys, tmp_path / "notes.txt", "--components", 2)
    assert "no reader for files that end in '.txt'" in message and "--reader" in message
    message = refused(
        capsys, tmp_path / "notes.txt", "--components", 2, "--reader", "blockfile"
    )
    assert "with the reader 'blockfile'" in message
