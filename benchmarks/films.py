"""Two amorphous films whose rings overlap, crystals in one of them.

``python -m benchmarks.films`` prints, for each map of the second film, cosines of the
patterns of both films and correlations of their maps with the truth, and how many
crystals are found (0.8 of both), of the default, without constraints, and of
scikit-learn's NMF, the best of four starts. Own kinematic scans of 36 x 36 positions
and 64 x 64 pixels, a calibration without a centre, the beam masked. A film over another
has a map of its own; one that replaces it is where the other is not.
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

KINDS = "gradient", "half", "islands", "everywhere", "phases", "phase_islands"

_POSITIONS, _PIXELS = 36, 64

#: What is found has so much of both likenesses.
_FOUND = 0.8


def halo(radii, first, width, second, tail):
    """Return a pattern of two rings on a tail, of unit sum; radii are in widths."""
    pattern = tail * np.exp(-radii / 0.12)
    pattern += np.exp(-0.5 * ((radii - first) / width) ** 2)
    pattern += 0.4 * np.exp(-0.5 * ((radii - second) / (1.4 * width)) ** 2)
    return pattern / pattern.sum()


def lattice(rng, y, x, spacing):
    """Return a pattern of spots on a lattice, of unit sum."""
    turn, between = rng.uniform(0, np.pi), rng.uniform(np.pi / 3, np.pi / 2)
    basis = (
        spacing
        * np.array([1, rng.uniform(0.9, 1.3)])
        * np.exp(1j * np.array([turn, turn + between]))
    )
    tilt, pattern = rng.normal(0, 0.02) * np.exp(1j * turn), np.zeros(x.shape)
    for h, k in np.ndindex(7, 7):
        place = (h - 3) * basis[0] + (k - 3) * basis[1]
        if 0 < abs(place) < 0.55 * _PIXELS:
            height = np.exp(-((abs(place) / (0.3 * _PIXELS)) ** 2))
            height *= rng.gamma(2, 0.5) * np.exp((tilt * np.conj(place)).real)
            off = np.abs(x + 1j * y - place)
            pattern += height * np.exp(-0.5 * (off / 1.1) ** 2)
    return pattern / pattern.sum()


def grain(rng, y, x):
    """Return the map of an elliptical crystal; places are from 0 to 1."""
    center, axes = rng.uniform(0.08, 0.92, 2), rng.uniform(0.06, 0.13, 2)
    off = (x - center[0] + 1j * (y - center[1])) * np.exp(-1j * rng.uniform(0, np.pi))
    away = np.hypot(off.real / axes[0], off.imag / axes[1])
    return rng.uniform(0.25, 0.5) * np.clip((1.1 - away) * 3, 0, 1)


def waves(rng, width):
    """Return a smooth random map of unit deviation."""
    shape = _POSITIONS, _POSITIONS
    field = gaussian_filter(rng.normal(size=shape), width, mode="wrap")
    return field / field.std()


def thicknesses(rng, kind, x, y, of_crystals):
    """Return the maps of both films."""
    turn = rng.uniform(0, 2 * np.pi)
    along = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
    even = 1 + 0.15 * (x - 0.5) + 0.04 * waves(rng, 6)
    if kind.startswith("phase"):
        width, level = (4, 0.0) if kind == "phases" else (2.5, 0.5)
        part = np.clip(2 * (waves(rng, width) - level) + 0.5, 0, 1)
        strength = np.exp(rng.uniform(-0.7, 0.7))  # of scattering
        left = np.clip(even - 0.6 * of_crystals, 0.2, None)
        return (1 - part) * left, strength * part * even
    second = {
        "gradient": 0.9 * np.clip(0.5 + along, 0, None) + 0.05,
        "half": 0.8 / (1 + np.exp(-40 * along)),
        "islands": 0.8 * np.clip(2 * (waves(rng, 2.5) - 0.3), 0, 1),
        "everywhere": 0.6 * np.clip(1 + 0.3 * waves(rng, 6), 0.1, None),
    }[kind]
    return np.clip(even - 0.6 * of_crystals, 0.2, None), second


def scan(kind, seed, electrons):
    """Return counts, true patterns and true maps, those of films first."""
    rng = np.random.default_rng(seed)
    center = (_PIXELS - 1) / 2 - 0.3
    y, x = np.indices((_PIXELS, _PIXELS)) - center
    radii = np.hypot(y, x) / _PIXELS
    first, times = rng.uniform(0.15, 0.18), rng.uniform(1.15, 1.4)
    glass = first, rng.uniform(0.014, 0.022), 1.75 * first, rng.uniform(0.1, 0.3)
    other = times * first, rng.uniform(0.025, 0.035), 1.7 * times * first
    patterns = [halo(radii, *glass), halo(radii, *other, rng.uniform(0.3, 0.6))]
    n = int(rng.integers(5, 11))
    spacings = first * _PIXELS * rng.uniform(0.85, 1, n)
    patterns += [lattice(rng, y, x, spacing) for spacing in spacings]
    rows, columns = np.indices((_POSITIONS, _POSITIONS)) / _POSITIONS
    grains = np.array([grain(rng, rows, columns) for _ in range(n)])
    grains = gaussian_filter(grains, (0, 0.6, 0.6))
    films = thicknesses(rng, kind, columns, rows, grains.sum(axis=0))
    maps, patterns = np.array([*films, *grains]), np.array(patterns)
    mean = np.tensordot(maps, patterns, axes=(0, 0))
    beam = np.exp(-0.5 * (radii * _PIXELS / 1.5) ** 2)
    left = np.clip(1.5 - 0.3 * (maps[0] + maps[1]), 0.2, None)
    mean += 0.8 * left[..., np.newaxis, np.newaxis] * beam / beam.sum()
    mean *= electrons / mean.sum(axis=(2, 3)).mean()
    return rng.poisson(mean).astype(np.uint16), patterns, maps


def likeness(patterns, maps, true_patterns, true_maps):
    """Return cosines and correlations of both films, and the part of crystals found."""
    both = cosines(true_patterns, patterns), correlations(true_maps, maps)
    both = np.nan_to_num(both)
    chosen = linear_sum_assignment(-both.sum(axis=0))
    alike = both[:, chosen[0], chosen[1]]
    found = (alike[:, 2:] > _FOUND).all(axis=0).mean()
    return [*alike[:, :2].ravel(), found]


def of_scikit_learn(data, n):
    """Return patterns and maps of scikit-learn's NMF, the best of four starts."""
    starts = [("nndsvda", 0), *(("random", seed) for seed in range(3))]
    found = []
    for init, seed in starts:
        peer = NMF(n, init=init, random_state=seed, max_iter=500)
        maps = peer.fit_transform(data).T
        found.append((peer.reconstruction_err_, peer.components_, maps))
    return min(found, key=lambda one: one[0])[1:]


def row(kind, seed, electrons):
    """Return the likeness to the truth of the default, of none, and of others'."""
    counts, patterns, maps = scan(kind, seed, electrons)
    n, ways = len(maps), []
    for settings in ({}, {"matrix": None, "factor_constraint": None}):
        signal = ElectronDiffraction2D(counts)
        mask = structure_mask(signal)
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n,
            signal_mask=mask,
            random_state=0,
            print_info=False,
            show_progressbar=False,
            **settings,
        )
        pixels, results = ~mask.data, signal.learning_results
        ways.append((results.factors[pixels.ravel()].T, results.loadings.T))
    ways.append(of_scikit_learn(counts[..., pixels].reshape(-1, pixels.sum()) * 1.0, n))
    true = patterns[:, pixels], maps.reshape(n, -1)
    return [likeness(*map(np.nan_to_num, way), *true) for way in ways]


def main():
    """Print the table: medians over seeds, and the lowest in parentheses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(4))
    parser.add_argument("--electrons", type=float, nargs="+", default=[3000])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = "film", "film over it", "map", "map", "crystals found"
    print(f"| second film | electrons | method | {' | '.join(heads)} |")
    print("|---" * (3 + len(heads)) + "|")
    for kind in options.kinds:
        for electrons in options.electrons:
            rows = [row(kind, seed, electrons) for seed in options.seeds]
            names = "default", "no constraints", "scikit-learn"
            for name, way in zip(names, np.array(rows).transpose(1, 2, 0), strict=True):
                cells = [f"{np.median(one):.2f} ({one.min():.2f})" for one in way[:4]]
                cells.append(f"{way[4].mean():.0%}")
                print(f"| {kind} | {electrons:g} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
