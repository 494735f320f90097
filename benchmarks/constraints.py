"""What each constraint brings, on data sets that obey it.

``python -m benchmarks.constraints`` prints the lowest cosine of factors and of maps
with the truth, means over seeds.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.likeness import cosines
from hspy_cnmf import data, structure_mask
from hspy_cnmf.constraints import (
    CommonTotal,
    RotationalSymmetry,
    Sparsity,
    TotalVariation,
)

#: Data, number of components, and what is tried on it.
CASES = {
    "four_phases": (
        data.four_phases,
        4,
        {
            "automatic": {},
            "and RotationalSymmetry(2)": {
                "factor_constraint": ["auto", RotationalSymmetry(2)]
            },
            "and Sparsity(0.05) of factors": {
                "factor_constraint": ["auto", Sparsity(0.05)]
            },
            "and Sparsity(0.1) of maps": {
                "loading_constraint": ["auto", Sparsity(0.1)]
            },
            "and CommonTotal()": {"loading_constraint": ["auto", CommonTotal()]},
            "TotalVariation(0.05) of maps": {
                "loading_constraint": TotalVariation(0.05)
            },
        },
    ),
    "twinned_silver": (
        data.twinned_silver,
        6,
        {
            "automatic": {},
            "no constraint on maps": {"loading_constraint": None},
            "TotalVariation(0.05) of maps": {
                "loading_constraint": TotalVariation(0.05)
            },
            "and Sparsity(0.1) of maps": {
                "loading_constraint": ["auto", Sparsity(0.1)]
            },
        },
    ),
}


def measure(make, n_components, settings, seed, n_init):
    """Return the lowest cosines of factors and of maps, and the time."""
    signal, truth = make(random_state=seed, return_truth=True)
    mask = structure_mask(signal)
    begin = time.perf_counter()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        signal_mask=mask,
        random_state=seed,
        n_init=n_init,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    end = time.perf_counter()
    keep = ~mask.data
    factors = signal.get_decomposition_factors().data[:, keep]
    maps = signal.get_decomposition_loadings().data.reshape(n_components, -1)
    likeness = cosines(factors, truth.factors.data[:, keep])
    pairs = linear_sum_assignment(-likeness)
    true_maps = truth.loadings.data.reshape(len(truth.loadings.data), -1)
    of_maps = cosines(maps, true_maps)
    return likeness[pairs].min(), of_maps[pairs].min(), end - begin


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--starts", type=int, default=3, help="starts of each run")
    parser.add_argument("--data", nargs="*", default=list(CASES), choices=list(CASES))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| data | constraints | factors | maps | time (s) |\n|---|---|---|---|---|")
    for name in arguments.data:
        make, n_components, tried = CASES[name]
        for words, settings in tried.items():
            rows = [
                measure(make, n_components, settings, seed, arguments.starts)
                for seed in range(arguments.seeds)
            ]
            cells = " | ".join(f"{v:.4g}" for v in np.mean(rows, axis=0))
            print(f"| {name} | {words} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
