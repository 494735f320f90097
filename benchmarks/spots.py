"""How many Bragg spots are found, and how many that are none, next to simple methods.

``python -m benchmarks.spots [--seeds 2 3]``. `find_spots` was made with seeds 0 and 1:
any other is new to it.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from skimage.feature import blob_log, peak_local_max

from hspy_cnmf.patterns.spots import find_spots
from hspy_cnmf.tables import Table

#: Angles between the shortest vectors of square, hexagonal, oblique and rectangular
#: lattices, in degrees, and their ratios.
LATTICES = (90, 1.0), (60, 1.0), (77, 1.0), (90, 1.43)

#: Electrons in a pattern, and the part of them in diffuse rings.
DOSES = (1e3, 0.0), (1e4, 0.0), (1e6, 0.0), (1e4, 0.5), (1e6, 0.5), (1e6, 0.9)

#: A disc counts as to be found where it is that many times above its noise, and has
#: that part of the electrons of the brightest one.
VISIBLE, FAINTEST = 8, 0.002


@dataclass(frozen=True)
class Case:
    """A pattern of discs of some radius and distance from one another, in pixels.

    `places` are (row, column) of all discs, `visible` tells which are to be found.
    """

    pattern: np.ndarray
    places: np.ndarray
    visible: np.ndarray
    radius: float
    distance: float


def _disc(size: int, place: np.ndarray, radius: float) -> np.ndarray:
    offsets = np.moveaxis(np.indices((size, size)), 0, -1) - place
    return 1 / (1 + np.exp(3 * (np.linalg.norm(offsets, axis=-1) - radius)))


def _rings(size: int) -> np.ndarray:
    radii = np.linalg.norm(np.indices((size, size)) - (size - 1) / 2, axis=0) / size
    rings = 0.4 * np.exp(-radii / 0.2)
    rings += sum(np.exp(-(((radii - at) / 0.04) ** 2)) for at in (0.2, 0.36))
    return rings / rings.sum()


def crystals(seeds: list[int]) -> Iterator[Case]:
    """Yield lattices of discs, some of which touch."""
    for seed, size, lattice, radius in np.ndindex(len(seeds), 3, len(LATTICES), 3):
        rng = np.random.default_rng([seeds[seed], size, lattice, radius])
        pixels, disc = (48, 96, 128)[size], (1.0, 2.0, 4.0)[radius]
        angle, ratio = LATTICES[lattice]
        closest = max(5, 2.6 * disc)
        distance = rng.uniform(closest, max(0.25 * pixels, closest + 1))
        turned = rng.uniform(0, np.pi) + np.deg2rad([0, angle])
        basis = distance * np.stack([np.sin(turned), np.cos(turned)], axis=-1)
        basis[1] *= ratio
        indices = np.indices((25, 25)).reshape(2, -1).T - 12
        offsets = indices[indices.any(axis=1)] @ basis
        places = offsets + (pixels - 1) / 2
        inside = ((places > -disc - 2) & (places < pixels + disc + 2)).all(axis=1)
        places, length = places[inside], np.linalg.norm(offsets[inside], axis=1)
        strength = rng.gamma(2, size=len(places))
        strength *= np.exp(-((length / (0.35 * pixels)) ** 2))
        crystal = sum(
            height * _disc(pixels, place, disc)
            for height, place in zip(strength, places, strict=True)
        )
        strength, crystal = strength / crystal.sum(), crystal / crystal.sum()
        edge = 1.5 * disc + 1
        whole = ((places > edge) & (places < pixels - 1 - edge)).all(axis=1)
        nearest = np.rint(np.clip(places, 0, pixels - 1)).astype(int).T
        for electrons, diffuse in DOSES:
            rings = electrons * diffuse * _rings(pixels)
            mean = electrons * (1 - diffuse) * crystal + rings
            area = np.pi * disc**2
            counts = electrons * (1 - diffuse) * strength * area
            noise = np.sqrt(counts + rings[tuple(nearest)] * area) + 1e-9
            visible = whole & (counts > VISIBLE * noise)
            visible &= counts > FAINTEST * counts.max()
            counted = rng.poisson(mean).astype(float)
            yield Case(counted, places, visible, disc, distance)


def empty(seeds: list[int]) -> Iterator[np.ndarray]:
    """Yield patterns of rings alone."""
    for seed in seeds:
        rng = np.random.default_rng([seed, 7])
        for size in (48, 96, 128):
            for electrons in (1e3, 1e4, 1e5, 1e6):
                yield rng.poisson(electrons * _rings(size)).astype(float)


def ours(pattern: np.ndarray) -> np.ndarray:
    """Return the places of `find_spots`."""
    middle = (np.array(pattern.shape) - 1) / 2
    spots = find_spots(pattern, tuple(middle))
    return np.stack([spots["row"], spots["column"]], axis=1)


def blobs(pattern: np.ndarray) -> np.ndarray:
    """Return the blobs of scikit-image above 5 % of the strongest."""
    found = blob_log(
        pattern, min_sigma=0.8, max_sigma=4.5, threshold=None, threshold_rel=0.05
    )
    return found[:, :2]


def maxima(pattern: np.ndarray) -> np.ndarray:
    """Return the local maxima of scikit-image above 5 % of the brightest."""
    return peak_local_max(pattern, min_distance=3, threshold_rel=0.05)


METHODS: dict[str, Callable] = {"ours": ours, "blob_log": blobs, "maxima": maxima}


def score(case: Case, places: np.ndarray) -> np.ndarray:
    """Return how many are found, are to be found, are none, and are taken for one."""
    if not len(places):
        return np.array([0, case.visible.sum(), 0, 0])
    apart = np.linalg.norm(case.places[:, np.newaxis] - places, axis=-1)
    near = apart.min(axis=1) < max(1.5, 0.15 * case.distance)
    wrong = apart.min(axis=0) > 0.3 * case.distance
    return np.array(
        [(near & case.visible).sum(), case.visible.sum(), wrong.sum(), len(places)]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3])
    seeds = parser.parse_args().seeds
    kinds = {
        "discs nearly touch": (0, 1.9),
        "apart by up to two diameters": (1.9, 3.0),
        "further apart": (3.0, np.inf),
    }
    totals = {(kind, name): np.zeros(4) for kind in kinds for name in METHODS}
    for case in crystals(seeds):
        apart = case.distance / (2 * case.radius + 1)
        kind = next(k for k, (low, high) in kinds.items() if low <= apart < high)
        for name, method in METHODS.items():
            totals[kind, name] += score(case, method(case.pattern))
    in_rings = {
        name: np.mean([len(method(pattern)) for pattern in empty(seeds)])
        for name, method in METHODS.items()
    }
    rows = [(kind, name, *totals[kind, name]) for kind in kinds for name in METHODS]
    print(
        Table.from_columns(
            pattern=[row[0] for row in rows],
            method=[row[1] for row in rows],
            found=[f"{row[2] / max(row[3], 1):.2f}" for row in rows],
            to_find=[int(row[3]) for row in rows],
            wrong=[f"{row[4] / max(row[5], 1):.2f}" for row in rows],
        )
    )
    for name, number in in_rings.items():
        print(f"{name}: {number:.1f} spots in a pattern of rings alone")


if __name__ == "__main__":
    main()
