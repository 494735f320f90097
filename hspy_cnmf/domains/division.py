"""One division of a scan into domains, made from a part of its electrons."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.clustering import (
    MOST,
    Gaussians,
    Way,
    clustered,
    contiguous,
    merged,
    worth_keeping,
)
from hspy_cnmf.domains.held_out import SURE, Explanation, Judge, surplus, thinned
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.reduction import kept_array

#: Positions whose held-out electrons judge, about, at most.
_JUDGED = 4096

#: Pairs of domains that are tried as one, those that differ least.
PAIRS = 4

#: Domains that are parted, and joined again in other pairs.
_PARTED = 2

#: Positions whose electrons are parted at a time.
_BLOCK = 8192

#: Squared distance from all components, per coordinate, from which on a position's
#: surroundings say as much of it as its own pattern.
_FAR = 3.0


@dataclass(frozen=True, eq=False)
class Scan:
    """Reduced patterns, and where they lie.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n_positions, n_cells)
        In electrons, of the cells that take part.
    electrons : float
        Of a mean pattern.
    neighbourhood : Neighbourhood
        Of the positions.
    nuisances : Nuisances
    """

    patterns: np.ndarray
    electrons: float
    neighbourhood: Neighbourhood
    nuisances: Nuisances


@dataclass(frozen=True, eq=False)
class Trial:
    """A part of the electrons of a scan, embedded, and the rest, which judges.

    Parameters
    ----------
    scan, embedding
    trained, places : numpy.ndarray, shape (n_positions, d)
        Embedded patterns of the part, and of all electrons.
    around : tuple of numpy.ndarray
        The same in the embedding that means over surroundings speak for.
    odds : numpy.ndarray, shape (n_positions,)
        How alike the patterns around each position are.
    judge : Judge
    judged : numpy.ndarray of int
        Its positions.
    """

    scan: Scan
    embedding: LinearEmbedding
    trained: np.ndarray
    places: np.ndarray
    around: tuple[np.ndarray, np.ndarray]
    odds: np.ndarray
    judge: Judge
    judged: np.ndarray

    @classmethod
    def of(
        cls,
        scan: Scan,
        n_domains: int,
        dimension: int | None,
        generator: np.random.Generator,
    ) -> "Trial":
        """Part the electrons of a scan and embed them, in `dimension` coordinates."""
        around, judged = scan.neighbourhood.coarse(_JUDGED)
        train, test = _parted(scan.patterns, judged, generator)
        electrons = float(train.sum(axis=1, dtype=float).mean())
        seed = int(generator.integers(2**31))
        embedding = LinearEmbedding.fit(
            train, electrons, scan.neighbourhood, n_domains, dimension, seed
        )
        trained = embedding.embed(train)
        given = train, electrons, scan.neighbourhood, n_domains, trained.shape[1], seed
        wide = LinearEmbedding.fit(*given, is_smooth=True)
        surroundings = wide.embed(train), wide.embed(scan.patterns)
        noise = scan.neighbourhood.differences(trained).var(axis=0)[np.newaxis]
        odds = scan.neighbourhood.homogeneity(trained, np.maximum(noise, 1e-12))
        judge = Judge(np.array(train[judged]), test, around, scan.nuisances)
        places = embedding.embed(scan.patterns)
        seen = trained, places, surroundings
        return cls(scan, embedding, *seen, odds, judge, judged)

    def divide(
        self, n_domains: int, way: Way, generator: np.random.Generator
    ) -> "Division":
        """Return a division into domains, of components that are merged."""
        posterior, components = self.components(n_domains, way, generator)
        return Division.of(posterior, components, n_domains)

    def components(
        self, n_domains: int, way: Way, generator: np.random.Generator
    ) -> tuple[np.ndarray, "Components"]:
        """Return components, about as many as a way wants.

        Before them are their probabilities by all electrons, (n_positions, n).
        """
        n = n_domains
        if way.per_domain > 1:
            n = round(generator.uniform(0.8, 1.2) * way.per_domain * n_domains)
            n = min(n, MOST)
        n = max(2, min(n, len(self.trained) // 2))
        trained, _ = self._seen(way)
        given = trained, self.odds, n, way, self.scan.neighbourhood, generator
        posterior = clustered(*given)
        gaussians = Gaussians.of(trained, posterior, not way.is_pooled)
        if self.is_merged(way):
            kept = worth_keeping(posterior, self.odds, n_domains)
            gaussians = gaussians.of_these(kept)
            around = self.scan.neighbourhood, way.is_pooled
            posterior = contiguous(gaussians.log_likelihood(trained), *around)
        told = self._told(gaussians, way)
        return told, Components.of(self, posterior, way)

    def is_merged(self, way: Way) -> bool:
        """Return whether components of a way are merged, and are no domains."""
        return way.per_domain > 1 or bool(self.scan.nuisances.azimuths)

    def _seen(self, way: Way) -> tuple[np.ndarray, np.ndarray]:
        """Return what a way sees of the part, and of all electrons, (n, d)."""
        return self.around if way.is_pooled else (self.trained, self.places)

    def _told(self, gaussians: Gaussians, way: Way) -> np.ndarray:
        """Return probabilities of components by all electrons, (n_positions, n).

        A pattern that is far from all of them, as one of two domains that overlap,
        says less of a position than its neighbours do.
        """
        around, (trained, places) = self.scan.neighbourhood, self._seen(way)
        told = contiguous(gaussians.log_likelihood(places), around, way.is_pooled)
        far = gaussians.squares(trained).min(axis=1) / trained.shape[1]
        own = (1 / (1 + (far / _FAR) ** 2))[:, np.newaxis]
        return own * told + (1 - own) * around.mean(told)

    @cached_property
    def one_domain(self) -> np.ndarray:
        """The log-likelihood of held-out electrons of one domain."""
        everywhere = np.ones((len(self.trained), 1))
        return Components.of(self, everywhere, Way(1, False)).explanation(1).likelihood


def _parted(
    patterns: np.ndarray, judged: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return electrons to train on, and those held out of the positions that judge."""
    train = kept_array(patterns.shape)
    test = np.empty((len(judged), patterns.shape[1]), np.float32)
    for start in range(0, len(patterns), _BLOCK):
        stop = min(start + _BLOCK, len(patterns))
        train[start:stop], held = thinned(patterns[start:stop], generator)
        inside = (judged >= start) & (judged < stop)
        test[inside] = held[judged[inside] - start]
    return train, test


@dataclass(frozen=True, eq=False)
class Components:
    """Components of a trial's embedding, as far as any merging of them is judged by.

    Parameters
    ----------
    trial : Trial
    masses : numpy.ndarray, shape (n_components,)
        Positions of each; what lies between domains counts little.
    centers : numpy.ndarray, shape (n_components, d)
        Their places.
    judged : numpy.ndarray, shape (n_judged, n_components)
        Their probabilities where electrons are held out.
    way : Way
    """

    trial: Trial
    masses: np.ndarray
    centers: np.ndarray
    judged: np.ndarray
    way: Way

    @classmethod
    def of(cls, trial: Trial, posterior: np.ndarray, way: Way) -> "Components":
        """Return components that positions belong to with these probabilities."""
        weights = trial.odds[:, np.newaxis] * posterior
        masses = weights.sum(axis=0) + 1e-12
        centers = weights.T @ trial.trained / masses[:, np.newaxis]
        return cls(trial, masses, centers, posterior[trial.judged], way)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Their patterns, (n_components, n_cells)."""
        return self.trial.embedding.decode(self.centers)

    @cached_property
    def distances(self) -> np.ndarray:
        """How unlike their structures are, (n_components, n_components)."""
        scan = self.trial.scan
        return scan.nuisances.distances(self.patterns, scan.electrons)

    def owners(self, n_domains: int) -> np.ndarray:
        """Return the domain of each component where so many are left."""
        if not self.trial.is_merged(self.way):
            return np.arange(len(self.masses))
        return merged(self.distances, n_domains)

    def explanation(self, n_domains: int) -> Explanation:
        """Return what so many domains explain held-out electrons by."""
        owners = self.owners(n_domains)
        members = np.eye(n_domains)[owners]
        turns = np.zeros(len(owners), int)
        if self.trial.scan.nuisances.azimuths:
            turns, references = self._turned(owners, n_domains)
        else:
            masses = self.masses @ members + 1e-12
            centers = (members.T * self.masses) @ self.centers / masses[:, np.newaxis]
            references = self.trial.embedding.decode(centers)
        labels = (self.judged @ members).argmax(axis=1)
        own = turns[self.judged.argmax(axis=1)]
        return Explanation(self.trial.judge, labels, references, own)

    def _turned(
        self, owners: np.ndarray, n_domains: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how components are turned in their domains, and domains' patterns."""
        nuisances, patterns = self.trial.scan.nuisances, self.patterns
        turns = np.zeros(len(owners), int)
        references = np.repeat(patterns.mean(axis=0)[np.newaxis], n_domains, axis=0)
        for k in np.unique(owners):
            own = np.flatnonzero(owners == k)
            largest = own[self.masses[own].argmax()]
            turns[own] = nuisances.turns(patterns[own], patterns[largest])
            back = nuisances.turned_back(patterns[own], turns[own])
            references[k] = np.average(back, axis=0, weights=self.masses[own])
        return turns, references


@dataclass(frozen=True, eq=False)
class Division:
    """Domains of a scan as a part of its electrons tells them.

    Parameters
    ----------
    posterior : numpy.ndarray, shape (n_positions, n_domains)
        Probabilities of the domains, with all electrons.
    score : numpy.ndarray, shape (n_judged,)
        Log-likelihood of held-out electrons above that of one domain.
    explanation : Explanation
        What it is the likelihood of.
    components : Components, optional
        What it is made of.
    told : numpy.ndarray, shape (n_positions, n_components), optional
        Probabilities of these, with all electrons.
    """

    posterior: np.ndarray
    score: np.ndarray
    explanation: Explanation
    components: Components | None = None
    told: np.ndarray | None = None

    @classmethod
    def of(cls, told: np.ndarray, components: Components, n_domains: int) -> "Division":
        """Return the division of components that are merged to so many domains."""
        members = np.eye(n_domains)[components.owners(n_domains)]
        explained = components.explanation(n_domains)
        score = explained.likelihood - components.trial.one_domain
        return cls(told @ members, score, explained, components, told)

    def finer(self, n_more: int) -> "Division | None":
        """Return so many domains more, None if there are not as many components.

        They are those before the last merges, or found anew.
        """
        if self.components is None or self.told is None:
            return None
        n_domains, parts = self.posterior.shape[1] + n_more, self.components
        if not parts.trial.is_merged(parts.way):
            return parts.trial.divide(n_domains, parts.way, np.random.default_rng(0))
        if len(parts.masses) < n_domains:
            return None
        return Division.of(self.told, parts, n_domains)

    def alternatives(self) -> list["Division"]:
        """Return as many domains, of which one or two are parted, and others joined."""
        found = [self.finer(n_more) for n_more in range(1, _PARTED + 1)]
        n_domains = self.posterior.shape[1]
        return [other for one in found if one for other in one.coarser(n_domains)]

    @cached_property
    def regrouped(self) -> "Division":
        """Of domains parted and joined, if that surely explains more; else this.

        Split and merge, of mixtures whose clusters took a wrong place (Ueda, Nakano,
        Ghahramani and Hinton 2000, Neural Comput. 12, 2109).
        """
        best = max(self.alternatives(), key=lambda one: one.score.sum(), default=self)
        return best if surplus(best.score, self.score) >= SURE else self

    def coarser(self, n_domains: int) -> list["Division"]:
        """Return divisions into so many domains, of joined pairs, the best first."""
        found = [self]
        while found[0].posterior.shape[1] > n_domains:
            pairs = found[0].explanation.alike(PAIRS)
            joined = [found[0].joined(*pair) for pair in pairs]
            found = sorted(joined, key=lambda other: -other.score.sum())
        return found

    def joined(self, one: int, other: int) -> "Division":
        """Return the same with one domain instead of two, as of an `Explanation`."""
        one, other = sorted((one, other))
        explained = self.explanation.joined(one, other)
        score = self.score + explained.likelihood - self.explanation.likelihood
        posterior = self.posterior.copy()
        posterior[:, one] += posterior[:, other]
        kept = np.delete(posterior, other, axis=1)
        return Division(kept, score, explained, self.components, self.told)
