"""Groups of crystals of many phases and zone axes, most of which are like no other.

``python -m benchmarks.clustering.orientations`` prints which part of unlike pairs is
joined, and which part of like ones is not.
"""

import argparse

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import pair_confusion_matrix

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._crystal_structures import STRUCTURES
from hspy_cnmf.data._kinematic import (
    EDGE,
    Camera,
    reflections_of,
    tilted,
    turned_in_plane,
)
from hspy_cnmf.data._patterns import diffuse_rings

SHAPE = (96, 96)

#: How many patterns each crystal has: none is like another, few are, most are.
SIZES = {"all differ": (1,) * 8, "pairs": (1, 2, 1, 3, 2), "groups": (5, 3, 6)}

#: Electrons of a component, part of it that is diffuse, and mosaic spread in degrees.
ELECTRONS, DIFFUSE, SPREADS = (2e4, 2e5), (0.1, 0.5, 0.8), (0.2, 1.0)

#: Cosine of the angle between zone axes of one phase that are not told apart.
NEAR = np.cos(np.deg2rad(5))

#: Two rows of spots are in patterns of many crystals.
FEWEST_SPOTS = 6

#: Radius of the direct beam, which is masked, in pixels.
BEAM = 4


def patterns(sizes, seed):
    """Return noisy patterns with NaN in the beam, and which crystal each is."""
    rng = np.random.default_rng(seed)
    camera = Camera(SHAPE)
    electrons, diffuse, spread = map(rng.choice, (ELECTRONS, DIFFUSE, SPREADS))
    glass = diffuse_rings(SHAPE, 2.5, ((3.0, 0.4, 0.6),))
    crystals = [
        camera.pattern(phase, turned_in_plane(tilted(matrix, spread, rng), angle))
        for (phase, matrix), size in zip(different(len(sizes), rng), sizes, strict=True)
        for angle in rng.uniform(0, 360, size)
    ]
    means = diffuse * glass / glass.sum() + (1 - diffuse) * np.array(crystals)
    noisy = 1.0 * rng.poisson(electrons * means)
    distance = np.hypot(*(np.indices(SHAPE) - (np.array(SHAPE)[:, None, None] - 1) / 2))
    noisy[:, distance < BEAM] = np.nan
    return noisy, np.repeat(np.arange(len(sizes)), sizes)


def different(n, rng):
    """Return n crystals, (phase, matrix), of up to three phases, none like another."""
    names = rng.choice(list(STRUCTURES), rng.integers(1, 4), replace=False)
    found = []
    while len(found) < n:
        phase = crystal_phase(str(rng.choice(names)))
        matrix = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        matrix *= np.linalg.det(matrix)
        axes = phase.point_group.laue.to_matrix() @ matrix[2]
        alike = (
            other.name == phase.name and np.abs(axes @ one[2]).max() > NEAR
            for other, one in found
        )
        if n_spots(phase, matrix) >= FEWEST_SPOTS and not any(alike):
            found.append((phase, matrix))
    return found


def n_spots(phase, matrix):
    """Return how many spots a crystal has on the detector, faint ones left out."""
    places, intensities = reflections_of(phase, matrix)
    seen = intensities[np.abs(10 * places).max(axis=1, initial=0) < EDGE]
    return int((seen > 0.02 * seen.max(initial=1e-9)).sum())


def pairs(sizes, seed):
    """Return for four ways pairs that are joined wrongly, missed, unlike, and alike.

    The ways: ours, as published, and ours and average cosines with the number known.
    """
    noisy, truth = patterns(sizes, seed)
    center = (np.array(SHAPE) - 1) / 2
    published = {"similarity": "cross-correlation"}
    labels = [
        cluster_diffraction(noisy, center=center, print_info=False, **options).labels
        for options in ({}, published, {"n_clusters": len(sizes)})
    ]
    known = noisy[:, np.isfinite(noisy).all(axis=0)]
    simple = AgglomerativeClustering(
        len(sizes), metric="cosine", linkage="average"
    ).fit_predict(known)
    counted = []
    for found in (*(one.data for one in labels), simple):
        (neither, wrong), (missed, both) = pair_confusion_matrix(truth, found)
        counted.append((wrong, missed, neither + wrong, missed + both))
    return counted


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(10)))
    arguments = parser.parse_args()
    head = (
        "crystals",
        "default",
        "as published",
        "number known",
        "cosine, number known",
    )
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for name, sizes in SIZES.items():
        counted = np.sum([pairs(sizes, seed) for seed in arguments.seeds], axis=0)
        cells = [
            f"{wrong / unlike:.0%}, {missed / max(alike, 1):.0%}"
            for wrong, missed, unlike, alike in counted
        ]
        print("| " + " | ".join([name, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
