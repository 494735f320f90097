"""Table of docs/scale.md: a decomposition of one scan in chunks of several layouts.

``python -m benchmarks.chunks`` writes a scan of benchmarks.scale in each layout, and
runs each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import hyperspy.api as hs

from benchmarks.cost import memory_bytes
from benchmarks.scale import _N_COMPONENTS, make_file, taken
from benchmarks.speed.timing import QUIET

#: Chunks by name, of a scan of n positions along each axis; None for the whole axis.
LAYOUTS = {
    "32 x 32 positions, whole patterns": (32, 32, None, None),
    "one row of the scan": (1, None, None, None),
    "8 x 8 positions, whole patterns": (8, 8, None, None),
    "32 x 32 positions, quarters of patterns": (32, 32, 32, 32),
    "all positions, 8 x 8 pixels": (None, None, 8, 8),
    "7 x 5 positions, 33 x 50 pixels": (7, 5, 33, 50),
    "2 x 2 positions, whole patterns": (2, 2, None, None),
    "single patterns": (1, 1, None, None),
}


def files(folder: str, side: int) -> dict[str, Path]:
    """Write a scan in each layout, and as a blockfile, which is memory-mapped."""
    source = hs.load(make_file(folder, side), lazy=True)
    made = {}
    for i, (name, chunks) in enumerate(LAYOUTS.items()):
        made[name] = Path(folder) / f"layout_{side}_{i}.zspy"
        sizes = zip(chunks, source.data.shape, strict=True)
        whole = tuple(n if own is None else own for own, n in sizes)
        if not made[name].exists():
            source.save(made[name], chunks=whole, show_progressbar=False)
    made["blockfile"] = Path(folder) / f"layout_{side}.blo"
    if not made["blockfile"].exists():
        source.save(made["blockfile"], intensity_scaling=None, show_progressbar=False)
    return made


def child(path: str) -> None:
    """Decompose a file and print what it took; for a fresh process."""
    settings = {"algorithm": "constrained_nmf", "output_dimension": _N_COMPONENTS}
    settings |= {"random_state": 0, "n_init": 2} | QUIET
    small = hs.load(path, lazy=True).inav[:32, :32]
    small.decomposition(**settings, max_iter=2)  # compiles and loads what is needed
    scan, began = hs.load(path, lazy=True), memory_bytes("VmRSS")
    for step in (
        lambda: scan.data.sum().compute(),
        lambda: scan.decomposition(**settings),
    ):
        print(json.dumps([scan.data.npartitions, *taken(step, began)]))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", nargs="?", type=int, default=128)
    parser.add_argument("--quick", action="store_true", help="little data")
    parser.add_argument("--folder", help="where files are made and kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.child:
        child(options.child)
        return
    print("Processor time.\n\n| chunks | how many | bare reading | ", end="")
    print("decomposition | peak |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        made = files(options.folder or folder, 64 if options.quick else options.side)
        for name, path in made.items():
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.chunks"]
            command += ["--child", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            lines = [json.loads(x) for x in done.stdout.splitlines() if x[:1] == "["]
            (n, _, bare, _), (_, _, seconds, megabytes) = lines
            cells = f"{bare:.1f} s | {seconds:.1f} s | {megabytes:.0f} MB"
            print(f"| {name} | {n} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
