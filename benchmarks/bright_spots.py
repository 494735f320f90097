"""Patterns and maps where bright spots of crystals hide faint ones.

``python -m benchmarks.bright_spots`` prints, of crystals that are everywhere or side by
side, the median cosine of true patterns, and the median and the lowest correlation of
true maps: of the default, with Poisson noise normalised throughout, with equal weights
throughout, and of scikit-learn's NMF. The direct beam is masked. How much of a crystal
that is everywhere is in the pattern of a precipitate, the data do not say.
"""

import argparse
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment

import hspy_cnmf
from benchmarks.likeness import correlations, cosines
from benchmarks.scenes import found_in, of_scikit_learn
from hspy_cnmf import data

#: Components asked for beside the true ones.
_TOO_MANY = 3

_WEIGHTS = {"default": {}} | {
    name: {"normalize_poissonian_noise": value}
    for name, value in (("normalised", True), ("equal weights", False))
}


FAMILIES = {
    "aluminium_precipitates": data.aluminium_precipitates,
    "iron_grains": data.iron_grains,
}


def row(family, dose, seed):
    """Return the scores of each way."""
    signal, truth = FAMILIES[family](dose=dose, random_state=seed, return_truth=True)
    mask = hspy_cnmf.structure_mask(signal)
    patterns = truth.factors.data.reshape(len(truth.names), *mask.data.shape)
    maps = truth.loadings.data.reshape(len(patterns), -1)
    n, pixels = len(patterns) + _TOO_MANY, ~mask.data
    ways = [found_in(signal, mask, n, 4, **weights) for weights in _WEIGHTS.values()]
    ways.append(of_scikit_learn(signal.data, pixels, n))
    return [_score(patterns[:, pixels], maps, *way) for way in ways]


def _score(patterns, maps, found, found_maps):
    there = found.any(axis=1) & (np.ptp(found_maps, axis=1) > 0)
    found, found_maps = found[there], found_maps[there]
    alike = cosines(patterns, found), correlations(maps, found_maps)
    match = linear_sum_assignment(-(alike[0] + alike[1]))
    cosine, correlation = (one[match] for one in alike)
    values = np.median(cosine), np.median(correlation), correlation.min()
    return " ".join(f"{value:.2f}" for value in values)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--doses", nargs="+", type=float, default=[1000, 10000])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = "family", "electrons", "seed", *_WEIGHTS, "scikit-learn"
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for family in arguments.data:
        for dose in arguments.doses:
            for seed in arguments.seeds:
                cells = family, f"{dose:g}", str(seed), *row(family, dose, seed)
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
