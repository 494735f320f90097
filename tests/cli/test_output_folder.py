"""What is left of runs that are interrupted, asked to end, or killed."""

import os
import platform
import signal
import subprocess
import sys

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signals import Signal1D

from hspy_cnmf import get_residual, get_result
from hspy_cnmf.cli.output import FILES
from tests.helpers.command_line import names_in, run
from tests.helpers.report_page import Page

SMALL = ("--components", 2, "--restarts", 1, "--iterations", 5)


@pytest.fixture
def spectra(tmp_path):
    path = tmp_path / "spectra.hspy"
    data = np.random.default_rng(0).poisson(30, (6, 7, 40)).astype(np.uint8)
    Signal1D(data).save(path)
    return path


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_an_interrupt_leaves_nothing(tmp_path, spectra, capsys, monkeypatch):
    monkeypatch.setattr("hspy_cnmf.cli.factorise.decompose", interrupt)
    output = tmp_path / "results"
    assert run(spectra, *SMALL, "--output", output) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("lazy", [[], ["--lazy"]])
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt, 130, "Interrupted: written to"),
        (MemoryError, 2, "What was finished before is written to"),
    ],
)
def test_a_finished_factorisation_is_kept(
    tmp_path, spectra, capsys, monkeypatch, lazy, error, code, said
):
    """Residuals end early; what was there before is replaced by what is finished."""

    def end(*_, **__):
        raise error

    output = tmp_path / "results"
    arguments = (spectra, *SMALL, "--output", output, "--overwrite", *lazy)
    assert run(*arguments, "--seed", 1, "--no-verification") == 0
    monkeypatch.setattr("hspy_cnmf.verification.residual.Residual.summary", end)
    assert run(*arguments, "--seed", 2) == code
    assert said in capsys.readouterr().err
    assert names_in(output) == set(FILES)
    analysed = hs.load(output / "analysed.zspy")
    assert get_result(analysed).parameters["random_state"] == 2
    np.testing.assert_array_equal(analysed.data, hs.load(spectra).data)
    with pytest.raises(RuntimeError, match="has no residual"):
        get_residual(analysed)
    page = Page(output / "report.html")
    assert "The analysis was not finished" in page.texts["p"]
    assert "components" in page.names and "residuals" not in page.names


def test_when_asked_to_end_it_cleans_up(tmp_path, spectra):
    output = tmp_path / "results"
    long = (spectra, "--components", 9, "--restarts", 500, "--iterations", 100000)
    process = subprocess.Popen(
        [sys.executable, "-m", "hspy_cnmf", *map(str, long), "--tolerance", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("Components will not be grouped"):
            break
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 143
    assert "Asked to end: nothing was written." in said
    assert not output.exists() and not (tmp_path / "hspy_cnmf_results").exists()


def test_what_killed_runs_left_is_removed_and_that_of_others_stays(tmp_path, spectra):
    output = tmp_path / "results"
    node = platform.node()
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    stale = [f".unfinished-{node}-{gone}-abc", ".unfinished-x1y2z3"]
    used = [f".unfinished-{node}-{os.getpid()}-abc", ".unfinished-elsewhere-1-abc"]
    for name in stale + used:
        (output / name).mkdir(parents=True)
        (output / name / "analysed.zspy").write_text("half")
    assert run(spectra, *SMALL, "--no-verification", "--output", output) == 0
    assert names_in(output) == {*FILES, *used}
