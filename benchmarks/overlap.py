"""How many overlapping nanocrystals are found, of pyxem's own simulation.

``python -m benchmarks.overlap --crystals 50 --positions 128`` prints for each draw how
many crystals have a map of their own that correlates by more than 0.8 with the truth:
of the patterns that least squares gives for the true maps, of the default, and of
scikit-learn. Crystals that were drawn in the same orientation have the same pattern,
and are one here, with one map. All see the pixels that `structure_mask` leaves; with
``--no-mask``, all pixels.
"""

import argparse
import warnings

import numpy as np
import pyxem.data
from pyxem.data.dummy_data import CrystalSTEMSimulation
from pyxem.signals import ElectronDiffraction2D
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from sklearn.decomposition import NMF

from benchmarks.likeness import correlations, cosines
from benchmarks.phases_pyxem import seed_generators
from hspy_cnmf import structure_mask
from hspy_cnmf.solver import half_steps

_FOUND = 0.8

#: Patterns whose cosine is at least this are the same: pyxem rounds spots to whole
#: pixels, so that others differ by more (0.994).
_SAME = 0.999


def overlap(n_crystals, n_positions, seed):
    """Return the scan that `pyxem.data.simulated_overlap` draws, and its true maps."""
    seed_generators(seed)
    made = CrystalSTEMSimulation(
        pyxem.data.fe_fcc_phase(),
        real_space_pixels=n_positions,
        num_crystals=n_crystals,
        recip_space_pixels=64,
        k_range=1,
    )
    signal = ElectronDiffraction2D(
        made.make_4d_stem(num_electrons=10, noise_level=0.1, radius=5)
    )
    maps = np.zeros((n_crystals, n_positions, n_positions))
    for one, places in zip(maps, made.real_space_vectors, strict=True):
        one[tuple(np.transpose(places))] = 1
    return signal, maps.reshape(n_crystals, -1)


def patterns_of(patterns, maps):
    """Return the patterns that least squares gives for maps and a constant."""
    with_rest = np.vstack([maps, np.ones((1, maps.shape[1]))])
    return np.maximum(np.linalg.lstsq(with_rest.T, patterns, rcond=None)[0], 0)


def of_different_patterns(patterns, maps):
    """Return true maps, those of crystals that have the same pattern as their sum.

    `patterns` are without the direct beam, in which all are alike.
    """
    factors = patterns_of(patterns, maps)[:-1]
    same = cosines(factors, factors) >= _SAME
    n_groups, group = connected_components(same, directed=False)
    return np.eye(n_groups)[group].T @ maps


def n_found(maps, loadings):
    """Return how many true maps have one that is like them, each its own."""
    alike = correlations(maps, np.asarray(loadings, float))
    return np.count_nonzero(alike[linear_sum_assignment(-alike)] > _FOUND)


def maps_of_truth(patterns, maps):
    """Return the maps of the patterns that least squares gives for the true maps."""
    factors = patterns_of(patterns, maps)
    gram, products = factors @ factors.T, factors @ patterns.T
    start = np.maximum(np.linalg.lstsq(gram, products, rcond=None)[0], 0)
    return half_steps.nonnegative_least_squares(products, gram, start)[: len(maps)]


def row(n_crystals, n_positions, seed, masked=True):
    """Return how many crystals differ and are found: by truth, default, and a peer."""
    signal, maps = overlap(n_crystals, n_positions, seed)
    mask = structure_mask(signal)
    patterns = signal.data.reshape(maps.shape[1], -1)
    maps = of_different_patterns(patterns[:, ~mask.data.ravel()], maps)
    if masked:
        patterns = patterns[:, ~mask.data.ravel()]
    result = signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_crystals,
        signal_mask=mask if masked else None,
        n_init=4,
        random_state=0,
        print_info=False,
        return_info=True,
        show_progressbar=False,
    )
    peer = NMF(n_crystals, init="nndsvda", random_state=0)
    ways = (
        maps_of_truth(patterns, maps),
        result.loadings,
        peer.fit_transform(patterns).T,
    )
    return [len(maps), *(n_found(maps, way) for way in ways)]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crystals", type=int, default=20)
    parser.add_argument("--positions", type=int, default=96, help="along each axis")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--no-mask", action="store_true", help="keep the direct beam")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "| draw | different | truth | default | scikit-learn |\n|---|---|---|---|---|"
    )
    for seed in options.seeds:
        settings = options.crystals, options.positions, seed, not options.no_mask
        found = row(*settings)
        print(f"| {seed} | {' | '.join(map(str, found))} |", flush=True)


if __name__ == "__main__":
    main()
