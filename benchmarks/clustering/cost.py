"""Time and memory of a clustering, each in a process of its own."""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hspy_cnmf import cluster_diffraction, data

#: Components, detector and scan of the two cases.
SIZES = ((30, (128, 128), (58, 58)), (200, (256, 256), (128, 128)))

#: Electrons of each pattern, so that noise is as in factors of a decomposition.
DOSE = 1e7


def costs(sizes):
    """Yield time and memory of one clustering for each size.

    Parameters
    ----------
    sizes : sequence of tuple
        As `SIZES`.

    Yields
    ------
    n_components : int
    detector_shape, shape : tuple of int
    seconds : float
        The whole call.
    held, peak : float
        Memory of the process before, and by how much more it was at most, in GB.
    """
    for n_components, detector_shape, shape in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _simulate(n_components, detector_shape, shape, Path(folder))
            command = [sys.executable, "-m", "benchmarks.clustering.cost", folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True)
        yield n_components, detector_shape, shape, *map(float, output.stdout.split())


def _simulate(n_components, detector_shape, shape, folder):
    """Write noisy factors, and maps, of a metallic glass: the matrix and crystals."""
    _, truth = data.metallic_glass(
        shape,
        detector_shape=detector_shape,
        n_precipitates=n_components - 1,
        random_state=0,
        lazy=True,
        return_truth=True,
    )
    generator = np.random.default_rng(0)
    factors = generator.poisson(DOSE * truth.factors.data) / DOSE
    np.save(folder / "factors.npy", factors)
    np.save(folder / "loadings.npy", truth.loadings.data)


def _measure(folder):
    """Cluster what is in a folder; print seconds, memory before and added, in GB."""
    factors = np.load(folder / "factors.npy")
    loadings = np.load(folder / "loadings.npy")
    before = _peak_memory()
    start = time.perf_counter()
    cluster_diffraction(factors, loadings, print_info=False, show_progressbar=False)
    seconds = time.perf_counter() - start
    print(seconds, before, _peak_memory() - before)


def _peak_memory():
    """Return the largest resident memory of this process so far, in GB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not `getrusage`: on Linux a new process begins with the peak of its parent.
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    _measure(parser.parse_args().folder)
