"""Faults at any step of the command: nothing half-written, what is finished stays."""

import errno
import resource
import shutil
import signal
import sys
from contextlib import contextmanager

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal1D
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf.cli.output import FILES
from tests.helpers.command_line import names_in, run
from tests.helpers.fuzzing import PACKAGE, holds_for_all

FAULTS = {
    "interrupt": lambda: signal.raise_signal(signal.SIGINT),
    "storage": lambda: _raise(OSError(errno.EIO, "disk on fire")),
    "full disk": lambda: _raise(OSError(errno.ENOSPC, "no space left")),
    "memory": lambda: _raise(MemoryError()),
}

#: Where only interrupts are let in: what tidies up cannot be spared everything.
_TIDYING = "output_folder.py", "whole_file.py"


def _raise(error):
    raise error


@contextmanager
def fault_at(step, name):
    """Have something go wrong at a call of this package in this thread; count calls."""
    calls = [0]

    def trace(frame, event, _):
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(PACKAGE):
            return
        if name != "interrupt" and path.endswith(_TIDYING):
            return
        calls[0] += 1
        if calls[0] == step:
            FAULTS[name]()

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield calls
    finally:
        sys.settrace(before)


@contextmanager
def largest_file(size):
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    """Return all files in a folder, and below it, with what is in them."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """Return a folder with data, and with the results of a run; and a run's calls."""
    folder = tmp_path_factory.mktemp("earlier")
    data = np.random.default_rng(0).poisson(30, (5, 6, 20)).astype(np.uint8)
    Signal1D(data).save(folder / "spectra.hspy")
    with fault_at(-1, "interrupt") as calls:
        assert run(*command(folder, 1, [])) == 0
    return folder, calls[0]


def command(folder, seed, options):
    return (
        *(folder / "spectra.hspy", "--components", 2, "--restarts", 1),
        *("--iterations", 5, "--seed", seed, "--output", folder / "results"),
        *("--overwrite", *options),
    )


def check(folder, before, code):
    """Raise unless a folder holds the earlier results, or later ones that are whole."""
    after = contents(folder)
    assert [path for path in after if path.name.startswith(".un")] == []
    assert [path for path in after if path.name.endswith(".part")] == []
    assert not list((folder / "results").glob(".unfinished-*"))
    name = next(path for path in before if path.name == "spectra.hspy")
    assert after[name] == before[name]
    if after == before:
        assert code != 0
        return
    output = folder / "results"
    assert names_in(output) <= set(FILES)
    analysed = hs.load(output / "analysed.zspy")
    result = hspy_cnmf.get_result(analysed)
    assert result.parameters["random_state"] == 2
    np.testing.assert_array_equal(analysed.data, hs.load(folder / "spectra.hspy").data)
    for path in output.glob("*.png"):
        assert plt.imread(path).size
    if (output / "report.html").exists():
        assert (output / "report.html").read_text().rstrip().endswith("</html>")
    if code == 0:
        assert names_in(output) == set(FILES)


def law_of_faults(draw, earlier, folder, capsys):
    source, n_calls = earlier
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    before = contents(folder)
    options = draw(st.sampled_from([[], ["--lazy"]]))
    if draw(st.sampled_from([False, False, True])):
        context = largest_file(draw(st.integers(100, 200_000)))
        name, codes = "a full disk", {0, 2}
    else:
        name = draw(st.sampled_from(sorted(FAULTS)))
        context = fault_at(draw(st.integers(1, n_calls)), name)
        codes = {0, 130} if name == "interrupt" else {0, 2}
    try:
        with context:
            code = run(*command(folder, 2, options))
    finally:
        plt.close("all")
    said = capsys()
    assert code in codes, f"{name}: {code} {said}"
    assert "Traceback" not in said
    check(folder, before, code)


def test_faults_at_any_step(earlier, fuzz, tmp_path, capsys, interruptible):
    folder = tmp_path / "here"
    holds_for_all(
        fuzz or 8,
        lambda draw: law_of_faults(
            draw, earlier, folder, lambda: capsys.readouterr().err
        ),
    )
