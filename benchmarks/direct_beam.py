"""Which domains a decomposition finds where the direct beam outshines the rest.

``python -m benchmarks.direct_beam`` prints, for each family and dose, the correlation
of maps with the true domains, mean and worst: of the default, with the direct beam
masked, masked and weighted for Poisson noise, of equal weights, and of scikit-learn.
"""

import argparse
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment

import hspy_cnmf
from benchmarks.few_electrons import peer
from benchmarks.likeness import correlations
from hspy_cnmf import data

FAMILIES = (
    data.turned_grains,
    data.twinned_crystal,
    data.oriented_grains,
    data.precipitates_in_crystal,
    data.crystallised_film,
)


def ours(signal, n_components, masked, **arguments):
    """Return maps of the decomposition, asked for two components too many."""
    mask = hspy_cnmf.structure_mask(signal) if masked else None
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components + 2,
        random_state=0,
        n_init=4,
        print_info=False,
        show_progressbar=False,
        signal_mask=mask,
        **arguments,
    )
    return signal.learning_results.loadings.T


def row(family, dose, seed):
    """Return the cells of one scan: mean and worst correlation of each method."""
    signal, truth = family(dose=dose, random_state=seed, return_truth=True)
    labels = truth.labels.data.ravel()
    true = np.array([labels == k for k in np.unique(labels)], dtype=float)
    found = [
        ours(signal, len(true), False),
        ours(signal, len(true), True),
        ours(signal, len(true), True, normalize_poissonian_noise=True),
        ours(signal, len(true), False, normalize_poissonian_noise=False),
    ]
    cells = [f"{signal.data.reshape(len(labels), -1).sum(1).mean():.0f}", str(seed)]
    for maps in [*found, peer(signal, len(true))[1]]:
        likeness = correlations(true, maps)
        best = likeness[linear_sum_assignment(-likeness)]
        cells.append(f"{best.sum() / len(true):.2f} ({best.min():.2f})")
    return cells


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--doses", type=float, nargs="+", default=[300, 3000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| family | electrons | seed | default | masked | both | equal | peer |")
    print("|---|---|---|---|---|---|---|---|")
    for family in FAMILIES:
        for dose in options.doses:
            for seed in options.seeds:
                cells = row(family, dose, seed)
                print("|", " | ".join([family.__name__, *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
