"""How right maps of domains are, and whether their confidence means something.

``python -m benchmarks.domains`` prints a table of simulated layered oxides, seed by
seed, beside k-means, Gaussian mixtures and HyperSpy's ``cluster_analysis``.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture

import hspy_cnmf
from hspy_cnmf import data

#: What peers may see of the counts: as they are, or of one variance everywhere; or
#: that with all patterns scaled to one total.
INPUTS = ("counts", "anscombe", "scaled")

#: A scan that only shows that things run.
_SMALL = {"shape": (20, 20), "detector_shape": (32, 32)}

_QUIET = {"print_info": False, "show_progressbar": False}

#: Scores that peers cluster.
N_SCORES = 10


def matched(labels, truth, inside):
    """Return labels renamed as the truth, by what agrees most inside domains."""
    n = max(labels.max(), truth.max()) + 1
    counts = np.zeros((n, n))
    np.add.at(counts, (labels[inside], truth[inside]), 1)
    rows, columns = linear_sum_assignment(-counts)
    names = np.empty(n, int)
    names[rows] = columns
    return names[labels]


def accuracy(labels, truth, inside):
    """Return the share of labels inside domains that are right, once renamed."""
    return float((matched(labels, truth, inside) == truth)[inside].mean())


def calibration_error(right, confidence, n_bins=10):
    """Return the expected calibration error over bins of equal width."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        (bins == k).mean() * abs(right[bins == k].mean() - confidence[bins == k].mean())
        for k in np.unique(bins)
    ]
    return float(np.sum(gaps))


def peer_input(patterns, name):
    """Return patterns, shape (n, pixels), as one of `INPUTS`."""
    if name == "counts":
        return patterns
    if name == "scaled":
        totals = patterns.sum(axis=1, keepdims=True)
        patterns = patterns * (totals.mean() / np.maximum(totals, 1))
    return 2 * np.sqrt(patterns + 0.375)


def peers(signal, mask, n_domains, seed):
    """Return the labels of every peer, by name, shape of the scan."""
    shape = signal.data.shape[:2]
    patterns = signal.data[..., ~mask.data].reshape(-1, (~mask.data).sum())
    found = {}
    for name in INPUTS:
        seen = peer_input(patterns.astype(float), name)
        scores = PCA(N_SCORES, random_state=seed).fit_transform(seen)
        for what, values in (("", scores), (" whitened", scores / scores.std(axis=0))):
            model = KMeans(n_domains, n_init=10, random_state=seed)
            found[f"k-means, {name}{what}"] = model.fit_predict(values).reshape(shape)
        model = GaussianMixture(n_domains, n_init=5, random_state=seed)
        found[f"Gaussian mixture, {name}"] = model.fit_predict(scores).reshape(shape)
        found[f"cluster_analysis, {name}"] = _cluster_analysis(
            signal, mask, name, n_domains, seed
        )
    return found


def _cluster_analysis(signal, mask, name, n_domains, seed):
    """Return labels of HyperSpy's own clustering of its decomposition."""
    patterns = signal.data.reshape(-1, mask.data.size)
    copy = signal.deepcopy()
    copy.data = peer_input(patterns.astype(float), name).reshape(signal.data.shape)
    options = {"print_info": False, "signal_mask": mask.data}
    copy.decomposition(algorithm="SVD", output_dimension=N_SCORES, **options)
    copy.cluster_analysis(
        "decomposition",
        n_clusters=n_domains,
        number_of_components=N_SCORES,
        algorithm="kmeans",
        n_init=10,
        random_state=seed,
    )
    maps = np.asarray(copy.learning_results.cluster_labels)
    return maps.argmax(axis=0).reshape(signal.data.shape[:2])


def benchmark(seed, quick=False, with_peers=True):
    """Print the rows of one seed, and return the figures of this package."""
    signal, truth = data.layered_domains(
        random_state=seed, return_truth=True, **(_SMALL if quick else {})
    )
    mask = hspy_cnmf.structure_mask(signal)
    labels, boundary = truth.labels.data, truth.boundary.data
    n_domains = len(truth.names)
    options = {"epochs": 2, "max_rounds": 2, "n_repeats": 3} if quick else {}
    start = time.perf_counter()
    domains = signal.map_domains(
        n_domains, signal_mask=mask, random_state=seed, **(_QUIET | options)
    )
    seconds = time.perf_counter() - start
    confidence = domains.confidence.data.astype(float)
    right = matched(domains.labels.data, labels, ~boundary) == labels
    sure = confidence >= 0.9
    rounds = ", ".join(f"{value:.3f}" for value in domains.consistency.data)
    print(
        f"{seed} | map_domains | {right[~boundary].mean():.4f} | "
        f"{right[sure].mean() if sure.any() else np.nan:.4f} ({sure.mean():.2f}) | "
        f"{calibration_error(right, confidence):.3f} | "
        f"{roc_auc_score(boundary.ravel(), -confidence.ravel()):.3f} | {rounds} | "
        f"{seconds:.0f}",
        flush=True,
    )
    if with_peers:
        for name, found in peers(signal, mask, n_domains, seed).items():
            score = accuracy(found, labels, ~boundary)
            print(f"{seed} | {name} | {score:.4f} | | | | |", flush=True)
    return right[~boundary].mean()


def rotated(seed, quick=False):
    """Print the accuracy on turned grains with and without rotation invariance."""
    signal, truth = data.layered_domains(
        n_variants=3,
        rotated=True,
        random_state=seed,
        return_truth=True,
        **(_SMALL if quick else {}),
    )
    mask = hspy_cnmf.structure_mask(signal)
    options = {"epochs": 2, "max_rounds": 1, "n_repeats": 3} if quick else {}
    for invariant in (True, False):
        domains = hspy_cnmf.map_domains(
            signal,
            3,
            signal_mask=mask,
            rotation_invariant=invariant,
            random_state=seed,
            **(_QUIET | options),
        )
        score = accuracy(domains.labels.data, truth.labels.data, ~truth.boundary.data)
        print(f"{seed} | rotation_invariant={invariant} | {score:.4f}", flush=True)


def numbers(seed, quick=False):
    """Print how many domains are found where there are three to five variants."""
    options = {"epochs": 2, "n_repeats": 3} if quick else {}
    for n_variants in (3, 4, 5):
        signal = data.layered_domains(
            n_variants=n_variants, random_state=seed, **(_SMALL if quick else {})
        )
        domains = signal.map_domains(
            signal_mask=hspy_cnmf.structure_mask(signal),
            max_rounds=1,
            random_state=seed,
            **(_QUIET | options),
        )
        print(f"{seed} | {n_variants} | {domains.n_domains}", flush=True)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(10)))
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-rotation", action="store_true")
    parser.add_argument(
        "--numbers", action="store_true", help="only find the number of domains"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a small scan, only to see that it runs"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = [0] if arguments.quick else arguments.seeds
    if arguments.numbers or arguments.quick:
        print("seed | variants | domains found\n--- | --- | ---")
        for seed in seeds:
            numbers(seed, arguments.quick)
    if arguments.numbers:
        return
    print(
        "seed | method | accuracy | right where >= 0.9 (share) | ECE | AUC | ", end=""
    )
    print("consistency | s\n--- | --- | --- | --- | --- | --- | --- | ---")
    for seed in seeds:
        benchmark(seed, arguments.quick, not arguments.no_peers)
    if not arguments.no_rotation:
        print("\nseed | three phases in turned grains | accuracy\n--- | --- | ---")
        for seed in seeds:
            rotated(seed, arguments.quick)


if __name__ == "__main__":
    main()
