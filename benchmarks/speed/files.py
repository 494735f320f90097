"""Lazy scans from files; each run has a process of its own, to see its memory."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

import hyperspy.api as hs
import numpy as np

from benchmarks.cost import memory_bytes
from benchmarks.speed.limit import two_readings
from benchmarks.speed.profile import print_profile
from benchmarks.speed.timing import decompose, timed
from hspy_cnmf import data, make_sketch
from hspy_cnmf.operators.range_finder import automatic_rank

#: Rows of the tables by what a child is told to do.
_AGAINST_HYPERSPY = {
    "read": "read and sum",
    "ours": "ours, 10 starts to convergence",
    "hyperspy": "HyperSpy lazy NMF",
}
_AGAINST_THE_LIMIT = {
    "sketch": "the sketch alone",
    "limit": "its chunks read and its products alone",
}


def make_file(folder, shape, detector_shape):
    """Write a scan of four phases to a file, unless it is there; return its path."""
    path = Path(folder) / "scan_{}_{}_{}_{}.zspy".format(*shape, *detector_shape)
    chunks = (min(32, shape[0]), min(32, shape[1]))
    if not path.exists():
        made = data.four_phases(
            shape,
            detector_shape=detector_shape,
            random_state=0,
            lazy=True,
            chunks=chunks,
        )
        made.save(path, chunks=(*chunks, *detector_shape), show_progressbar=False)
    return str(path)


def lazy(folder, shape, detector_shape, n_components, repeats):
    """Ten restarts to convergence against HyperSpy's lazy NMF, on a file."""
    path = make_file(folder, shape, detector_shape)
    _print_heading(path, n_components)
    _compare(path, _AGAINST_HYPERSPY, n_components, repeats)


def limit(folder, shape, detector_shape, n_components, repeats):
    """Compare the readings of a sketch with what they cannot do without, on a file."""
    path = make_file(folder, shape, detector_shape)
    _print_heading(path, n_components)
    print(f"A sketch of rank {automatic_rank(n_components)}.\n")
    _compare(path, _AGAINST_THE_LIMIT, n_components, repeats)


def profile(folder, shape, detector_shape, n_components):
    """Where the time of ten restarts on a file goes, on one processor."""
    path = make_file(folder, shape, detector_shape)
    _print_heading(path, n_components)
    print("One processor, 10 starts to convergence.\n")
    print(_run_child(path, "profile", n_components), end="", flush=True)


def _print_heading(path, n_components):
    made = hs.load(path, lazy=True).data
    print(f"\n{made.shape[:2]} positions x {made.shape[2:]} pixels, {made.dtype} in a")
    print(f"file, chunks {made.chunksize}, {n_components} components\n")


def _compare(path, names, n_components, repeats):
    """Print what children took that ran in turn, and their ratios to the last."""
    found = {kind: [] for kind in names}
    for _ in range(repeats):
        for kind, runs in found.items():
            runs.append(_child(path, kind, n_components))
    print("| | median time | ratio | peak memory | readings |\n|---|---|---|---|---|")
    peer = median(run["seconds"] for run in found[kind])
    for kind, runs in found.items():
        seconds = median(run["seconds"] for run in runs)
        memory = median(run["memory"] for run in runs) / 1e9
        cells = f"{seconds:.2f} s | {seconds / peer:.2f} | {memory:.2f} GB"
        print(f"| {names[kind]} | {cells} | {runs[0]['readings']:g} |", flush=True)


def scaling(folder, sides, detector_shape, n_components):
    """Time and memory of scans of more and more positions, on files."""
    print(f"\nLazy scans of n x n positions x {detector_shape} pixels, {n_components}")
    print("components, 10 starts to convergence\n")
    print("| n | data | time | time a GB | peak memory |\n|---|---|---|---|---|")
    for side in sides:
        path = make_file(folder, (side, side), detector_shape)
        gigabytes = hs.load(path, lazy=True).data.nbytes / 1e9
        run = _child(path, "ours", n_components)
        seconds, memory = run["seconds"], run["memory"] / 1e9
        cells = (
            f"{gigabytes:.3g} GB | {seconds:.1f} s | {seconds / gigabytes:.1f} s | "
            f"{memory:.2f} GB"
        )
        print(f"| {side} | {cells} |", flush=True)


def _child(path, kind, n_components):
    """Return what a child has measured."""
    return json.loads(_run_child(path, kind, n_components).splitlines()[-1])


def _run_child(path, kind, n_components):
    """Return what a child has printed."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed"]
    command += ["--child", path, kind, str(n_components)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def child(path, kind, n_components):
    """Do one thing with a file and print what it took; for a fresh process."""
    warm = data.four_phases((40, 40), detector_shape=(32, 32), random_state=0)
    for small in (warm, warm.as_lazy()):  # compiles and loads what is needed
        decompose(small, 2, max_iter=2)
    scan = hs.load(path, lazy=True)
    if kind == "profile":
        print_profile(partial(decompose, scan, n_components))
        return
    nbytes, read = scan.data.nbytes, []

    def note(block):
        read.append(block.nbytes)
        return block

    scan.data = scan.data.map_blocks(
        note, dtype=scan.data.dtype, meta=np.empty(0, scan.data.dtype)
    )
    run = _run_of(kind, scan, n_components)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    before = memory_bytes("VmRSS")
    seconds = timed(run)
    memory = memory_bytes("VmHWM") - before
    measured = {"seconds": seconds, "memory": memory, "readings": sum(read) / nbytes}
    print(json.dumps(measured))


def _run_of(kind, scan, n_components):
    """Return what a child is to do, as a function without arguments."""
    rank = automatic_rank(n_components)
    if kind == "hyperspy":
        scan.change_dtype("float32")
    return {
        "read": lambda: scan.data.sum().compute(),
        "limit": partial(two_readings, scan.data, rank),
        "sketch": partial(
            make_sketch, scan, rank, random_state=0, show_progressbar=False
        ),
        "ours": partial(decompose, scan, n_components),
        "hyperspy": lambda: scan.decomposition(
            algorithm="NMF", output_dimension=n_components, print_info=False
        ),
    }[kind]
