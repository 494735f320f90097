"""Files of the command: the one signal in them that can be decomposed."""

from argparse import Namespace
from pathlib import Path

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
