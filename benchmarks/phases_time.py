"""Time that the identification of thirty components takes, each a group of its own.

``python -m benchmarks.phases_time`` prints it in seconds, of the processor and by the
clock, and how many are named right.
"""

import time
import warnings

import numpy as np

from benchmarks.phases_mixed import SHAPE, in_glass
from hspy_cnmf import cluster_diffraction
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._crystalline import orientations
from hspy_cnmf.data._kinematic import Camera

#: Candidates, all of which are there, and patterns of each.
NAMES, PER_PHASE = ("alpha-Fe", "gamma-Fe", "Fe2B"), 10

#: Electrons of a pattern.
COUNTS = 1e4


def main():
    """Run from the command line."""
    warnings.simplefilter("ignore")
    phases = [crystal_phase(name) for name in NAMES]
    rng = np.random.default_rng(0)
    numbers = np.repeat(np.arange(len(phases)), PER_PHASE)
    matrices = orientations(phases, numbers, 0.5, rng)
    camera = Camera(SHAPE, precession=0.5)
    crystals = [
        camera.pattern(phases[number], matrix)
        for number, matrix in zip(numbers, matrices, strict=True)
    ]
    signal = in_glass(crystals, COUNTS, rng)
    clusters = cluster_diffraction(signal, distance_threshold=1e-6, print_info=False)
    start, at = time.process_time(), time.perf_counter()
    found = clusters.identify_phases(phases)
    spent, clock = time.process_time() - start, time.perf_counter() - at
    labels = np.asarray(clusters.labels.data)
    right = sum(found.table["phase"][labels] == np.array(NAMES)[numbers])
    print(
        f"{len(numbers)} groups, {len(phases)} phases: {spent:.0f} s of the processor, "
        f"{clock:.0f} s by the clock; {right} right"
    )


if __name__ == "__main__":
    main()
