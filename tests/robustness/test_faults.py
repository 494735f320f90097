"""Interrupts, damaged storage and full disks at any time: all is whole, or not there.

Whatever is run, runs in a process of its own (see `tests.helpers.faults`).
"""

import random
import shutil
from pathlib import Path

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf._hyperspy import nodes
from hspy_cnmf.cli.output import CLUSTER_FILES, DOMAIN_FILES, FILES
from tests.helpers import fault_jobs, faults
from tests.helpers.command_line import names_in

#: Exit codes that each fault may end in; 0 where it comes too late, or does no harm.
CODES = {"SIGINT": (0, 130), "SIGTERM": (0, 143), "disk": (0, 2), "storage": (0, 2)}

_SCAN = ("scan.zspy", "--lazy", "--overwrite", "--quiet")
_SHORT = ("--components", "2", "--restarts", "1", "--iterations", "3")

#: Command lines, and the files that they write.
COMMANDS = {
    "short": ((*_SCAN, *_SHORT, "--no-clustering", "--no-verification"), FILES),
    "whole": ((*_SCAN, *_SHORT), (*FILES, *CLUSTER_FILES)),
    "domains": ((*_SCAN, "--domains", "2", "--rounds", "1"), DOMAIN_FILES),
}

RESULTS = "hspy_cnmf_results"


@pytest.fixture(scope="module")
def run():
    with faults.server() as run:
        yield run


@pytest.fixture(scope="module")
def scan(make_scan):
    return make_scan((6, 7), (16, 16), "electron_diffraction", chunks=(3, 7, 16, 16))


@pytest.fixture
def clean_folder(scan, tmp_path):
    """Return a function that makes a folder with the scan, and tells its chunks."""
    scan.save(tmp_path / "kept.zspy", show_progressbar=False)

    def make():
        folder = tmp_path / "work"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(tmp_path / "kept.zspy", folder / "scan.zspy")
        data = next((folder / "scan.zspy").glob("Experiments/*/data"))
        return folder, sorted(p for p in data.rglob("[0-9]*") if p.is_file())

    return make


def draw_fault(rng, kinds, chunks, seconds):
    return {
        "kind": rng.choice(kinds),
        "after": seconds * rng.random(),
        "size": rng.choice([0, 1, 100, 5000, 50000]),
        "chunk": str(rng.choice(chunks)),
    }


def is_whole(path, scan):
    """Return whether a file is one that was written to its end."""
    if path.suffix == ".zspy":
        signal = hs.load(path)
        has_results = signal.learning_results.factors is not None
        has_domains = bool(nodes.get_items(signal, nodes.DOMAINS))
        same = np.array_equal(signal.data, np.asarray(scan.data))
        return same and (has_results or has_domains)
    if path.suffix == ".png":
        return plt.imread(path).size > 0
    if path.suffix == ".pt":
        return hspy_cnmf.load_domain_model(path) is not None
    if path.suffix == ".html":
        return path.read_text("utf-8").rstrip().endswith("</html>")
    return path.read_text("utf-8").endswith("\n")


def law_of_commands(rng, name, seconds, run, clean_folder, scan):
    """The exit code is right, a sentence is said, files are whole or not there."""
    folder, chunks = clean_folder()
    results, earlier = folder / RESULTS, set()
    if rng.random() < 0.5:
        earlier = {"report.html", "notes.txt"}
        results.mkdir()
        for file in earlier:
            (results / file).write_text("earlier</html>\n")
    arguments, files = COMMANDS[name]
    fault = draw_fault(rng, sorted(CODES), chunks, seconds)
    trial = {"folder": str(folder), "arguments": arguments, "fault": fault}
    kept = Path(fault["chunk"]).read_bytes()
    told = run(trial)
    about = f"{name} {fault} at {told['place']}: {told['code']}, {told['said']}"
    assert told["code"] in CODES[fault["kind"]], about
    assert not has_traceback(told["said"]), about
    assert told["code"] == 0 or len(told["said"].split()) >= 4, about
    written = names_in(results) if results.exists() else set()
    assert {*files} <= written or told["code"], about
    assert earlier <= written or {"notes.txt", files[0]} <= written, about
    for path in results.glob("*"):
        assert is_whole(path, scan), f"{path}: {about}"
    assert not list(folder.rglob(".*-*")), about
    assert not list(folder.rglob("*.part*")), about
    if told["code"] and name == "short":
        Path(fault["chunk"]).write_bytes(kept)
        again = run(trial | {"fault": {"kind": "none"}})
        assert again["code"] == 0, f"{about}; then {again}"
        assert {*files} <= names_in(results), about


def has_traceback(said):
    """Return whether there is one, but that of an interrupt that Python swallowed."""
    parts = said.split("Traceback")
    return any("Exception ignored in" not in before for before in parts[:-1])


def law_of_calls(rng, job, seconds, run, clean_folder):
    """After a call that failed all is as it was, and it works when called again."""
    folder, chunks = clean_folder()
    fault = draw_fault(rng, ("SIGINT", "disk", "storage"), chunks, seconds)
    told = run({"folder": str(folder), "job": job, "fault": fault})
    about = f"{job} {fault} at {told['place']}: {told['code']}, {told['said']}"
    assert told["code"] in (0, 1), about
    assert (told["code"] == 1) == bool(told["said"].strip()), about


def undisturbed(run, folder, trial):
    """Return how long a run without a fault keeps the processor busy; it succeeds."""
    told = run({"folder": str(folder), "fault": {"kind": "none"}} | trial)
    assert told["code"] == 0, told
    return told["seconds"]


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name, run, clean_folder, scan, fuzz):
    rng = random.Random(name)
    trial = {"arguments": COMMANDS[name][0]}
    seconds = undisturbed(run, clean_folder()[0], trial)
    for _ in range(fuzz or (3 if name == "short" else 1)):
        law_of_commands(rng, name, seconds, run, clean_folder, scan)


@pytest.mark.parametrize("job", fault_jobs.JOBS)
def test_calls(job, run, clean_folder, fuzz):
    rng = random.Random(job)
    seconds = undisturbed(run, clean_folder()[0], {"job": job})
    for _ in range(fuzz or 1):
        law_of_calls(rng, job, seconds, run, clean_folder)
