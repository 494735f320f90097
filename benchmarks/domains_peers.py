"""Simple methods that maps of domains must not fall behind."""

import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

from benchmarks.domains_bank import Case

#: What peers may see of the counts: as they are, or of one variance everywhere; or
#: that with all patterns scaled to one total.
INPUTS = ("counts", "anscombe", "scaled")

#: Scores that peers cluster.
N_SCORES = 10

#: The largest number that simple methods look for.
_MOST = 10


def matched(labels: np.ndarray, truth: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return labels renamed as the truth, by what agrees most inside domains."""
    n = max(labels.max(), truth.max()) + 1
    counts = np.zeros((n, n))
    np.add.at(counts, (labels[inside], truth[inside]), 1)
    rows, columns = linear_sum_assignment(-counts)
    names = np.empty(n, int)
    names[rows] = columns
    return names[labels]


def accuracy(labels: np.ndarray, case: Case) -> float:
    """Return the share of labels inside domains that are right, once renamed."""
    inside = ~case.boundary
    found = matched(labels, case.labels, inside)
    return float((found == case.labels)[inside].mean())


def peer_input(patterns: np.ndarray, name: str) -> np.ndarray:
    """Return patterns, shape (n, pixels), as one of `INPUTS`."""
    if name == "counts":
        return patterns
    if name == "scaled":
        totals = patterns.sum(axis=1, keepdims=True)
        patterns = patterns * (totals.mean() / np.maximum(totals, 1))
    return 2 * np.sqrt(patterns + 0.375)


def peers(
    case: Case, n_domains: int, seed: int, *, few: bool = False
) -> dict[str, np.ndarray]:
    """Return the labels that each peer gives, by name, in the shape of the scan.

    A few are those of scikit-learn, of square roots of counts.
    """
    shape = case.labels.shape
    counts = np.asarray(case.signal.data)
    mask = np.zeros(counts.shape[2:], bool) if case.mask is None else case.mask.data
    patterns = counts[..., ~mask].reshape(-1, (~mask).sum()).astype(float)
    found = {}
    for name in ("anscombe",) if few else INPUTS:
        scores = PCA(N_SCORES, random_state=seed).fit_transform(
            peer_input(patterns, name)
        )
        for what, values in (("", scores), (" whitened", scores / scores.std(axis=0))):
            model = KMeans(n_domains, n_init=10, random_state=seed)
            found[f"k-means, {name}{what}"] = model.fit_predict(values).reshape(shape)
        model = GaussianMixture(n_domains, n_init=5, random_state=seed)
        found[f"Gaussian mixture, {name}"] = model.fit_predict(scores).reshape(shape)
        if not few:
            given = case, mask, name, n_domains, seed
            found[f"cluster_analysis, {name}"] = _clusters(*given)
    for scaled in () if few else (False, True):
        name = f"constrained_nmf{', scaled' if scaled else ''}"
        found[name] = _strongest(case, mask, n_domains, seed, scaled)
    return found


def simple_numbers(case: Case) -> tuple[int, int]:
    """Return the numbers of clusters by silhouettes and by the criterion of Bayes."""
    flat = np.sqrt(np.asarray(case.signal.data, float)).reshape(case.labels.size, -1)
    scores = PCA(N_SCORES, random_state=0).fit_transform(flat)
    clear, cost = {}, {}
    for n in range(2, _MOST + 1):
        labels = KMeans(n, n_init=3, random_state=0).fit_predict(scores)
        clear[n] = silhouette_score(scores, labels)
        cost[n] = GaussianMixture(n, random_state=0).fit(scores).bic(scores)
    return max(clear, key=clear.__getitem__), min(cost, key=cost.__getitem__)


def _clusters(
    case: Case, mask: np.ndarray, name: str, n_domains: int, seed: int
) -> np.ndarray:
    """Return labels of HyperSpy's own clustering of its decomposition."""
    copy = case.signal.deepcopy()
    flat = peer_input(copy.data.reshape(-1, mask.size).astype(float), name)
    copy.data = flat.reshape(copy.data.shape)
    options = {"print_info": False, "signal_mask": mask}
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
    return maps.argmax(axis=0).reshape(case.labels.shape)


def _strongest(
    case: Case, mask: np.ndarray, n_domains: int, seed: int, scaled: bool
) -> np.ndarray:
    """Return the strongest component of each position by `constrained_nmf`."""
    copy = case.signal.deepcopy()
    copy.change_dtype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy.decomposition(
            scaled,
            algorithm="constrained_nmf",
            output_dimension=n_domains,
            signal_mask=mask,
            random_state=seed,
            print_info=False,
            show_progressbar=False,
        )
    loadings = np.asarray(copy.get_decomposition_loadings().data, float)
    factors = np.nansum(copy.get_decomposition_factors().data, axis=(1, 2))
    return (loadings * factors[:, np.newaxis, np.newaxis]).argmax(axis=0)
