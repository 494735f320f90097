"""``python -m hspy_cnmf`` in a shell, or in this process."""

import os
import subprocess
import sys

from hspy_cnmf.cli.command import main

QUICK = ("--restarts", "2", "--iterations", "5", "--no-verification")
SMALL = ("--scan-shape", "12", "12", *QUICK)


def shell(*arguments, folder):
    """Run the command in a folder of its own, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "hspy_cnmf", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def run(*arguments):
    """Run the command in this process, which saves the imports."""
    try:
        return main([*map(str, arguments)])
    except SystemExit as end:
        return end.code


def refused(capsys, *arguments):
    """Return the message of a run that ends with exit code 2."""
    assert run(*arguments) == 2
    message = capsys.readouterr().err
    assert "error: " in message
    assert "Traceback" not in message
    assert len(message.splitlines()) < 9
    return message.split("error: ")[-1]


def names_in(folder):
    """Return the names of all files in a folder."""
    return {path.name for path in folder.iterdir()}
