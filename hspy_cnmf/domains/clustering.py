"""Mixtures of a distorted latent space, their components merged to domains."""

import warnings

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

#: Ways of clustering, which repeats use in turn.
METHODS = ("gaussian", "bayesian", "hdbscan")

#: Components per domain that a mixture begins with, at least and at most.
_COMPONENTS = (2, 4)

#: Positions that a mixture is fitted to.
_FITTED = 10000


def fit_mixture(points, odds, n_domains, method, generator):
    """Return the posterior of each component of a mixture at all points.

    Parameters
    ----------
    points : numpy.ndarray, shape (n, d)
        Latent space, distorted.
    odds : numpy.ndarray, shape (n,)
        Probability with which each point is among those that the mixture is fitted to.
    n_domains : int
        The mixture has a few times as many components.
    method : str
        One of `METHODS`.
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (n, n_components)

    Notes
    -----
    A domain need not be Gaussian: mixtures have more components than domains (Baudry
    et al. 2010). Clusters of HDBSCAN enter as a Gaussian each.
    """
    low, high = _COMPONENTS
    n_components = int(generator.integers(low * n_domains, high * n_domains + 1))
    chosen = np.flatnonzero(generator.random(len(points)) < odds)
    if len(chosen) > _FITTED:
        chosen = np.sort(generator.choice(chosen, _FITTED, replace=False))
    sample, seed = points[chosen], int(generator.integers(2**31))
    n_components = min(n_components, max(1, len(sample) // 4))
    arguments = {"reg_covar": 1e-4 * sample.var(axis=0).mean(), "random_state": seed}
    if method == "bayesian":
        mixture = BayesianGaussianMixture(n_components=n_components, **arguments)
    else:
        mixture = GaussianMixture(n_components, **arguments)
    if method == "hdbscan":
        start = _density_clusters(sample, n_domains)
        if start is not None:
            mixture = GaussianMixture(
                len(start), means_init=start, max_iter=1, **arguments
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(sample)
    return mixture.predict_proba(points)


def _density_clusters(sample, n_domains):
    """Return the centres of HDBSCAN's clusters, or None where they are too few."""
    density = HDBSCAN(
        min_cluster_size=max(5, len(sample) // (20 * n_domains)),
        min_samples=5,
        cluster_selection_method="leaf",  # they merge to domains as components do
        copy=True,
    )
    labels = density.fit(sample).labels_
    n_clusters = labels.max() + 1
    if n_clusters < n_domains:
        return None
    return np.stack([sample[labels == k].mean(axis=0) for k in range(n_clusters)])
