"""Repeated clustering of a latent space, distorted another way each time."""

import numpy as np

from hspy_cnmf.domains.clustering import METHODS, fit_mixture
from hspy_cnmf.domains.distortion import Distortion
from hspy_cnmf.domains.structures import merged

#: Components with fewer patterns than this part of a domain's mean share are dropped,
#: and those less homogeneous than this part of the mean over all.
_LEAST_PART, _LEAST_HOMOGENEITY = 0.02, 1 / 3

#: Number of domains that mixtures are sized for where it is not known.
_SEVERAL = 6


def cluster_repeatedly(
    embedding, homogeneity, n_domains, n_repeats, generator, progress
):
    """Return class probabilities of every repeat.

    Parameters
    ----------
    embedding : Embedding
    homogeneity : numpy.ndarray, shape (n_positions,)
        How alike the patterns around each position are, 0 to 1: how much the position
        counts in the mixtures, and in which of their components are left out.
    n_domains : int
    n_repeats : int
        Each draws the places of the patterns from the encoder's posterior, a
        distortion, a bootstrap of the mixture's patterns and a number of components.
    generator : numpy.random.Generator
    progress : callable
        Told how many repeats are done.

    Returns
    -------
    list of numpy.ndarray, shape (n_positions, n_domains)

    Notes
    -----
    Domains are contiguous, what lies between them is thin. Where positions of all kinds
    count alike, a disordered zone between domains, a structure of its own, becomes a
    domain, and two others are merged.
    """
    posteriors = []
    for repeat in range(n_repeats):
        components, distances = _components(
            embedding, homogeneity, n_domains, repeat, generator
        )
        labels = merged(distances, n_domains)
        members = labels[:, np.newaxis] == np.arange(n_domains)
        posteriors.append(components @ members.astype(float))
        progress(1)
    return posteriors


def number_of_domains(embedding, homogeneity, n_repeats, generator):
    """Return the number of domains that most repeats find.

    Parameters
    ----------
    embedding : Embedding
    homogeneity : numpy.ndarray, shape (n_positions,)
        See `cluster_repeatedly`.
    n_repeats : int
    generator : numpy.random.Generator

    Returns
    -------
    int

    Notes
    -----
    The evidence of a Bayesian mixture empties components that are not needed; merging
    the others, a repeat stops where the next merge loses far more than the last.
    """
    numbers = []
    for _ in range(n_repeats):
        _, distances = _components(embedding, homogeneity, _SEVERAL, 1, generator)
        labels = merged(distances, None)
        numbers.append(labels.max() + 1)
    return int(max(2, np.bincount(numbers).argmax()))


def _components(embedding, homogeneity, n_domains, repeat, generator):
    """Return posteriors of components, and distances of their structures."""
    latent = embedding.draw(generator)
    distortion = Distortion.random(*embedding.anchors, generator)
    method = METHODS[repeat % len(METHODS)]
    posterior = fit_mixture(
        distortion(latent), homogeneity, n_domains, method, generator
    )
    # A position that belonged to what is dropped may belong to any of the others.
    kept = _worth_keeping(posterior, homogeneity, n_domains)
    posterior = posterior[:, kept] + np.finfo(float).tiny
    posterior = posterior / posterior.sum(axis=1, keepdims=True)
    masses = homogeneity @ posterior
    centers = (homogeneity * embedding.mean.T @ posterior).T / masses[:, np.newaxis]
    return posterior, embedding.distances(centers)


def _worth_keeping(posterior, homogeneity, n_domains):
    """Return which components are of domains: not tiny, nor what lies between some.

    A component between two domains, alike to both, would join them.
    """
    masses = homogeneity @ posterior
    homogeneities = masses / np.maximum(posterior.sum(axis=0), np.finfo(float).tiny)
    mean = np.average(homogeneities, weights=masses)
    masses = np.where(homogeneities < _LEAST_HOMOGENEITY * mean, 0, masses)
    least = np.sort(masses)[-min(n_domains, len(masses))]
    return masses >= min(least, _LEAST_PART * homogeneity.sum() / n_domains)
