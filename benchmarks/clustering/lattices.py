"""Groups of random plane lattices as other instruments would show them.

``python -m benchmarks.clustering.lattices`` prints adjusted Rand indices of the groups
by default, and of average linkage of correlated roots of intensities with the number
of crystals known.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from hspy_cnmf import cluster_diffraction

SIDE = 80

#: Patterns reach out to this radius, in pixels.
REACH = 0.47 * SIDE

#: Angles between the sides of a lattice, and the longer over the shorter.
LATTICES = {"square": (90, 1), "hexagonal": (60, 1), "rectangular": (90, 1.4)}


@dataclass(frozen=True)
class Kind:
    """What is unlike others: patterns of electrons, part diffuse, standard deviations.

    `tilt` is that of the exponent by which spots fade across the pattern, `disc` the
    radius of discs in pixels (0: spots of standard deviation `width`), `alike` what
    crystals have in common, `crystals` and `members` how many there are of them and of
    patterns of each, from the first number on and below the second.
    """

    electrons: float = 3e4
    diffuse: float = 0.3
    width: float = 1.2
    disc: float = 0.0
    tilt: float = 0.0
    ellipse: float = 0.0
    reach: float = REACH
    alike: str = ""
    crystals: tuple[int, int] = (3, 6)
    members: tuple[int, int] = (2, 6)


KINDS = {
    "spots": Kind(),
    "discs": Kind(disc=3),
    "two per cent elliptical": Kind(ellipse=0.02),
    "tilted": Kind(tilt=1.5),
    "3000 electrons": Kind(electrons=3e3),
    "mostly diffuse": Kind(diffuse=0.85),
    "few spots": Kind(reach=16),
    "one lattice, other intensities": Kind(alike="lattice"),
    "superstructures": Kind(alike="superstructure"),
    "one crystal, tilted": Kind(tilt=1.5, alike="crystal"),
    "one crystal, 3000 electrons": Kind(electrons=3e3, alike="crystal"),
    "many crystals": Kind(crystals=(8, 14)),
    "many crystals, one lattice": Kind(crystals=(8, 14), alike="lattice"),
    "a million electrons": Kind(electrons=1e6),
    "tilted, a million electrons": Kind(electrons=1e6, tilt=1.5),
    "all differ": Kind(crystals=(3, 9), members=(1, 2)),
    "all differ, one lattice": Kind(crystals=(3, 9), members=(1, 2), alike="lattice"),
}


def sides(rng):
    """Return the sides of a random lattice, (2, 2), in pixels."""
    angle, ratio = LATTICES[rng.choice(list(LATTICES))]
    angle = np.deg2rad(angle)
    second = ratio * np.array([np.cos(angle), np.sin(angle)])
    return rng.uniform(9, 14) * np.array([[1, 0], second])


def spots(lattice, reach, spread, rng):
    """Return places (n, 2) and intensities of a lattice, the same on both sides."""
    orders = np.argwhere(np.ones((17, 17))) - 8
    orders = orders[np.lexsort(orders.T)]
    half = orders[len(orders) // 2 + 1 :]
    half = half[np.hypot(*(half @ lattice).T) < reach]
    radius = np.hypot(*(half @ lattice).T)
    heights = np.exp(-((radius / 0.6 / REACH) ** 2)) * rng.lognormal(
        0, spread, len(half)
    )
    heights /= heights.max()
    return np.vstack([half, -half]) @ lattice, np.tile(heights, 2)


def crystals(kind, rng):
    """Return the spots of some crystals, or of one."""
    n = 1 if kind.alike == "crystal" else rng.integers(*kind.crystals)
    lattice = sides(rng)
    if kind.alike == "lattice":
        return [spots(lattice, kind.reach, 1.0, rng) for _ in range(n)]
    if kind.alike == "superstructure":
        return superstructures(1.3 * lattice, kind.reach, rng)[:n]
    return [spots(sides(rng), kind.reach, 0.6, rng) for _ in range(n)]


def superstructures(lattice, reach, rng):
    """Return the spots of a lattice, and with fainter ones between them."""
    places, heights = spots(lattice, reach, 0.3, rng)
    found = [(places, heights)]
    for cells in ((2, 1), (1, 3), (2, 2)):
        more, faint = spots(lattice / np.reshape(cells, (2, 1)), reach, 0.3, rng)
        apart = np.hypot(*(more[:, None] - places[None]).T).min(axis=0)
        is_new = apart > 1
        both = np.vstack([places, more[is_new]])
        found.append((both, np.append(heights, 0.35 * faint[is_new])))
    return found


def pattern(places, heights, kind, center, rng):
    """Return noisy counts of a crystal turned in the plane by any angle."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = places @ turn.T
    heights = heights * np.exp(-places @ rng.normal(0, kind.tilt / REACH, 2))
    places = places * (1 + kind.ellipse * np.array([1, -1])) + center
    apart = np.hypot(*(np.indices((SIDE, SIDE))[..., None] - places.T[:, None, None]))
    shape = (
        1 / (1 + np.exp((apart - kind.disc) / 0.4))
        if kind.disc
        else np.exp(-(apart**2) / 2 / kind.width**2)
    )
    crystal = shape @ heights
    radius = np.hypot(*(np.indices((SIDE, SIDE)) - center[:, None, None]))
    glass = np.exp(-radius / 14) + 0.5 * np.exp(-(((radius - 22) / 4) ** 2))
    beam = 0.1 / 25 * np.exp(-(radius**2) / 8)
    mean = (1 - kind.diffuse) * crystal / crystal.sum()
    mean += kind.diffuse * glass / glass.sum() + beam
    return 1.0 * rng.poisson(kind.electrons * mean / mean.sum())


def patterns(kind, seed):
    """Return patterns, which crystal each is of, and their centre."""
    rng = np.random.default_rng(seed)
    center = (SIDE - 1) / 2 + rng.uniform(-3, 3, 2)
    counts, truth = [], []
    for k, (places, heights) in enumerate(crystals(kind, rng)):
        for _ in range(rng.integers(*kind.members)):
            counts.append(pattern(places, heights, kind, center, rng))
            truth.append(k)
    return np.array(counts), np.array(truth), center


def simple_groups(counts, center, n_groups):
    """Return average linkage of roots of intensities, correlated along the azimuth."""
    if n_groups == 1:
        return np.zeros(len(counts), dtype=int)
    azimuth = np.deg2rad(np.arange(360))
    radius = np.arange(5, REACH)[:, None]
    at = center[0] + radius * np.sin(azimuth), center[1] + radius * np.cos(azimuth)
    polar = np.array(
        [np.sqrt(map_coordinates(gaussian_filter(p, 0.7), at, order=1)) for p in counts]
    )
    polar -= polar.mean(axis=2, keepdims=True)
    polar /= np.sqrt((polar**2).sum(axis=(1, 2), keepdims=True))
    series = np.fft.rfft(polar)
    products = np.einsum("irm,jrm->ijm", series, series.conj())
    distance = np.maximum(1 - np.fft.irfft(products, 360).max(axis=2), 0)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    return fcluster(tree, n_groups, "maxclust")


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(8)))
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    arguments = parser.parse_args()
    print("| patterns | default | number known, average linkage |\n|---|---|---|")
    for name in arguments.kinds:
        found = []
        for seed in arguments.seeds:
            counts, truth, center = patterns(KINDS[name], seed)
            ours = cluster_diffraction(counts, center=tuple(center), print_info=False)
            simple = simple_groups(counts, center, len(set(truth)))
            found.append(
                [
                    adjusted_rand_score(truth, labels)
                    for labels in (ours.labels.data, simple)
                ]
            )
        cells = (f"{np.mean(a):.2f} ({min(a):.2f})" for a in np.transpose(found))
        print("| " + " | ".join([name, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
