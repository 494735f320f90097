"""Time of ten constrained restarts against one run of the peers.

``python -m benchmarks.speed`` runs ours and the peer in turn and prints medians and
their ratio; ``--quick`` does the same on little data, only to see that it runs.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import warnings
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import hyperspy.api as hs
import numpy as np
from sklearn.decomposition import NMF

from benchmarks.cost import memory_bytes
from hspy_cnmf import data, structure_mask

QUIET = {"print_info": False, "show_progressbar": False}

_PYMCR_ITERATIONS = 5


def timed(function):
    """Return the seconds that a call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def in_turn(functions, repeats):
    """Return the median time of each function by its name, run in turn."""
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            times[name].append(timed(function))
    return {name: median(values) for name, values in times.items()}


def print_times(times):
    """Print times, and how many times that of the last each is."""
    *_, peer = times.values()
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.2f} s | {seconds / peer:.2f} |", flush=True)


def in_memory(shape, detector_shape, n_components, iterations, repeats):
    """Ten restarts with both constraints against one of scikit-learn with none."""
    scan = data.metallic_glass(
        shape, detector_shape=detector_shape, n_precipitates=6, random_state=0
    )
    scan.change_dtype("float32")
    mask = structure_mask(scan)
    keep = ~mask.data
    matrix = scan.data[..., keep].reshape(-1, keep.sum())

    def ours(n_init=10, max_iter=iterations, prune=True):
        scan.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            signal_mask=mask,
            n_init=n_init,
            max_iter=max_iter,
            tol=0,
            prune=prune,
            random_state=0,
            **QUIET,
        )

    def theirs():
        NMF(
            n_components,
            init="random",
            solver="cd",
            tol=0,
            max_iter=iterations,
            random_state=0,
        ).fit_transform(matrix)

    ours(1, 2)  # compiles
    print(f"\n{matrix.shape[0]} positions x {matrix.shape[1]} pixels, {n_components}")
    print(f"components, {iterations} iterations, float32 in memory\n")
    print("| | median time | ratio |\n|---|---|---|")
    all_components = "ours, 10 starts, both constraints, prune=False"
    runs = {
        "ours, 10 starts, both constraints": ours,
        all_components: partial(ours, prune=False),
        "scikit-learn NMF, cd, one start, no constraints": theirs,
    }
    times = in_turn(runs, repeats)
    print_times(times)
    if find_spec("pymcr"):
        per_iteration = times[all_components] / (10 * iterations)
        peer = timed(partial(_pymcr, matrix, n_components)) / _PYMCR_ITERATIONS
        print(f"\nAn iteration of a start takes {1e3 * per_iteration:.2f} ms with")
        print(f"prune=False, one of pyMCR (OLS, non-negative) {1e3 * peer:.0f} ms:")
        print(f"1/{peer / per_iteration:.0f}.")


def _pymcr(matrix, n_components):
    from pymcr.mcr import McrAR

    start = np.random.default_rng(0).random((len(matrix), n_components))
    McrAR(max_iter=_PYMCR_ITERATIONS, tol_increase=1e9, tol_n_increase=100).fit(
        matrix, C=start
    )


def exact(shape, detector_shape, n_components, repeats):
    """One start on a sketch against the same start on the data in memory."""
    scan = data.four_phases(shape, detector_shape=detector_shape, random_state=0)
    errors = {}

    def ours(compression):
        result = scan.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            n_init=1,
            compression=compression,
            random_state=0,
            return_info=True,
            **QUIET,
        )
        errors[compression] = result.error

    print(f"\n{shape} positions x {detector_shape} pixels in memory, {n_components}")
    print("components, one start to convergence\n")
    print("| | median time | ratio |\n|---|---|---|")
    runs = {"on a sketch": partial(ours, "auto"), "on the data": partial(ours, None)}
    print_times(in_turn(runs, repeats))
    ratio = errors["auto"] / errors[None]
    print(f"\nThe error is {ratio:.5f} times that of the run on the data.")


def scaling(sides, detector_shape, n_components):
    """Time and memory of scans of more and more positions, on files."""
    print(f"\nLazy scans of n x n positions x {detector_shape} pixels, {n_components}")
    print("components, 10 starts to convergence\n")
    print("| n | data | time | time a GB | peak memory |\n|---|---|---|---|---|")
    for side in sides:
        with tempfile.TemporaryDirectory() as folder:
            path = make_file(folder, (side, side), detector_shape)
            gigabytes = hs.load(path, lazy=True).data.nbytes / 1e9
            run = _child(path, "ours", n_components)
        seconds, memory = run["seconds"], run["memory"] / 1e9
        cells = (
            f"{gigabytes:.3g} GB | {seconds:.1f} s | {seconds / gigabytes:.1f} s | "
            f"{memory:.2f} GB"
        )
        print(f"| {side} | {cells} |", flush=True)


def make_file(folder, shape, detector_shape):
    """Write a scan of four phases to a file and return its path."""
    path = str(Path(folder) / "scan.zspy")
    chunks = (min(32, shape[0]), min(32, shape[1]))
    made = data.four_phases(
        shape,
        detector_shape=detector_shape,
        random_state=0,
        lazy=True,
        chunks=chunks,
    )
    made.save(path, chunks=(*chunks, *detector_shape), show_progressbar=False)
    return path


def lazy(shape, detector_shape, n_components, repeats):
    """Ten restarts to convergence against HyperSpy's lazy NMF, on a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_file(folder, shape, detector_shape)
        made = hs.load(path, lazy=True).data
        print(f"\n{shape} positions x {detector_shape} pixels, {made.dtype} in a")
        print(f"file, chunks {made.chunksize}, {n_components} components\n")
        names = ("read and sum", "ours, 10 starts to convergence", "HyperSpy lazy NMF")
        runs = {
            name: [_child(path, kind, n_components) for _ in range(repeats)]
            for name, kind in zip(names, ("read", "ours", "hyperspy"), strict=True)
        }
    print("| | median time | ratio | peak memory | readings |\n|---|---|---|---|---|")
    peer = median(run["seconds"] for run in runs[names[-1]])
    for name, found in runs.items():
        seconds = median(run["seconds"] for run in found)
        memory = median(run["memory"] for run in found) / 1e9
        readings = found[0]["readings"]
        cells = (
            f"{seconds:.2f} s | {seconds / peer:.2f} | {memory:.2f} GB | {readings:g}"
        )
        print(f"| {name} | {cells} |", flush=True)


def _child(path, kind, n_components):
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed"]
    command += ["--child", path, kind, str(n_components)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def child(path, kind, n_components):
    """Do one thing with a file and print what it took; for a fresh process."""
    warm = data.four_phases((9, 9), detector_shape=(16, 16), random_state=0)
    for small in (warm, warm.as_lazy()):  # compiles and loads what is needed
        small.decomposition(
            algorithm="constrained_nmf", output_dimension=2, n_init=1, **QUIET
        )
    scan = hs.load(path, lazy=True)
    read = []

    def note(block):
        read.append(block.nbytes)
        return block

    scan.data = scan.data.map_blocks(
        note, dtype=scan.data.dtype, meta=np.empty(0, scan.data.dtype)
    )
    if kind == "hyperspy":
        scan.change_dtype("float32")
    run = {
        "read": lambda: scan.data.sum().compute(),
        "ours": lambda: scan.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            random_state=0,
            **QUIET,
        ),
        "hyperspy": lambda: scan.decomposition(
            algorithm="NMF", output_dimension=n_components, print_info=False
        ),
    }[kind]
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    before = memory_bytes("VmRSS")
    seconds = timed(run)
    memory = memory_bytes("VmHWM") - before
    nbytes = hs.load(path, lazy=True).data.nbytes
    measured = {"seconds": seconds, "memory": memory, "readings": sum(read) / nbytes}
    print(json.dumps(measured))


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("hspy_cnmf").setLevel(logging.ERROR)  # runs that do not converge
    if arguments.child:
        path, kind, n_components = arguments.child
        child(path, kind, int(n_components))
    elif arguments.quick:
        in_memory((20, 20), (32, 32), 4, 3, 1)
        lazy((16, 16), (32, 32), 3, 1)
        exact((16, 16), (32, 32), 3, 1)
        scaling((16, 32), (32, 32), 3)
    else:
        in_memory((58, 58), (128, 128), 30, 500, arguments.repeats)
        lazy((128, 128), (128, 128), 10, arguments.repeats)
        exact((128, 128), (128, 128), 10, arguments.repeats)
        scaling((64, 128, 256), (128, 128), 10)


if __name__ == "__main__":
    main()
