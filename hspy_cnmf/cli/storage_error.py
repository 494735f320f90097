"""Errors of storage: data that cannot be read, and disks that are full."""

from __future__ import annotations

import errno
import traceback

#: Packages that read and write files, and have others do it.
_READERS = ("dask", "h5py", "hyperspy", "numcodecs", "rsciio", "zarr")

#: Numbers of errors of a disk that takes no more.
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS)


def words_on_storage(error: Exception) -> str:
    """Return in a sentence what went wrong with storage; nothing if it did not.

    Parameters
    ----------
    error : Exception
        Of the operating system, or one that a reader of files raises, which may be of
        any kind: what decompresses damaged chunks raises RuntimeError, for example.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"the results cannot be written: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return str(error)
    if isinstance(error, OSError) or _is_of_reader(error):
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"the data cannot be read, or the results not be written. {said}"
    return ""


def _is_of_reader(error: Exception) -> bool:
    """Tell whether an error was raised in or below a reader, not by this package."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    rooms = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    ours = [i for i, room in enumerate(rooms) if room == __name__.partition(".")[0]]
    below = rooms[ours[-1] + 1 :] if ours else rooms
    return bool(below) and below[0] in _READERS
