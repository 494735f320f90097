"""Components of an embedding, contiguous in the scan, merged to domains."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.linalg import solve_triangular
from scipy.spatial.distance import squareform
from scipy.special import softmax
from sklearn.cluster import KMeans

from hspy_cnmf.domains.neighbourhood import Neighbourhood

#: Positions that the first clusters are of, and how often they are begun anew.
_FITTED, _STARTS = 10000, 4

#: Sweeps over components and neighbours, and within each over neighbours alone.
_SWEEPS, _INNER = 8, 4

#: How many positions the common covariance counts in that of each component, per
#: coordinate.
_COMMON = 3.0

#: Weight of neighbours in the logarithm of a position's probabilities.
_NEIGHBOURS = 1.5

#: Largest number of components.
MOST = 40

#: Components with fewer patterns than this part of a domain's mean share are dropped,
#: and those less homogeneous than this part of the mean over all.
_LEAST_PART, _LEAST_HOMOGENEITY = 0.02, 1 / 3


@dataclass(frozen=True)
class Way:
    """A way of clustering."""

    #: Components of a domain, about; with 1 nothing is merged.
    per_domain: int
    #: A position's likelihood is that of its surroundings, and components have one
    #: covariance, for few electrons.
    is_pooled: bool
    #: Neighbours say nothing, as where grains are as small as the steps of a scan.
    is_alone: bool = False

    def __str__(self) -> str:
        name = "a component a domain"
        if self.per_domain > 1:
            name = f"components merged, {self.per_domain} a domain"
        name += ", surroundings pooled" * self.is_pooled
        return name + ", each position alone" * self.is_alone


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Components of an embedding."""

    means: np.ndarray  #: (n, d)
    roots: np.ndarray  #: Lower Cholesky factors of the covariances, (n, d, d).

    @classmethod
    def of(
        cls, places: np.ndarray, posterior: np.ndarray, has_shape: bool
    ) -> "Gaussians":
        """Return the components that positions belong to with these probabilities."""
        sizes = posterior.sum(axis=0) + 1e-9
        dimension = places.shape[1]
        means = posterior.T @ places / sizes[:, np.newaxis]
        scatter = np.empty((len(means), dimension, dimension))
        for k, mean in enumerate(means):
            offset = places - mean
            scatter[k] = (posterior[:, k, np.newaxis] * offset).T @ offset
        common = scatter.sum(axis=0) / len(places)
        common += 1e-6 * np.eye(dimension) * max(np.trace(common) / dimension, 1e-12)
        if not has_shape:
            scatter = np.zeros_like(scatter)
            sizes = np.zeros_like(sizes)
        weight = _COMMON * dimension
        covariances = (scatter + weight * common) / (sizes + weight)[:, None, None]
        return cls(means, np.linalg.cholesky(covariances))

    def log_likelihood(self, places: np.ndarray) -> np.ndarray:
        """Return the logarithm of the density of each component, (n_positions, n)."""
        result = np.empty((len(places), len(self.means)))
        for k, (mean, root) in enumerate(zip(self.means, self.roots, strict=True)):
            scaled = solve_triangular(root, (places - mean).T, lower=True)
            result[:, k] = -(scaled**2).sum(axis=0) / 2 - np.log(root.diagonal()).sum()
        return result


def contiguous(
    log_likelihood: np.ndarray, neighbourhood: Neighbourhood, is_pooled: bool = False
) -> np.ndarray:
    r"""Return probabilities of components where neighbours are mostly of one.

    Where it is pooled, the likelihood of each position's surroundings is its own.

    A Markov random field in the mean-field approximation (Zhang 1992, IEEE Trans.
    Signal Process. 40, 2570): :math:`q_k \propto \exp(l_k + \beta \bar q_k)` with the
    mean :math:`\bar q` over the neighbours.
    """
    if is_pooled:
        log_likelihood = neighbourhood.pooled(log_likelihood)
    probabilities = softmax(log_likelihood, axis=1)
    for _ in range(_INNER):
        around = neighbourhood.mean(probabilities)
        probabilities = softmax(log_likelihood + _NEIGHBOURS * around, axis=1)
    return probabilities


def clustered(
    places: np.ndarray,
    odds: np.ndarray,
    n_components: int,
    way: Way,
    neighbourhood: Neighbourhood,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return the probabilities of components at all positions, (n_positions, n).

    Clusters begin from embedded patterns, which count by the odds of their positions.
    """
    seen = neighbourhood.smoothed(places) if way.is_pooled else places
    every = -(-len(seen) // _FITTED)
    clusters = KMeans(
        min(n_components, len(seen[::every])),
        n_init=_STARTS,
        random_state=int(generator.integers(2**31)),
    ).fit(seen[::every], sample_weight=odds[::every])
    labels = clusters.predict(seen)
    posterior = np.eye(clusters.n_clusters)[labels]
    for _ in range(_SWEEPS):
        before = posterior
        gaussians = Gaussians.of(places, posterior, not way.is_pooled)
        logarithms = gaussians.log_likelihood(places)
        posterior = contiguous(logarithms, neighbourhood, way.is_pooled)
        if np.abs(posterior - before).sum() < 1e-3 * len(places):
            break
    return posterior


def worth_keeping(
    posterior: np.ndarray, homogeneity: np.ndarray, n_domains: int
) -> np.ndarray:
    """Return which components are of domains: not tiny, nor what lies between some.

    A component between two domains, alike to both, would join them.
    """
    masses = homogeneity @ posterior
    homogeneities = masses / np.maximum(posterior.sum(axis=0), np.finfo(float).tiny)
    mean = np.average(homogeneities, weights=masses)
    masses = np.where(homogeneities < _LEAST_HOMOGENEITY * mean, 0, masses)
    least = np.sort(masses)[-min(n_domains, len(masses))]
    return masses >= min(least, _LEAST_PART * homogeneity.sum() / n_domains)


def merged(distances: np.ndarray, n_domains: int) -> np.ndarray:
    """Return the domain of each component, (n,), merged by the losses of pairs, (n, n).

    Single linkage: a domain is a chain of components along which a crystal bends, and
    its ends may be less alike than two domains are. A criterion that compares whole
    groups, such as Ward's, cuts long chains and joins small domains instead.
    """
    if len(distances) <= n_domains:
        return np.arange(len(distances))
    tree = linkage(squareform(distances, checks=False), "single")
    return cut_tree(tree, n_domains)[:, 0]
