"""Arrays in a file that say themselves whether they are whole."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from hspy_cnmf.whole_file import whole_file

#: Name of the entry that holds the checksum of all others.
_CHECKSUM = "checksum"


def write_arrays(path: str | os.PathLike, content: Mapping[str, Any]) -> None:
    """Write named arrays to a NumPy archive, with a checksum, whole or not at all."""
    arrays = {name: np.asarray(value) for name, value in content.items()}
    entries: dict[str, Any] = arrays | {_CHECKSUM: np.array(checksum(arrays))}
    with whole_file(path) as file:
        np.savez(file, **entries)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return what `write_arrays` has written.

    Sizes are compared with that of the file before memory is taken for them.

    Raises
    ------
    ValueError
        If the file is something else, or was changed since; the reason in words.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_sizes(archive, os.path.getsize(path))
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                content = {name: arrays[name] for name in arrays.files}
        except MemoryError:
            raise
        except Exception as error:  # A damaged archive may raise anything.
            raise ValueError(f"it cannot be read ({error})") from error
    if str(content.pop(_CHECKSUM, "")) != checksum(content):
        raise ValueError("its checksum is another, or it has none")
    return content


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a checksum of names, shapes, types and values."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()


def _check_sizes(archive: zipfile.ZipFile, n_bytes: int) -> None:
    """Raise a ValueError if arrays claim to be larger than what is there of them."""
    for member in archive.infolist():
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read_header(file)
            claimed = prod(map(int, shape)) * dtype.itemsize + file.tell()
        if dtype.hasobject or claimed != member.file_size or claimed > n_bytes:
            raise ValueError(
                f"{member.filename} claims {claimed} bytes, where {member.file_size} "
                f"of a file of {n_bytes} are"
            )
