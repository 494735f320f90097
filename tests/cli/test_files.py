"""Files of the command: the one signal in them that can be decomposed."""

from argparse import Namespace
from pathlib import Path

import dask
import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf.cli.files import has_positions, load
from hspy_cnmf.cli.input_error import InputError

PLAIN = {"lazy": False, "reader": None, "signal_type": None, "scan_shape": None}


def options(path, **others):
    return Namespace(file=Path(path), **PLAIN | others)


@pytest.mark.parametrize("lazy", [False, True])
def test_the_signal_with_positions_is_taken(tmp_path, make_scan, lazy):
    scan = make_scan()
    scan.save(tmp_path / "scan.hspy")
    found = load(options(tmp_path / "scan.hspy", lazy=lazy, signal_type="diffraction"))
    assert found._lazy == lazy and found._signal_type == "diffraction"
    np.testing.assert_array_equal(np.asarray(found.data), scan.data)


@pytest.mark.parametrize(
    "name, shape, scan_shape",
    [
        ("scan.blo", (6, 8, 16, 16), None),
        ("scan.npy", (6, 8, 16, 12), (6, 8)),
        ("backwards.npy", (16, 12, 8, 6), (6, 8)),
        ("stack.npy", (48, 16, 12), (6, 8)),
    ],
)
def test_mapped_files_come_in_whole_patterns(tmp_path, name, shape, scan_shape):
    """Readers divide all axes alike where they are asked for no chunks."""
    rng, path = np.random.default_rng(0), tmp_path / name
    data = rng.integers(0, 200, shape).astype(np.uint8)
    if path.suffix == ".npy":
        np.save(path, data)
    else:
        hs.signals.Signal2D(data).save(path, intensity_scaling=None)
    with dask.config.set({"array.chunk-size": 16 * 16 * 8}):
        plain = hs.load(path, lazy=True).data
        found = load(options(path, lazy=True, scan_shape=scan_shape)).data
    part = slice(0, 2) if name == "backwards.npy" else slice(-2, None)
    assert max(plain.numblocks[part]) > 1
    assert set(found.numblocks[part]) == {1} and found.npartitions > 1
    np.testing.assert_array_equal(found, data)


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("empty", None, "is an empty folder"),
        ("notes.txt", b"no data", "no reader"),
        ("broken.hspy", b"no data", "HyperSpy cannot read"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, words):
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        load(options(path))


def test_images_alone_have_no_positions(make_scan):
    assert has_positions(make_scan())
    assert not has_positions(hs.signals.Signal2D(np.ones((4, 5))))


@pytest.mark.parametrize("name", ["scan.blo", "scan.zspy"])
def test_a_file_that_is_cut_short_is_refused_before_any_work(tmp_path, name):
    data = np.random.default_rng(0).integers(0, 200, (6, 8, 16, 16)).astype(np.uint8)
    path = tmp_path / name
    if path.suffix == ".blo":
        hs.signals.Signal2D(data).save(path, intensity_scaling=None)
        path.write_bytes(path.read_bytes()[:-1000])
    else:
        hs.signals.Signal2D(data).save(path, chunks=(3, 4, 16, 16))
        last = max(path.glob("Experiments/*/data/1/1/0/0"))
        last.write_bytes(last.read_bytes()[:9])
    with pytest.raises(InputError, match=r"end of .* cut short, or damaged"):
        load(options(path, lazy=True))
