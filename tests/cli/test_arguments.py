"""Arguments of the command: read from the command line, in the order of the help."""

import pytest

from hspy_cnmf.cli.arguments import parse, program


def test_embedded_data_are_the_default():
    found = parse(["--data", "four_phases"])
    assert found.file is None and found.data == "four_phases"
    assert found.components and found.seed is not None


@pytest.mark.parametrize("options", [["--seed", "x"], ["--unknown"], ["a", "b"]])
def test_what_cannot_be_read_ends_with_a_hint(capsys, options):
    with pytest.raises(SystemExit) as ended:
        parse(options)
    assert ended.value.code == 2
    assert program() in capsys.readouterr().err


def test_the_help_names_every_job(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert not ended.value.code
    text = capsys.readouterr().out
    assert "--components" in text and "--domains" in text
