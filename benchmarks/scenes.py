"""Crystals in amorphous matter, by a simulation that shares nothing with our data sets.

``python -m benchmarks.scenes`` prints, of seeds 12 to 17, for each kind of scene,
cosines of patterns and correlations of maps with the truth, of the default and of
scikit-learn's NMF on the same pixels. Scenes have 24 x 24 positions and 48 x 48 or
64 x 64 pixels, 300 to 10,000 electrons, discs or Gaussian spots, an elliptical
distortion of up to 1 %, a wedge, and some of them a hole. Scenes without a matrix are
left out by default: their centre cannot always be told, and is then asked for.
"""

import argparse
import warnings

import numpy as np
from pyxem.signals import ElectronDiffraction2D
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF

from benchmarks.likeness import correlations, cosines
from hspy_cnmf import structure_mask

#: Crystals of nearly one orientation, few or many; of any; in two amorphous phases; in
#: place of the amorphous phase; with diffuse scattering of their own; without matrix.
KINDS = (
    "aligned", "aligned_dense", "random", "two_amorphous", "replacing", "diffuse",
    "no_matrix",
)  # fmt: skip

_POSITIONS, _SPOTS = 24, 5


def halo(radii, first, n):
    """Return an amorphous pattern of unit sum with three rings."""
    pattern = 0.35 * np.exp(-radii / (0.18 * n))
    for place, height, width in ((1, 1, 0.035), (1.72, 0.45, 0.05), (2.6, 0.15, 0.06)):
        off = (radii - place * first * n) / (width * n)
        pattern = pattern + height * np.exp(-0.5 * off**2)
    return pattern / pattern.sum()


def lattice(rng, dx, dy, basis, spot):
    """Return a pattern of spots on a lattice, those of a tilt brighter."""
    n = len(dx)
    tilt = rng.uniform(-0.6, 0.6, 2) / np.hypot(*basis[0])
    pattern = np.zeros_like(dx)
    for h in range(-_SPOTS, _SPOTS + 1):
        for k in range(-_SPOTS, _SPOTS + 1):
            if h == k == 0:
                continue
            place = h * basis[0] + k * basis[1]
            height = np.exp(-((np.hypot(*place) / (0.28 * n)) ** 2) + tilt @ place)
            height *= rng.gamma(1.5, 1 / 1.5)
            pattern += height * spot(np.hypot(dx - place[0], dy - place[1]))
    return pattern


def grain(rng, x, y, largest):
    """Return the map of an elliptical crystal."""
    center = rng.uniform(2, _POSITIONS - 3, 2)
    axes, angle = rng.uniform(2.2, largest, 2), rng.uniform(0, np.pi)
    dy, dx = y - center[0], x - center[1]
    u = dx * np.cos(angle) + dy * np.sin(angle)
    v = -dx * np.sin(angle) + dy * np.cos(angle)
    off = np.hypot(u / axes[0], v / axes[1])
    return rng.uniform(0.5, 1.2) * np.clip((1.15 - off) * 4, 0, 1)


def scene(kind, seed):
    """Return counts, true patterns and maps, and how many of these are amorphous."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    n = int(rng.choice([48, 64]))
    dose = float(np.exp(rng.uniform(np.log(300), np.log(10000))))
    fixed = {"aligned_dense": 7, "random": 5, "aligned": 4}
    n_crystals = fixed.get(kind) or int(rng.integers(3, 6))
    center = (n - 1) / 2 + rng.normal(0, 0.5, 2)
    dy, dx = np.indices((n, n)) - center[:, np.newaxis, np.newaxis]
    ellipse, axis = 1 + 0.01 * rng.uniform(-1, 1), rng.uniform(0, np.pi)
    u = dx * np.cos(axis) + dy * np.sin(axis)
    v = -dx * np.sin(axis) + dy * np.cos(axis)
    radii, first = np.hypot(u * ellipse, v / ellipse), rng.uniform(0.15, 0.19)
    n_amorphous = {"two_amorphous": 2, "no_matrix": 0}.get(kind, 1)
    amorphous = [halo(radii, first * (1 + 0.35 * i), n) for i in range(n_amorphous)]
    discs, unit = rng.random() < 0.5, n / 56
    width, radius = rng.uniform(0.9, 1.6) * unit, rng.uniform(1.6, 2.8) * unit

    def spot(off):
        if discs:
            return np.clip(radius - off + 0.5, 0, 1)
        return np.exp(-0.5 * (off / width) ** 2)

    turned, spacing = rng.uniform(0, np.pi), rng.uniform(0.13, 0.2) * n
    is_near = kind in ("aligned", "aligned_dense", "diffuse")
    crystals = []
    for _ in range(n_crystals):
        angle = turned + (
            np.deg2rad(rng.uniform(-12, 12)) if is_near else rng.uniform(0, np.pi)
        )
        length = spacing * (1 + rng.uniform(-0.03, 0.03))
        ratio = rng.uniform(0.9, 1.15) if is_near else rng.uniform(0.8, 1.3)
        between = np.pi / 2 if is_near else rng.uniform(np.pi / 3, np.pi / 2)
        angles = np.array([angle, angle + between])
        lengths = length * np.array([1, ratio])
        basis = (lengths * [np.cos(angles), np.sin(angles)]).T
        pattern = lattice(rng, dx, dy, basis, spot)
        if kind == "diffuse":
            pattern += 0.03 * pattern.max() * np.exp(-radii / (0.2 * n))
        crystals.append(pattern / pattern.sum())
    beam = np.clip(rng.uniform(1.5, 3) * unit - np.hypot(dx, dy) + 0.5, 0, 1)
    y, x = np.indices((_POSITIONS, _POSITIONS), float)
    largest = 5 if kind == "aligned_dense" else 4.5
    maps = np.array([grain(rng, x, y, largest) for _ in range(n_crystals)])
    maps = gaussian_filter(maps, (0, 0.7, 0.7))
    wedge = rng.uniform(-0.4, 0.4, 2)
    thickness = (
        1 + wedge[0] * (x / _POSITIONS - 0.5) + wedge[1] * (y / _POSITIONS - 0.5)
    )
    if rng.random() < 0.4:
        corner = rng.choice([0, _POSITIONS - 1]), rng.choice([0, _POSITIONS - 1])
        off = np.hypot(y - corner[0], x - corner[1])
        thickness = thickness * np.clip((off - rng.uniform(3, 6)) / 2, 0, 1)
    if kind in ("replacing", "no_matrix"):
        maps = maps / np.maximum(maps.sum(axis=0), 1)
    maps = maps * (np.clip(thickness, 0.2, None) if kind == "no_matrix" else thickness)
    matrix = []
    if n_amorphous:
        left = thickness
        if kind == "replacing":
            taken = maps.sum(axis=0) / np.maximum(thickness, 1e-9)
            left = thickness * np.clip(1 - taken, 0, 1)
        left, parts = rng.uniform(0.6, 2.0) * left, [1]
        if n_amorphous == 2:
            along = (x - 10) * np.cos(axis) + (y - 10) * np.sin(axis)
            part = 1 / (1 + np.exp(-along / 2))
            parts = [part, 1 - part]
        matrix = [left * part for part in parts]
    factors, loadings = np.array(amorphous + crystals), np.array([*matrix, *maps])
    mean = np.tensordot(loadings, factors, (0, 0))
    mean *= dose / mean.sum(axis=(2, 3)).mean()
    depth = 1 + 0.5 * np.clip(1.2 - thickness, 0, None)[..., np.newaxis, np.newaxis]
    mean += dose * rng.uniform(0.3, 1) * depth * (beam / beam.sum())
    return rng.poisson(mean).astype(np.uint16), factors, loadings, n_amorphous


def score(true, found, n_amorphous):
    """Return lowest and median cosines and correlations of crystals, and of the rest.

    Each true component is matched to one of those found by both.
    """
    alike = np.stack([cosines(true[0], found[0]), correlations(true[1], found[1])])
    rows, columns = linear_sum_assignment(-alike.sum(axis=0))
    matched = np.zeros((2, len(true[0])))
    matched[:, rows] = alike[:, rows, columns]
    crystals, rest = np.split(matched, [n_amorphous], axis=1)[::-1]
    values = [crystals[0].min(), np.median(crystals[0])]
    values += [crystals[1].min(), np.median(crystals[1])]
    return [*values, *rest.min(axis=1, initial=1)]


def decomposed(kind, seed, n_init, n_missing=0, **settings):
    """Return a scene as a decomposed signal, the pixels, what is true and found there.

    Both are patterns and maps. The last is how many of the true ones are amorphous.
    """
    counts, factors, loadings, n_amorphous = scene(kind, seed)
    signal = ElectronDiffraction2D(counts)
    mask, n = structure_mask(signal), len(factors)
    found = found_in(signal, mask, n - n_missing, n_init, **settings)
    true = factors[:, ~mask.data], loadings.reshape(n, -1)
    return signal, ~mask.data, true, found, n_amorphous


def found_in(signal, mask, n, n_init, **settings):
    """Return patterns, where no mask excludes them, and maps of a decomposition."""
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n,
        signal_mask=mask,
        n_init=n_init,
        random_state=0,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    results = signal.learning_results
    patterns = results.factors if mask is None else results.factors[~mask.data.ravel()]
    patterns = np.nan_to_num(patterns)  # of dead pixels
    return patterns.T.astype(float), results.loadings.T.astype(float)


def of_scikit_learn(data, pixels, n):
    """Return patterns and maps of scikit-learn's NMF."""
    peer = NMF(n, init="nndsvda", random_state=0, max_iter=1000)
    maps = peer.fit_transform(data[..., pixels].reshape(-1, pixels.sum())).T
    return peer.components_, maps


def row(kind, seed, n_init):
    """Return the scores of the default and of scikit-learn on one scene."""
    signal, pixels, true, found, n_amorphous = decomposed(kind, seed, n_init)
    ways = found, of_scikit_learn(signal.data, pixels, len(true[0]))
    return [score(true, way, n_amorphous) for way in ways]


def main():
    """Print the table: medians over seeds, and the lowest in parentheses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=KINDS[:-1], choices=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(12, 18))
    parser.add_argument("--starts", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = "pattern, worst", "median", "map, worst", "median", "matrix", "its map"
    print(f"| kind | method | {' | '.join(heads)} |\n|---|---{'|---' * len(heads)}|")
    for kind in options.kinds:
        rows = [row(kind, seed, options.starts) for seed in options.seeds]
        ways = zip(*rows, strict=True)
        for name, values in zip(("default", "scikit-learn"), ways, strict=True):
            pairs = zip(np.median(values, axis=0), np.min(values, axis=0), strict=True)
            cells = " | ".join(f"{middle:.3f} ({low:.3f})" for middle, low in pairs)
            print(f"| {kind} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
