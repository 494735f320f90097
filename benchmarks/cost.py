"""Tables of docs/scale.md: the estimate beside measurements, and for a terabyte.

``python -m benchmarks.cost`` measures in child processes, ``--terabyte`` extrapolates.
Measured is processor time, over the number of processors: what it takes on a machine
that is idle.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time

import dask.array as da
import dask.system
import hyperspy.api as hs
import numpy as np
from dask.utils import format_bytes

import hspy_cnmf
from hspy_cnmf.decomposition.cost import in_time

#: Navigation and signal shape of the scans that are measured, 16-bit counts, and how
#: many these are a pixel: of few, pixels are summed while components are sought.
SIZES = (
    ((48, 48), (64, 64), 15.0),
    ((96, 96), (64, 64), 15.0),
    ((96, 96), (128, 128), 15.0),
    ((192, 192), (96, 96), 15.0),
    ((288, 288), (64, 64), 15.0),
    ((96, 96), (128, 128), 0.03),
    ((192, 192), (96, 96), 0.05),
)
#: No start converges, so that the iterations are those of the estimate.
RUN = {"output_dimension": 10, "n_init": 4, "max_iter": 50}
CHUNK = 16


def simulate(mean, block_info=None):
    """Return one block of counts of ten components, `mean` of them a pixel."""
    info = block_info[None]
    rng = np.random.default_rng(info["chunk-location"])
    shape = info["chunk-shape"]
    patterns = np.random.default_rng(0).gamma(0.3, 10.0, (10, *shape[2:]))
    maps = rng.random((*shape[:2], 10))
    expected = np.tensordot(maps, patterns, axes=1) * (mean / 15)
    return rng.poisson(expected).astype(np.uint16)


def make_file(path, navigation, signal, mean):
    """Write a scan to a file, chunk by chunk."""
    chunks = (*((CHUNK,) * (n // CHUNK) for n in navigation), *((n,) for n in signal))
    data = da.map_blocks(
        simulate, mean, chunks=chunks, dtype=np.uint16, meta=np.empty(0, np.uint16)
    )
    scan = hs.signals.Signal2D(data).as_lazy()
    scan.set_signal_type("electron_diffraction")
    chunks = (CHUNK, CHUNK, *signal)
    scan.save(path, chunks=chunks, show_progressbar=False)


def memory_bytes(kind):
    """Return the memory of this process: "VmRSS" now, "VmHWM" at its peak.

    The peak that ``resource.getrusage`` tells includes the parent's, before ``exec``.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"This system does not tell {kind}.")


def run(path):
    """Decompose a file and print what it took; for a fresh process."""
    settings = {"algorithm": "constrained_nmf", "tol": 0, "random_state": 0}
    settings |= RUN | {"show_progressbar": False, "print_info": False}
    rng = np.random.default_rng(0)
    small = hs.signals.Signal2D(rng.poisson(5.0, (40, 40, 32, 32)).astype(np.uint16))
    small.set_signal_type("electron_diffraction")
    for scan in (small, small.as_lazy()):  # compiles and loads what is needed
        scan.decomposition(**settings | {"compression": 64})
    scan = hs.load(path, lazy=True)
    calls = Counter()

    def note(block, block_info=None):
        calls[block_info[0]["chunk-location"]] += 1
        return block

    scan.data = scan.data.map_blocks(note, dtype=np.uint16, meta=np.empty(0, np.uint16))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    before, start = memory_bytes("VmRSS"), process_time()
    scan.decomposition(**settings)
    seconds = process_time() - start
    measured = {
        "passes": median(calls.values()),  # of a few chunks a sample is read, too
        "memory": memory_bytes("VmHWM") - before,
        "seconds": seconds,
    }
    print(json.dumps(measured))


def rate_of_reading(scan):
    """Return the bytes a second that all processors read, of their own time."""
    start = process_time()
    scan.data.sum().compute()
    return dask.system.CPU_COUNT * scan.data.nbytes / (process_time() - start)


def measure(folder):
    """Print the table of estimates beside measurements."""
    print("| scan | counts a pixel | size | readings | memory | time |")
    print("|---|---|---|---|---|---|")
    for navigation, signal, mean in SIZES:
        path = Path(folder) / "scan.zspy"
        make_file(path, navigation, signal, mean)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.cost", "--run"]
        done = subprocess.run(
            [*command, str(path)], check=True, capture_output=True, text=True
        )
        measured = json.loads(done.stdout.splitlines()[-1])
        scan = hs.load(path, lazy=True)
        machine = replace(hspy_cnmf.measure_machine(scan), read=rate_of_reading(scan))
        cost = hspy_cnmf.estimate_cost(scan, **RUN, machine=machine)
        cells = (
            " x ".join(map(str, navigation + signal)),
            f"{mean:g}",
            format_bytes(cost.bytes_read // cost.passes),
            f"{cost.passes}, {measured['passes']}",
            ", ".join(
                format_bytes(int(n)) for n in (cost.peak_memory, measured["memory"])
            ),
            ", ".join(
                in_time(seconds)
                for seconds in (cost.seconds, measured["seconds"] / machine.n_threads)
            ),
        )
        print("|", " | ".join(cells), "|", flush=True)
        shutil.rmtree(path)


def terabyte():
    """Print the estimate for a terabyte on one node and on sixteen."""
    node = replace(hspy_cnmf.Machine(), n_threads=32, read=2e9)
    data = da.zeros((2764, 2764, 256, 256), dtype=np.uint16, chunks=(16, 16, -1, -1))
    scan = hs.signals.Signal2D(data).as_lazy()
    print(f"{node}\n")
    for workers, more in ((1, {}), (16, {}), (16, {"sketch": True})):
        cost = hspy_cnmf.estimate_cost(scan, 20, workers=workers, machine=node, **more)
        print(cost, end="\n\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--terabyte", action="store_true", help="extrapolate")
    options = parser.parse_args()
    if options.run:
        run(options.run)
    elif options.terabyte:
        terabyte()
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(folder)
