"""Peak memory, readings and time of ``map_domains`` on a lazy file.

``python -m benchmarks.domains_memory`` simulates 256 x 256 positions of 128 x 128
pixels (2.1 GB) in a file and maps their domains in a fresh process. ``--file`` keeps
the file, or takes one that is there; ``--quick`` does the same on little data.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import hyperspy.api as hs
import numpy as np
from hyperspy.signal import BaseSignal

from benchmarks.cost import memory_bytes
from benchmarks.speed.timing import QUIET, timed
from hspy_cnmf import data, structure_mask

#: Memory that is aimed at, above what imports take.
_AIM = 2e9

#: Chunk of the file along each axis of the scan.
_CHUNK = 32


def make_file(
    path: Path, shape: tuple[int, int], detector_shape: tuple[int, int]
) -> None:
    """Simulate a scan chunk by chunk and write it to a file."""
    scan = data.layered_domains(
        shape, detector_shape=detector_shape, random_state=0, lazy=True, chunks=_CHUNK
    )
    chunks = (*(min(_CHUNK, n) for n in shape), *detector_shape)
    scan.save(path, chunks=chunks, show_progressbar=False)


def counted(scan: BaseSignal, read: list[int]) -> None:
    """Let a lazy signal note in a list how many bytes of it are read."""

    def note(block: np.ndarray) -> np.ndarray:
        read.append(block.nbytes)
        return block

    scan.data = scan.data.map_blocks(
        note, dtype=scan.data.dtype, meta=np.empty(0, scan.data.dtype)
    )


def child(path: str) -> None:
    """Map the domains of a file and print what it took; for a fresh process."""
    settings = {"max_rounds": 1, "random_state": 0} | QUIET
    before = memory_bytes("VmRSS")
    warm = data.layered_domains((12, 12), detector_shape=(32, 32), random_state=0)
    for small in (warm, warm.as_lazy()):  # compiles and loads what is needed
        small.map_domains(2, n_repeats=2, **settings)
    loaded = memory_bytes("VmRSS") - before
    scan = hs.load(path, lazy=True)
    mask, read = structure_mask(scan), []
    counted(scan, read)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    before = memory_bytes("VmRSS")
    seconds = timed(lambda: scan.map_domains(5, signal_mask=mask, **settings))
    memory = memory_bytes("VmHWM") - before
    measured = {"seconds": seconds, "memory": memory, "loaded": loaded}
    print(json.dumps(measured | {"readings": sum(read) / scan.data.nbytes}))


def measure(path: Path) -> None:
    """Print peak memory, readings and time of a run."""
    print("| peak memory | of which libraries | readings | time |")
    print("|---|---|---|---|")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.domains_memory"]
    command += ["--child", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    run = json.loads(done.stdout.splitlines()[-1])
    peak, loaded = (run["memory"] + run["loaded"]) / 1e9, run["loaded"] / 1e9
    cells = f"{peak:.2f} GB | {loaded:.2f} GB | {run['readings']:g}"
    print(f"| {cells} | {run['seconds']:.0f} s |", flush=True)
    print(f"\nAimed at: at most {_AIM / 1e9:g} GB above what imports take.")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.child:
        child(arguments.child)
        return
    sizes = ((24, 24), (32, 32)) if arguments.quick else ((256, 256), (128, 128))
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder) / "scan.zspy"
        if not path.exists():
            make_file(path, *sizes)
        print("{} x {} positions, ".format(*sizes[0]), end="")
        print("{} x {} pixels, in a file\n".format(*sizes[1]))
        measure(path)


if __name__ == "__main__":
    main()
