"""Which components are found where patterns have few electrons.

``python -m benchmarks.few_electrons`` prints, for each dose and seed of four_phases,
the correlations of maps with the truth and the cosines of factors: of the default, with
Poisson weights, of square roots of counts, of the default on summed pixels, whose maps
are then kept on all pixels, and of scikit-learn, by squares and by the Kullback-Leibler
divergence, this on summed pixels, too.
"""

import argparse
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF

from benchmarks.likeness import correlations, cosines
from hspy_cnmf import data

#: Components that are there, and that are asked for.
_TRUE, _ASKED = 4, 6


def decompose(signal, n_components, **settings):
    """Decompose; return the factors and the maps that are not empty."""
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        random_state=0,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    found = signal.learning_results
    full = found.loadings.any(axis=0)
    return np.nan_to_num(found.factors.T[full]), found.loadings.T[full]


def summed(signal, binning):
    """Decompose summed pixels, then all pixels with the maps of that."""
    coarse = signal.rebin(scale=(1, 1, binning, binning))
    _, maps = decompose(coarse, _ASKED)
    maps = maps.reshape(-1, *signal.data.shape[:2])
    return decompose(signal, len(maps), fixed_loadings=maps)


def stabilised(signal):
    """Decompose square roots, of one variance; then the counts, with those maps."""
    roots = signal.deepcopy()
    roots.data = np.sqrt(signal.data + 0.375) - np.sqrt(0.375)
    _, maps = decompose(roots, _ASKED)
    maps = maps.reshape(-1, *signal.data.shape[:2])
    return decompose(signal, len(maps), fixed_loadings=maps)


def peer(signal, n_components=_TRUE, **settings):
    """Factorise with scikit-learn; return factors and maps."""
    counts = signal.data.reshape(-1, signal.data[0, 0].size).astype(float)
    settings = {"init": "nndsvda", "max_iter": 300, "random_state": 0} | settings
    model = NMF(n_components, **settings)
    maps = model.fit_transform(counts)
    return model.components_, maps.T


def divergence(signal, binning):
    """Factorise summed pixels by their divergence, and solve for all pixels."""
    coarse = signal.rebin(scale=(1, 1, binning, binning))
    _, maps = peer(coarse, solver="mu", beta_loss="kullback-leibler")
    counts = signal.data.reshape(maps.shape[1], -1).astype(float)
    factors = np.linalg.lstsq(maps @ maps.T, maps @ counts, rcond=None)[0]
    return np.maximum(factors, 0), maps


def measure(dose, seed, binnings):
    """Print a row for each method."""
    signal, truth = data.four_phases(dose=dose, random_state=seed, return_truth=True)
    factors, maps = (s.data.reshape(4, -1) for s in (truth.factors, truth.loadings))
    methods = {
        "default": lambda: decompose(signal, _ASKED),
        "Poisson weights": lambda: decompose(
            signal, _ASKED, normalize_poissonian_noise=True
        ),
        "square roots": lambda: stabilised(signal),
    }
    for n in binnings:
        methods[f"{n} x {n} pixels summed"] = lambda n=n: summed(signal, n)
        methods[f"divergence, {n} x {n}"] = lambda n=n: divergence(signal, n)
    methods["scikit-learn"] = lambda: peer(signal)
    for name, run in methods.items():
        found = run()
        likeness = correlations(maps, found[1])
        true, own = linear_sum_assignment(-likeness)
        of_maps, of_factors = np.zeros((2, 4))
        of_maps[true] = likeness[true, own]
        of_factors[true] = cosines(factors, found[0])[true, own]
        cells = (" ".join(f"{v:.2f}" for v in row) for row in (of_maps, of_factors))
        print(f"| {dose:g} | {seed} | {name} |", " | ".join(cells), "|", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--doses", type=float, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--binnings", type=int, nargs="+", default=[2, 4])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| electrons | seed | | maps: amorphous, crystals | factors |")
    print("|---|---|---|---|---|")
    for dose in options.doses:
        for seed in options.seeds:
            measure(dose, seed, options.binnings)


if __name__ == "__main__":
    main()
