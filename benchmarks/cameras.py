"""Crystals in a matrix behind cameras that widen spots, by a simulation of its own.

``python -m benchmarks.cameras`` prints, for each camera, the correlation of the map of
the matrix with the truth, and that of the worst crystal's, of the default and of
scikit-learn's NMF. Scans have 30 x 36 positions and 64 x 64 pixels; three crystals,
each in two particles, lie in a matrix in which thickness varies.
"""

import argparse
import warnings

import numpy as np
from pyxem.signals import Diffraction2D
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF

import hspy_cnmf  # noqa: F401  (registers the algorithm)
from benchmarks.likeness import correlations

#: Counting pixels, whose spots are as wide as the optics make them or wider (standard
#: deviations in pixels), a scintillator with gain and read-out noise, and a camera that
#: films a screen with 8 bits.
CAMERAS = "counting", "blur_1.2", "blur_2", "scintillator", "screen"

_POSITIONS, _PIXELS, _CRYSTALS = (30, 36), 64, 3


def lattice(rng, y, x):
    """Return the spots of a crystal, of unit sum."""
    spacing, turn = rng.uniform(9, 14), rng.uniform(0, np.pi)
    between, ratio = rng.choice([np.pi / 2, np.pi / 3]), rng.choice([1, 1.3])
    first = spacing * np.exp(1j * turn)
    second = ratio * spacing * np.exp(1j * (turn + between))
    bright = rng.uniform(0.2, 1, (9, 9))
    pattern = np.zeros(y.shape)
    for i, j in np.ndindex(9, 9):
        place = (i - 4) * first + (j - 4) * second
        if 0 < abs(place) <= 0.47 * _PIXELS:
            height = (bright + bright[::-1, ::-1])[i, j] / 2
            height *= np.exp(-abs(place) / (0.3 * _PIXELS))
            pattern += height * np.exp(-(np.abs(y + 1j * x - place) ** 2) / 2)
    return pattern / pattern.sum()


def patterns_and_maps(rng):
    """Return true patterns, (n, 64, 64), and maps, (n, 30, 36), the matrix first."""
    y, x = np.mgrid[:_PIXELS, :_PIXELS] - (_PIXELS - 1) / 2
    radii = np.hypot(y, x)
    beam = np.exp(-(radii**2) / 4.5)
    rings = 0.6 * np.exp(-radii / (0.12 * _PIXELS))
    for place, height in ((0.25, 1.0), (0.425, 0.4)):
        rings += height * np.exp(-(((radii / _PIXELS - place) / 0.05) ** 2) / 2)
    rows, columns = np.indices(_POSITIONS)
    patterns = [0.6 * rings / rings.sum() + 0.4 * beam / beam.sum()]
    maps = [1 + 0.25 * np.sin(columns / 9 + rows / 13)]
    for _ in range(_CRYSTALS):
        patterns.append(0.7 * lattice(rng, y, x) + 0.3 * beam / beam.sum())
        places, sizes = rng.uniform(4, np.array(_POSITIONS) - 4, (2, 2)), (4, 7)
        spheres = [
            1 - ((rows - r) ** 2 + (columns - c) ** 2) / rng.uniform(*sizes) ** 2
            for r, c in places
        ]
        maps.append(0.5 * np.sqrt(np.clip(spheres, 0, 1)).max(axis=0))
    return np.array(patterns), np.array(maps)


def scan(camera, seed):
    """Return counts as a camera gives them, and true maps."""
    rng = np.random.default_rng(seed)
    patterns, maps = patterns_and_maps(rng)
    electrons = 20000 if camera == "screen" else 3000
    mean = electrons * np.tensordot(maps, patterns, axes=(0, 0))
    counts = rng.poisson(mean).astype(float)
    blur = {"counting": 0, "blur_2": 2, "screen": 1}.get(camera, 1.2)
    if blur:
        counts = gaussian_filter(counts, (0, 0, blur, blur))
    if camera == "scintillator":  # its dark level is taken off
        counts = 12 * counts + rng.normal(0, 5, counts.shape)
    if camera == "screen":
        counts *= 255 / np.quantile(counts, 0.9995)
        counts += 3 + rng.normal(0, 1.5, counts.shape)
        counts = np.clip(np.round(counts), 0, 255).astype(np.uint8)
    return counts, maps


def likeness(found, true):
    """Return how found maps correlate with true ones, each with another."""
    like = correlations(np.nan_to_num(found).reshape(len(found), -1), true)
    rows, columns = linear_sum_assignment(-like)
    return like[rows, columns][np.argsort(columns)]


def row(camera, seed):
    """Return the likeness of maps of the default and of scikit-learn on one scan."""
    counts, maps = scan(camera, seed)
    true = maps.reshape(len(maps), -1)
    signal = Diffraction2D(counts)
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=len(maps),
        random_state=0,
        negative="clip",
        print_info=False,
        show_progressbar=False,
    )
    ours = likeness(signal.get_decomposition_loadings().data, true)
    peer = NMF(len(maps), init="nndsvda", max_iter=300, random_state=0)
    flat = np.maximum(counts.reshape(len(true[0]), -1), 0).astype(float)
    return ours, likeness(peer.fit_transform(flat).T, true)


def main():
    """Print the table: medians over seeds, and the lowest in parentheses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cameras", nargs="+", default=CAMERAS, choices=CAMERAS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(20, 26))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| camera | matrix | scikit-learn | worst crystal | scikit-learn |")
    print("|---|---|---|---|---|")
    for camera in options.cameras:
        values = np.array([row(camera, seed) for seed in options.seeds])
        matrix, crystal = values[:, :, 0], values[:, :, 1:].min(axis=2)
        cells = " | ".join(
            f"{np.median(one):.2f} ({one.min():.2f})" for one in (*matrix.T, *crystal.T)
        )
        print(f"| {camera} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
