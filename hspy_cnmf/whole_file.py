"""Files that are there whole or not at all."""

import os
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path):
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
