"""Crystals that lie under others everywhere, and such as must be left alone.

``python -m benchmarks.substrates`` prints, for each kind of scan, the lowest
correlation of a map and the lowest cosine of a crystal's pattern with the truth: of the
default, without one matrix, and of scikit-learn's NMF. Scans are those of
`benchmarks.cameras` in which a substrate is a crystal and nothing is amorphous, or in
which one of three crystals is in most positions; ordered grains have all reflections of
the disordered ones beside them; twins share a third of theirs. Discs of a convergent
probe overlap, of grains that fill the scan, and fill rings that are nothing diffuse.
"""

import argparse
import warnings

import numpy as np
from pyxem.signals import Diffraction2D
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.optimize import linear_sum_assignment
from scipy.signal import fftconvolve
from sklearn.decomposition import NMF

import hspy_cnmf  # noqa: F401  (registers the algorithm)
from benchmarks.cameras import lattice, patterns_and_maps
from benchmarks.likeness import correlations, cosines

KINDS = "substrate", "most_positions", "ordered", "twins", "discs"

#: Pixels about the centre, where all is beam, do not count for patterns.
_BEAM = 6

#: Radius of a disc, in pixels: spots are 9 to 14 apart.
_DISC = 9


def with_beam(spots, radii):
    """Return a pattern of unit sum with a direct beam."""
    beam = np.exp(-(radii**2) / 4.5)
    return 0.7 * spots / spots.sum() + 0.3 * beam / beam.sum()


def turned(pattern, y, x, turn):
    """Return a pattern after a rotation about its centre."""
    places = np.exp(1j * turn) * (y + 1j * x)
    center = (len(pattern) - 1) / 2
    return map_coordinates(pattern, [places.real + center, places.imag + center])


def grains_of_discs(rng, y, x, shape):
    """Return patterns whose discs overlap, and maps of the grains that have them."""
    disc = 1 / (1 + np.exp(3 * (np.hypot(y, x) - _DISC)))
    spots = [0.7 * lattice(rng, y, x) for _ in range(4)]
    patterns = np.array([fftconvolve(one, disc, mode="same") for one in spots])
    patterns = np.maximum(patterns, 0) / disc.sum() + 0.3 * disc / disc.sum()
    places = rng.uniform(0, 1, (8, 2)) * shape
    rows, columns = np.indices(shape)
    away = [np.hypot(rows - place[0], columns - place[1]) for place in places]
    grain = np.argmin(away, axis=0) % len(patterns)
    maps = np.array([grain == k for k in range(len(patterns))], float)
    return patterns, gaussian_filter(maps, (0, 0.8, 0.8))


def scan(kind, seed, electrons):
    """Return counts, true patterns and true maps."""
    rng = np.random.default_rng(seed)
    patterns, maps = patterns_and_maps(rng)
    y, x = np.indices(patterns[0].shape) - (len(patterns[0]) - 1) / 2
    rows, columns = np.indices(maps[0].shape)
    radii, spots = np.hypot(y, x), lattice(rng, y, x)
    if kind == "substrate":
        patterns[0] = with_beam(spots, radii)
    elif kind == "most_positions":
        maps[1] = 0.4 * ((rows > 1) & (columns > 2)) * (1 + 0.2 * np.sin(rows / 5))
    elif kind == "ordered":
        beside = turned(lattice(rng, y, x), y, x, 0.5) * (spots < 1e-4 * spots.max())
        ordered = 0.6 * spots + 0.4 * np.maximum(beside, 0) / beside.sum()
        patterns = np.array([with_beam(one, radii) for one in (spots, ordered)])
        maps = np.stack([maps[1] == 0, maps[1] > 0]).astype(float)
    elif kind == "twins":
        parent = spots + turned(spots, y, x, np.pi)  # of two beams of like strength
        axis = y * np.cos(0.3) + x * np.sin(0.3)
        row = np.exp(-((x * np.cos(0.3) - y * np.sin(0.3)) ** 2) / 2)
        shared = row * (1 + np.cos(2 * np.pi * axis / 9)) ** 4
        shared *= spots.sum() / shared.sum()
        twin = turned(parent, y, x, 1.2)
        patterns = [with_beam(np.maximum(one, 0) + shared, radii)
                    for one in (parent, twin)]  # fmt: skip
        patterns, maps = np.array(patterns), np.stack([1 - maps[1], maps[1]])
    elif kind == "discs":
        patterns, maps = grains_of_discs(rng, y, x, rows.shape)
    mean = electrons * np.tensordot(maps, patterns, axes=(0, 0))
    return rng.poisson(mean).astype(np.uint16), patterns, maps


def likeness(patterns, maps, true_patterns, true_maps):
    """Return the lowest correlation of maps and the lowest cosine of patterns."""
    n = len(true_maps)
    like = np.nan_to_num(correlations(maps, true_maps.reshape(n, -1)))
    chosen = linear_sum_assignment(-like)
    center = (true_patterns.shape[1] - 1) / 2
    radii = np.hypot(*(np.indices(true_patterns.shape[1:]) - center)).ravel()
    there = radii > _BEAM
    patterns = patterns.reshape(len(patterns), -1)[:, there]
    alike = cosines(patterns, true_patterns.reshape(n, -1)[:, there])
    return like[chosen].min(), np.nan_to_num(alike)[chosen].min()


def row(kind, seed, electrons):
    """Return likeness to the truth of the default, without a matrix, and of others'."""
    counts, *true = scan(kind, seed, electrons)
    n, n_positions = len(true[1]), true[1][0].size
    found = []
    for matrix in ("auto", None):
        signal = Diffraction2D(counts)
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n,
            matrix=matrix,
            random_state=0,
            print_info=False,
            show_progressbar=False,
        )
        maps = np.nan_to_num(signal.get_decomposition_loadings().data)
        patterns = np.nan_to_num(signal.get_decomposition_factors().data)
        found.append(likeness(patterns, maps.reshape(n, -1), *true))
    peer = NMF(n, init="nndsvda", max_iter=300, random_state=0)
    maps = peer.fit_transform(counts.reshape(n_positions, -1).astype(float)).T
    return *found, likeness(peer.components_, maps, *true)


def main():
    """Print the table: medians over seeds, and the lowest in parentheses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(110, 114))
    parser.add_argument("--electrons", type=float, nargs="+", default=[3000])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| scan | electrons | map | matrix=None | scikit-learn "
          "| pattern | matrix=None | scikit-learn |")  # fmt: skip
    print("|---" * 8 + "|")
    for kind in options.kinds:
        for electrons in options.electrons:
            rows = [row(kind, seed, electrons) for seed in options.seeds]
            cells = " | ".join(
                f"{np.median(one):.2f} ({one.min():.2f})"
                for one in np.array(rows).transpose(2, 1, 0).reshape(6, -1)
            )
            print(f"| {kind} | {electrons:g} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
