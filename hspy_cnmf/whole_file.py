"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[BufferedWriter]:
    """Open a file for writing that appears under its name once all is written.

    Parameters
    ----------
    path : path-like
        A file that is there is replaced, and its permissions stay, unless something
        fails: then it stays. Where the path is a link, so is the file it leads to.

    Yields
    ------
    io.BufferedWriter

    Raises
    ------
    ValueError
        If the path is a folder or another thing that is no file, such as a device.
    """
    target = writable_path(path)
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path to write a file or a folder to, which becomes `path` in the end.

    Parameters
    ----------
    path : path-like
        What is there is replaced, unless something fails: then it stays.

    Yields
    ------
    pathlib.Path
        Beside `path`, with its suffix; there is nothing yet.
    """
    target = Path(path).resolve() if Path(path).is_dir() else writable_path(path)
    part, old = (
        target.with_name(f".{uuid.uuid4().hex}.part{target.suffix}") for _ in range(2)
    )
    try:
        yield part
        if target.is_dir():  # which cannot be replaced in one step
            target.rename(old)
        part.replace(target)
    finally:
        remove(part)
        remove(old)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def writable_path(path: str | os.PathLike) -> Path:
    """Return where a file goes, through links, or say why it cannot.

    Raises
    ------
    ValueError
        If the path is a folder or another thing that is no file, or there is no
        folder for it.
    """
    try:
        target = Path(path).resolve()
    except RuntimeError as error:  # before Python 3.13
        raise ValueError(f"{path} is a link that leads to itself.") from error
    if target.is_symlink():
        raise ValueError(f"{path} is a link that leads to itself.")
    if target.is_dir():
        raise ValueError(f"{path} is a folder: give a file in it.")
    if target.exists() and not target.is_file():
        raise ValueError(f"{path} is a device or a pipe: give an ordinary file.")
    if not target.parent.is_dir():
        raise ValueError(
            f"There is no folder {Path(path).parent}: make it, or give another."
        )
    return target
