"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: str | PathLike) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name once all is written.

    Parameters
    ----------
    path : path-like
        A file that is there is replaced, unless something fails: then it stays.

    Yields
    ------
    io.BufferedWriter
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
