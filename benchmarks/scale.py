"""Table of docs/scale.md: each step of an analysis on scans of more and more positions.

``python -m benchmarks.scale 256 512 1024`` runs each size in a process of its own;
``--pixels 515`` with patterns of so many rows and columns, of 16 bits; ``--components``
asks for more than the eight that there are; ``--max-memory "80 MB"`` bounds each step.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import dask.array as da
import hyperspy.api as hs
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

import hspy_cnmf
from benchmarks.cost import memory_bytes
from benchmarks.speed.timing import QUIET
from hspy_cnmf.operators.memory import give_back

#: Positions along each axis that have one particle.
_AREA = 32
#: Pixels along each axis of a pattern, where nothing else is asked for.
_PIXELS = 64
_N_COMPONENTS = 8
_RADIUS = 5.0


def patterns(pixels: int) -> np.ndarray:
    """Return a matrix of rings and seven crystals of spots, electrons a pixel.

    They are the same whatever the number of pixels along each axis.
    """
    rng = np.random.default_rng(0)
    rows, columns = (np.indices((pixels, pixels)) + 0.5) * _PIXELS / pixels - 32
    radius = np.hypot(rows, columns)
    rings = 0.6 * np.exp(-(((radius - 14) / 4) ** 2)) + 0.1
    beam = 40.0 * np.exp(-((radius / 2.5) ** 2))
    made = [rings + beam]
    for _ in range(_N_COMPONENTS - 1):
        crystal, turn = np.zeros((pixels, pixels)), rng.uniform(0, np.pi)
        for reach in (10, 17, 24):
            for angle in turn + np.arange(0, 2 * np.pi, np.pi / rng.integers(1, 4)):
                row, column = reach * np.sin(angle), reach * np.cos(angle)
                crystal += np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 2)
        made.append(8 * crystal)
    return np.stack(made) * (_PIXELS / pixels) ** 2


def maps_of_area(row: int, column: int) -> np.ndarray:
    """Return maps of an area: spheres in a matrix, as many whatever the scan."""
    maps = np.zeros((_N_COMPONENTS, _AREA, _AREA))
    maps[0] = 1
    rows, columns = np.indices((_AREA, _AREA))
    for near in np.ndindex(3, 3):  # spheres of the areas about this one, too
        place = row + near[0] - 1, column + near[1] - 1
        rng = np.random.default_rng([place[0] + 1, place[1] + 1])
        y, x = (np.array(near) - 1) * _AREA + rng.uniform(0, _AREA, 2)
        distance = np.hypot(rows - y, columns - x)
        component = rng.integers(1, _N_COMPONENTS)
        maps[component] += np.sqrt(np.clip(1 - (distance / _RADIUS) ** 2, 0, None))
    return maps


def chunk_of_counts(
    cumulative: np.ndarray, dtype: Any, shape: Any, block_info: Any = None
) -> np.ndarray:
    """Return one chunk of counts, electron by electron."""
    row, column, *_ = block_info[None]["chunk-location"]
    size, pixels = shape[0], shape[-1]
    top, left = row * size, column * size
    maps = maps_of_area(top // _AREA, left // _AREA)
    own = np.ix_(range(len(maps)), *(np.arange(size) + k % _AREA for k in (top, left)))
    rng = np.random.default_rng([row, column, 1])
    counts = np.zeros((size * size, pixels * pixels), np.uint16)
    for loading, pattern in zip(maps[own], cumulative, strict=True):
        electrons = rng.poisson(loading.ravel() * pattern[-1])
        where = np.searchsorted(pattern, rng.random(electrons.sum()) * pattern[-1])
        np.add.at(counts, (np.arange(len(counts)).repeat(electrons), where), 1)
    return np.minimum(counts, np.iinfo(dtype).max).astype(dtype).reshape(shape)


def make_file(folder: str | Path, side: int, pixels: int = _PIXELS) -> Path:
    """Write a scan of side x side positions chunk by chunk, unless it is there."""
    path = Path(folder) / f"scan_{side}_{pixels}.zspy"
    if path.exists():
        return path
    size, dtype = (_AREA, np.uint8) if pixels == _PIXELS else (_AREA // 2, np.uint16)
    shape = size, size, pixels, pixels
    data = da.map_blocks(
        chunk_of_counts,
        np.cumsum(patterns(pixels).reshape(_N_COMPONENTS, -1), axis=1),
        dtype,
        shape,
        chunks=(*((size,) * (side // size),) * 2, pixels, pixels),
        dtype=dtype,
        meta=np.empty(0, dtype),
    )
    scan = hs.signals.Signal2D(data).as_lazy()
    scan.set_signal_type("electron_diffraction")
    scan.save(path, chunks=shape, show_progressbar=False)
    return path


def analysis(
    scan: Any,
    folder: str | Path,
    n_components: int = _N_COMPONENTS,
    max_memory: str | None = None,
) -> Iterator[tuple[str, Callable]]:
    """Yield the steps of an analysis, in order, as functions without arguments."""
    shown: dict[str, Any] = {"show_progressbar": False}
    limit: dict[str, Any] = {"max_memory": max_memory}
    yield "bare reading", lambda: scan.data.sum().compute()
    mask: dict[str, Any] = {}
    yield (
        "structure_mask",
        lambda: mask.update(m=hspy_cnmf.structure_mask(scan, **limit)),
    )
    yield (
        "decomposition",
        lambda: scan.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            signal_mask=mask["m"],
            random_state=0,
            **limit,
            **QUIET,
        ),
    )
    yield "cluster_diffraction", lambda: scan.cluster_diffraction(**QUIET)
    yield "check_components", lambda: scan.check_components(**limit)
    yield (
        "get_component_fractions",
        lambda: scan.get_component_fractions(**limit, **shown),
    )
    yield (
        "get_decomposition_residual",
        lambda: scan.get_decomposition_residual(**limit, **shown).compute(),
    )
    yield "get_clusters, summary", lambda: hspy_cnmf.get_clusters(scan).summary()
    yield "aligned_loadings", lambda: hspy_cnmf.get_clusters(scan).aligned_loadings
    yield (
        "write_report",
        lambda: hspy_cnmf.write_report(scan, Path(folder) / "report.html"),
    )
    yield "plots of HyperSpy", lambda: _plot(scan)
    yield (
        "save",
        lambda: scan.save(Path(folder) / "saved.zspy", overwrite=True, **shown),
    )
    yield "bare reading", lambda: scan.data.sum().compute()


def _plot(scan: Any) -> None:
    scan.plot_decomposition_results()
    scan.plot_decomposition_loadings(_N_COMPONENTS)
    plt.close("all")


def child(
    path: str, small: str, folder: str, n_components: int, max_memory: str | None
) -> None:
    """Analyse a file and print what each step took, a line each; a fresh process.

    Peaks are above what the process has loaded, which is told in the end.
    """
    for _, step in analysis(hs.load(small, lazy=True), folder, n_components):
        step()  # compiles and loads what is needed, on small patterns
    scan = hs.load(path, lazy=True)
    give_back()
    began = memory_bytes("VmRSS")
    for name, step in analysis(scan, folder, n_components, max_memory):
        print(json.dumps([name, *taken(step, began)]), flush=True)
    print(json.dumps(["the program", 0.0, 0.0, began / 1e6]), flush=True)


def taken(step: Callable, began: int) -> tuple[float, float, float]:
    """Return wall and processor seconds of a step, and MB at its peak since began."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    start, before = perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    step()
    seconds, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processor, (memory_bytes("VmHWM") - began) / 1e6


def measure(
    folder: str | Path,
    side: int,
    pixels: int,
    n_components: int,
    max_memory: str | None,
) -> None:
    """Print the table of a size."""
    path, small = make_file(folder, side, pixels), make_file(folder, _AREA)
    data = hs.load(path, lazy=True).data
    print(f"\n{data.shape}, {data.dtype}, {data.nbytes / 1e9:.3g} GB\n")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.scale", "--child"]
    command += [str(path), str(small), str(folder), "--components", str(n_components)]
    command += ["--max-memory", max_memory] if max_memory else []
    done = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    print("| step | time | bare readings | processor time | the same | peak |")
    print("|---|---|---|---|---|---|")
    bare: list[float] = []
    assert done.stdout is not None
    for line in done.stdout:
        if not line.startswith("["):
            continue
        name, seconds, processor, megabytes = json.loads(line)
        bare = bare or [seconds, processor]
        cells = (
            f"{seconds:.2f} s | {seconds / bare[0]:.1f} | {processor:.2f} s | "
            f"{processor / bare[1]:.1f} | {megabytes:.0f} MB"
        )
        print(f"| {name} | {cells} |", flush=True)
    if done.wait():
        raise SystemExit("The analysis failed.")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sides", nargs="*", type=int, help="positions along each axis")
    parser.add_argument("--pixels", type=int, default=_PIXELS, help="of a pattern")
    parser.add_argument(
        "--components", type=int, default=_N_COMPONENTS, help="that are asked for"
    )
    parser.add_argument("--max-memory", help='what steps may take, as "80 MB"')
    parser.add_argument("--quick", action="store_true", help="little data")
    parser.add_argument("--folder", help="where files are made and kept")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    matplotlib.use("agg")
    if options.child:
        child(*options.child, options.components, options.max_memory)
        return
    sides = options.sides or ([64] if options.quick else [128, 256, 512])
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            place = options.folder or folder
            asked = options.pixels, options.components, options.max_memory
            measure(place, side, *asked)


if __name__ == "__main__":
    main()
