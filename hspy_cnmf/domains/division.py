"""Divisions of a scan into domains, of components that are merged."""

from dataclasses import dataclass, field, replace
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
from hspy_cnmf.domains.held_out import Judge, Trial, surplus

#: Pairs of domains that are tried as one, those that differ least.
_PAIRS = 4

#: A way that merges nothing.
_PLAIN = Way(1, False)

#: Rows of what is told by a part of the electrons, and by all of them.
PART, ALL = 0, 1


@dataclass(frozen=True, eq=False)
class Components:
    """Components of a trial's embedding, as far as any merging of them is judged by."""

    trial: Trial
    #: Positions of each, (n_components,); what lies between domains counts little.
    masses: np.ndarray
    centers: np.ndarray  #: Their places, (n_components, d).
    #: Their probabilities where electrons are held out, (n_judged, n_components).
    judged: np.ndarray
    way: Way
    #: Their probabilities by all electrons, (n_positions, n_components).
    told: np.ndarray

    @classmethod
    def found(
        cls, trial: Trial, n_domains: int, way: Way, generator: np.random.Generator
    ) -> "Components":
        """Return components of a trial, about as many as a way wants."""
        n = n_domains
        if way.per_domain > 1:
            n = round(generator.uniform(0.8, 1.2) * way.per_domain * n_domains)
            n = min(n, MOST)
        trained, places = trial.seen(way)[1:]
        n = max(2, min(n, len(trained) // 2))
        around = trial.scan.neighbourhood, way.is_pooled
        given = trial.odds, n, way, trial.scan.neighbourhood, generator
        posterior = clustered(trained, *given)
        gaussians = Gaussians.of(trained, posterior, not way.is_pooled)
        if trial.is_merged(way):
            kept = worth_keeping(posterior, trial.odds, n_domains)
            gaussians = Gaussians(gaussians.means[kept], gaussians.roots[kept])
            posterior = contiguous(gaussians.log_likelihood(trained), *around)
        told = contiguous(gaussians.log_likelihood(places), *around)
        return cls.of(trial, posterior, way, told)

    @classmethod
    def of(
        cls,
        trial: Trial,
        posterior: np.ndarray,
        way: Way,
        told: np.ndarray | None = None,
    ) -> "Components":
        """Return components that positions belong to with these probabilities."""
        weights = trial.odds[:, np.newaxis] * posterior
        masses = weights.sum(axis=0) + 1e-12
        centers = weights.T @ trial.own.trained / masses[:, np.newaxis]
        told = posterior if told is None else told
        return cls(trial, masses, centers, posterior[trial.judged], way, told)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Their patterns, (n_components, n_cells)."""
        return self.trial.own.embedding.decode(self.centers)

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

    def parts_of(
        self, owners: np.ndarray, n_domains: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how components are turned in their domains, and domains' patterns."""
        nuisances, patterns = self.trial.scan.nuisances, self.patterns
        turns = np.zeros(len(owners), int)
        if not nuisances.azimuths:
            weights = np.eye(n_domains)[owners].T * self.masses
            centers = weights @ self.centers / (weights.sum(axis=1) + 1e-12)[:, None]
            return turns, self.trial.own.embedding.decode(centers)
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
    """Domains of a scan as a part of its electrons tells them."""

    #: Probabilities of the domains, with all electrons, (n_positions, n_domains).
    posterior: np.ndarray
    judge: Judge
    #: What held-out electrons are explained by; see `Judge.likelihood`. Labels and
    #: turns are those by a `PART` of the electrons and by `ALL`, (2, n_judged).
    labels: np.ndarray
    patterns: np.ndarray
    turns: np.ndarray
    #: Log-likelihood of held-out electrons of one domain of all, (n_judged,).
    one_domain: np.ndarray
    components: Components | None = None  #: What it is made of.
    way: Way = _PLAIN  #: How they were found.
    _found: dict = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def found(
        cls, trial: Trial, n_domains: int, way: Way, generator: np.random.Generator
    ) -> "Division":
        """Return the division of a trial that a way of clustering finds."""
        return cls.of(Components.found(trial, n_domains, way, generator), n_domains)

    @classmethod
    def of(cls, components: Components, n_domains: int) -> "Division":
        """Return the division of components that are merged to so many domains."""
        trial, owners = components.trial, components.owners(n_domains)
        members = np.eye(n_domains)[owners]
        turns, patterns = components.parts_of(owners, n_domains)
        judged = np.stack([components.judged, components.told[trial.judged]])
        labels = (judged @ members).argmax(axis=2)
        own = turns[judged.argmax(axis=2)]
        explained = trial.judge, labels, patterns, own, trial.one_domain
        made_of = components, components.way
        return cls(components.told @ members, *explained, *made_of)

    def likelihood(self, judge: Judge | None = None, row: int = PART) -> np.ndarray:
        """Return the log-likelihood of each position's held-out electrons, (n_judged,).

        Those of the electrons that another judge holds out, or by the labels of `ALL`
        electrons, are found once.
        """
        judge = judge or self.judge
        if (judge, row) not in self._found:
            given = self.labels[row], self.patterns, self.turns[row]
            self._found[judge, row] = judge.likelihood(*given)
        return self._found[judge, row]

    @property
    def score(self) -> np.ndarray:
        """Log-likelihood of held-out electrons above that of one, (n_judged,)."""
        return self.likelihood() - self.one_domain

    def surplus(self, other: "Division") -> float:
        """Return by how many errors it explains more, of positions both label alike."""
        return surplus(self.score, other.score, (self.labels[PART], other.labels[PART]))

    @property
    def explained(self) -> float:
        """Log-likelihood of all held-out electrons above that of one domain."""
        return float(self.score.sum())

    def joined(self, one: int, other: int) -> "Division":
        """Return the same with one domain instead of two, turned onto each other.

        It has the smaller number of both, and what comes after the larger moves up.
        """
        one, other = sorted((one, other))
        nuisances = self.judge.nuisances
        turn = nuisances.turns(self.patterns[[other]], self.patterns[one])
        (back,) = nuisances.turned_back(self.patterns[[other]], turn)
        sizes = [(self.labels[PART] == k).sum() + 1e-12 for k in (one, other)]
        patterns, posterior = self.patterns.copy(), self.posterior.copy()
        patterns[one] = np.average([patterns[one], back], axis=0, weights=sizes)
        posterior[:, one] += posterior[:, other]
        own = self.labels == other
        labels = np.where(own, one, self.labels)
        return replace(
            self,
            posterior=np.delete(posterior, other, axis=1),
            labels=labels - (labels > other),
            patterns=np.delete(patterns, other, axis=0),
            turns=np.where(own, self.turns + turn, self.turns),
        )

    def alike(self) -> list[tuple[int, int]]:
        """Return some pairs of domains, those that differ least."""
        electrons = float(self.judge.train.sum(axis=1, dtype=float).mean())
        distances = self.judge.nuisances.distances(self.patterns, electrons)
        sizes = np.bincount(self.labels[PART], minlength=len(self.patterns))
        losses = distances * np.minimum(sizes, sizes[:, np.newaxis])
        ones, others = np.triu_indices(len(sizes), 1)
        order = np.argsort(losses[ones, others], kind="stable")[:_PAIRS]
        return [(int(ones[i]), int(others[i])) for i in order]
