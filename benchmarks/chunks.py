"""Table of docs/scale.md: a decomposition of one scan in chunks of several layouts.

``python -m benchmarks.chunks`` writes a scan of benchmarks.scale in each layout, and
runs each in a process of its own: in .zspy files, a blockfile, and HDF5 files of which
Dask reads one pattern, or 32 x 32 positions, at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import dask.array as da
import h5py
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

#: The same of HDF5 files, and of the Dask chunks in which they are read.
IN_HDF5 = {
    "HDF5, single patterns": ((1, 1, None, None), 1),
    "HDF5, rows of the scan, read in 32 x 32 positions": ((1, None, None, None), 32),
    "HDF5, 16 x 16 x 16 x 16, read in single patterns": ((16, 16, 16, 16), 1),
}


def files(folder: str, side: int) -> dict[str, Path]:
    """Write a scan in each layout, and as a blockfile, which is memory-mapped."""
    source = hs.load(make_file(folder, side), lazy=True)
    made = {}
    for i, (name, chunks) in enumerate(LAYOUTS.items()):
        made[name] = Path(folder) / f"layout_{side}_{i}.zspy"
        if not made[name].exists():
            whole = whole_chunks(chunks, source.data.shape)
            source.save(made[name], chunks=whole, show_progressbar=False)
    for i, (name, (chunks, side_read)) in enumerate(IN_HDF5.items()):
        made[name] = Path(folder) / f"layout_{side}_{i}_{side_read}.h5"
        if not made[name].exists():
            whole = whole_chunks(chunks, source.data.shape)
            with h5py.File(made[name], "w") as file:
                values = source.data.compute()
                file.create_dataset("x", data=values, chunks=whole, compression="gzip")
    made["blockfile"] = Path(folder) / f"layout_{side}.blo"
    if not made["blockfile"].exists():
        source.save(made["blockfile"], intensity_scaling=None, show_progressbar=False)
    return made


def whole_chunks(chunks: tuple, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return chunks with the length of the axis in the place of None."""
    return tuple(
        n if own is None else own for own, n in zip(chunks, shape, strict=True)
    )


def load(path: str) -> hs.signals.BaseSignal:
    """Return a scan, lazily."""
    if Path(path).suffix != ".h5":
        return hs.load(path, lazy=True)
    side = int(Path(path).stem.rpartition("_")[2])
    data = da.from_array(h5py.File(path)["x"], chunks=(side, side, -1, -1))
    scan = hs.signals.Signal2D(data).as_lazy()
    scan.set_signal_type("electron_diffraction")
    return scan


def child(path: str) -> None:
    """Decompose a file and print what it took; for a fresh process."""
    settings = {"algorithm": "constrained_nmf", "output_dimension": _N_COMPONENTS}
    settings |= {"random_state": 0, "n_init": 2} | QUIET
    small = load(path).inav[:32, :32]
    small.decomposition(**settings, max_iter=2)  # compiles and loads what is needed
    scan, began = load(path), memory_bytes("VmRSS")
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
