"""Files that are there whole or not at all."""

import os
import resource
import signal

import numpy as np
import pytest

from hspy_cnmf.tables import Table
from hspy_cnmf.whole_file import whole_file, whole_path


def write(path, content=b"new"):
    with whole_file(path) as file:
        file.write(content)


def write_folder(path, content=b"new"):
    with whole_path(path) as part:
        part.mkdir()
        (part / "data").write_bytes(content)


@pytest.fixture
def full_disk():
    """Have files end after some bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "file"
    write(path, b"old")
    path.chmod(0o640)
    write(path)
    assert path.read_bytes() == b"new" and path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("make", ["table", "bytes"])
def test_on_a_full_disk_the_earlier_file_stays(tmp_path, full_disk, make):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OSError):
        if make == "table":
            Table.from_columns(a=np.arange(20000)).save(path)
        else:
            write(path, bytes(10000))
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_fails_leaves_nothing(tmp_path, error):
    write_folder(tmp_path / "folder", b"old")
    for writing in (whole_file, whole_path):
        with pytest.raises(error), writing(tmp_path / "new") as part:
            if writing is whole_path:
                part.mkdir()
            raise error
    with pytest.raises(error), whole_path(tmp_path / "folder") as part:
        part.write_bytes(b"half")
        raise error
    assert os.listdir(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "data").read_bytes() == b"old"


def test_folders_are_replaced_by_folders_and_by_files(tmp_path):
    write_folder(tmp_path / "a.zspy", b"old")
    write_folder(tmp_path / "a.zspy")
    assert (tmp_path / "a.zspy" / "data").read_bytes() == b"new"
    with whole_path(tmp_path / "a.zspy") as part:
        assert part.suffix == ".zspy"
        part.write_bytes(b"file")
    assert os.listdir(tmp_path) == ["a.zspy"]
    assert (tmp_path / "a.zspy").read_bytes() == b"file"


@pytest.mark.parametrize("exists", [True, False])
def test_links_are_followed_and_stay(tmp_path, exists):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert os.listdir(tmp_path / "elsewhere") == ["file"]


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, message in (
        ("pipe", "a device or a pipe"),
        ("loop", "link that leads to itself"),
        (".", "is a folder"),
        ("none/file", "There is no folder"),
        ("/dev/null", "a device or a pipe"),
    ):
        with pytest.raises(ValueError, match=message):
            write(tmp_path / path)
    assert sorted(os.listdir(tmp_path)) == ["loop", "pipe"]
