"""Groups of lattices that differ in nothing but their spacing.

``python -m benchmarks.clustering.spacings`` prints adjusted Rand indices of six
lattices, three turned patterns each, for spacings a few per cent apart.
"""

import argparse

import numpy as np
from sklearn.metrics import adjusted_rand_score

from hspy_cnmf import cluster_diffraction

SIDE = 96

#: Shortest reciprocal lattice vector, standard deviation of a spot, in pixels.
SHORTEST, WIDTH = 13.0, 1.4

#: How much the spacing of each lattice is wider than that of the one before.
STEPS = (0.01, 0.03, 0.05, 0.1)

#: Electrons of a component.
ELECTRONS = (2e4, 2e5)

ANGLES = {"square": 90, "hexagonal": 60}


def pattern(angle, spacing, rotation):
    """Return the spots of a plane lattice, which get fainter outwards; 1 in all."""
    rows, columns = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    found = np.zeros((SIDE, SIDE))
    sides = spacing * np.exp(1j * np.deg2rad([rotation, rotation + angle]))
    for h, k in np.argwhere(np.ones((9, 9))) - 4:
        place = h * sides[0] + k * sides[1]
        if 0 < abs(place) < SIDE / 2 - 3:
            squared = (columns - place.real) ** 2 + (rows - place.imag) ** 2
            height = np.exp(-((abs(place) / 25) ** 2))
            found += height * np.exp(-squared / 2 / WIDTH**2)
    return found / found.sum()


def indices(angle, step, electrons, seed):
    """Return adjusted Rand indices of average linkage, and of the default."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(6), 3)
    patterns = [
        pattern(angle, SHORTEST * (1 + step * lattice), rng.uniform(0, 180))
        for lattice in truth
    ]
    counts = rng.poisson(electrons * np.array(patterns)).astype(float)
    middle = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    quiet = {"print_info": False, "show_progressbar": False}
    found = [
        cluster_diffraction(counts, center=middle, linkage=linkage, **quiet)
        for linkage in ("average", "merge")
    ]
    return [adjusted_rand_score(truth, clusters.labels.data) for clusters in found]


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    print("| lattices | electrons | apart by | average linkage | default |")
    print("|---" * 5 + "|")
    for name, angle in ANGLES.items():
        for electrons in ELECTRONS:
            for step in STEPS:
                found = [indices(angle, step, electrons, seed) for seed in seeds]
                cells = (
                    f"{np.median(a):.2f} ({min(a):.2f})" for a in np.transpose(found)
                )
                row = name, f"{electrons:g}", f"{step:.0%}", *cells
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
