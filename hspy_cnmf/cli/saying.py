"""What the command says: text from files does nothing to a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from hspy_cnmf.plain_text import printable


def say(text: object, file: TextIO | None = None, flush: bool = False) -> None:
    """Print lines in which nothing is a command to the terminal.

    Parameters
    ----------
    text : object
        What to print, as text; may hold titles and names from files.
    file : text stream, optional
        Default: the standard output. What it cannot encode becomes a question mark.
    flush : bool, default False
    """
    stream = sys.stdout if file is None else file
    encoding = getattr(stream, "encoding", None) or "utf-8"
    lines = printable(str(text)).encode(encoding, "replace").decode(encoding)
    print(lines, file=stream, flush=flush)
