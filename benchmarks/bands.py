"""Whether the bands of solutions contain the truth, and what they cost.

``python -m benchmarks.bands`` prints the table. *Truth in*: components, of those found,
whose true share of all counts lies in its band. *Spots*, *rest*: median ambiguity of
the pixels of crystals above a fifth of their highest, by the truth, and of the others.
"""

import argparse
import time
import warnings

import numpy as np
from hyperspy.signals import Signal2D
from scipy.optimize import linear_sum_assignment

from benchmarks.likeness import cosines
from hspy_cnmf import data, get_result, structure_mask
from hspy_cnmf.verification.decomposed import read_model

#: A pattern is one that was found from this cosine on.
_FOUND = 0.95

#: Two patterns of the truth that are as alike are one.
_SAME = 0.95


def pure(random_state, shape=(24, 24), detector=(32, 32), dose=1e4):
    """Return counts of three components with pixels and positions of their own."""
    rng = np.random.default_rng(random_state)
    patterns = rng.random((3, *detector))
    for k in range(3):
        patterns[k, (np.arange(detector[0]) % 6) // 2 == (k + 1) % 3] = 0
    maps = rng.dirichlet(np.full(3, 0.5), shape)
    for k in range(3):
        maps[8 * k : 8 * k + 4, :8] = np.eye(3)[k]
    maps = np.moveaxis(maps, -1, 0)
    patterns *= dose / patterns.sum(axis=(1, 2), keepdims=True)
    counts = rng.poisson(np.tensordot(maps, patterns, (0, 0))).astype(np.uint16)
    return Signal2D(counts), patterns, maps


def simulated(make):
    """Return a function that makes a scan, with the arrays of its truth."""

    def simulate(random_state):
        signal, truth = make(random_state=random_state, return_truth=True)
        return signal, truth.factors.data, truth.loadings.data

    return simulate


CASES = {
    "four_phases": (simulated(data.four_phases), 4, True),
    "twinned_silver": (simulated(data.twinned_silver), 6, True),
    "metallic_glass": (simulated(data.metallic_glass), 30, True),
    "pure": (pure, 3, False),
}


def measure(case, seed, n_init):
    """Return the numbers of one seed by what they are."""
    make, n_components, masked = case
    signal, patterns, maps = make(random_state=seed)
    begin = time.process_time()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        signal_mask=structure_mask(signal) if masked else None,
        loading_constraint="auto" if masked else None,
        random_state=seed,
        n_init=n_init,
        print_info=False,
        show_progressbar=False,
    )
    between = time.process_time()
    bands = signal.get_solution_bands()
    end = time.process_time()
    keep = read_model(signal).keep_pixels
    true = patterns[:, keep].astype(float)
    weights = maps.reshape(len(maps), -1).sum(axis=1) * true.sum(axis=1)
    shares = weights / weights.sum()
    n_found = get_result(signal).n_found
    found = signal.get_decomposition_factors().data[:n_found, keep]
    likeness = cosines(found, true)
    pairs = zip(*linear_sum_assignment(-likeness), strict=True)
    likely = [(i, j) for i, j in pairs if likeness[i, j] >= _FOUND]
    single = [(i, j) for i, j in likely if not _has_twin(true, j)]
    inside = [
        bands.table["lowest"][i] <= shares[j] <= bands.table["highest"][i]
        for i, j in single
    ]
    ambiguity = bands.ambiguity.data[:, keep]
    crystals = [(i, j) for i, j in single if shares[i] < 0.5]
    bright = [true[j] > 0.2 * true[j].max() for _, j in crystals]
    spots = [
        np.median(ambiguity[i, b]) for (i, _), b in zip(crystals, bright, strict=True)
    ]
    rest = [
        np.median(ambiguity[i, ~b]) for (i, _), b in zip(crystals, bright, strict=True)
    ]
    return {
        "found": n_found,
        "compared": len(single),
        "truth in": sum(inside),
        "widest": bands.table["width"].max(),
        "spots, worst": max(spots, default=np.nan),
        "rest, least": min(rest, default=np.nan),
        "decomposition (CPU s)": between - begin,
        "bands (CPU s)": end - between,
    }


def _has_twin(patterns, j):
    """Return whether another pattern is nearly the same: their sum is found."""
    likeness = cosines(patterns, patterns)[j]
    return np.count_nonzero(likeness > _SAME) > 1


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--starts", type=int, default=10, help="starts of each run")
    parser.add_argument("--data", nargs="*", default=list(CASES), choices=list(CASES))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in arguments.data:
        print(f"\n### {name}\n")
        for seed in range(arguments.seeds):
            row = measure(CASES[name], seed, arguments.starts)
            if seed == 0:
                print(f"| seed | {' | '.join(row)} |\n|---{'|---' * len(row)}|")
            cells = " | ".join(f"{float(v):.4g}" for v in row.values())
            print(f"| {seed} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
