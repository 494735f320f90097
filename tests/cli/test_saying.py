"""Text that the command prints: nothing in it is for the terminal to obey."""

import io

import pytest

from hspy_cnmf.cli.saying import say


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_anything_can_be_said(encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict", newline="\n")
    say("a\x1b[31m\u202eb\udcff\n  c µm⁻¹\r", stream, flush=True)
    said = stream.buffer.getvalue().decode(encoding)
    assert said.startswith("a [31m b \n  c ") and said.endswith(" \n")
    assert not {"\x1b", "\u202e", "\r"} & set(said)
