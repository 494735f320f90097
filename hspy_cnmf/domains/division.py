"""One division of a scan into domains, made from a part of its electrons."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.clustering import (
    MOST,
    Gaussians,
    Way,
    components,
    contiguous,
    log_shares,
    worth_keeping,
)
from hspy_cnmf.domains.held_out import Explanation, Judge, thinned
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.reduction import kept_array
from hspy_cnmf.domains.structures import merged

#: Positions whose held-out electrons judge, about, at most.
_JUDGED = 4096

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
    scan : Scan
    embedding : LinearEmbedding
    counts : numpy.ndarray, shape (n_positions, n_cells)
        The part.
    trained, places : numpy.ndarray, shape (n_positions, d)
        Embedded patterns of the part, and of all electrons.
    odds : numpy.ndarray, shape (n_positions,)
        How alike the patterns around each position are.
    judge : Judge
    judged : numpy.ndarray of int
        Positions that judge.
    """

    scan: Scan
    embedding: LinearEmbedding
    counts: np.ndarray
    trained: np.ndarray
    places: np.ndarray
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
        """Part the electrons of a scan and embed them.

        Parameters
        ----------
        scan : Scan
        n_domains : int
        dimension : int, optional
            Of the embedding.
        generator : numpy.random.Generator
        """
        around, judged = scan.neighbourhood.coarse(_JUDGED)
        train, test = _parted(scan.patterns, judged, generator)
        electrons = float(train.sum(axis=1, dtype=float).mean())
        seed = int(generator.integers(2**31))
        embedding = LinearEmbedding.fit(
            train, electrons, scan.neighbourhood, n_domains, dimension, seed
        )
        trained = embedding.embed(train)
        noise = scan.neighbourhood.differences(trained).var(axis=0)[np.newaxis]
        odds = scan.neighbourhood.homogeneity(trained, np.maximum(noise, 1e-12))
        judge = Judge(np.array(train[judged]), test, around, scan.nuisances)
        places = embedding.embed(scan.patterns)
        return cls(scan, embedding, train, trained, places, odds, judge, judged)

    def parts(
        self, n_domains: int, way: Way, generator: np.random.Generator
    ) -> "Parts":
        """Return components of the embedding, about as many as a way wants."""
        n = n_domains
        if way.per_domain > 1:
            spread = generator.uniform(0.8, 1.2)
            n = min(round(spread * way.per_domain * n_domains), MOST)
        n = max(2, min(n, len(self.trained) // 2))
        posterior = components(
            self.trained,
            self.counts,
            self.odds,
            n,
            way,
            self.scan.neighbourhood,
            generator,
        )
        return Parts(self, way, posterior)

    def patterns(self, posterior: np.ndarray) -> np.ndarray:
        """Return patterns of what positions belong to so likely, (n, n_cells).

        What lies between domains counts little: a pattern is that of their insides.
        """
        masses = self.odds[:, np.newaxis] * posterior
        centers = masses.T @ self.trained
        centers /= masses.sum(axis=0)[:, np.newaxis] + 1e-12
        return self.embedding.decode(centers)

    @cached_property
    def one_domain(self) -> np.ndarray:
        """The log-likelihood of held-out electrons of one domain."""
        labels = np.zeros(len(self.judged), int)
        pattern = self.patterns(np.ones((len(self.trained), 1)))
        return self.judge.likelihood(labels, pattern, labels)


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
class Parts:
    """Components of a trial's embedding, that can be merged to domains.

    Parameters
    ----------
    trial : Trial
    way : Way
    posterior : numpy.ndarray, shape (n_positions, n_components)
    """

    trial: Trial
    way: Way
    posterior: np.ndarray

    def distances(self, n_domains: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which components are kept, their patterns, and how unlike those are.

        Returns
        -------
        kept : numpy.ndarray of bool, shape (n_components,)
        patterns : numpy.ndarray, shape (n_kept, n_cells)
        distances : numpy.ndarray, shape (n_kept, n_kept)
        """
        odds = self.trial.odds
        kept = worth_keeping(self.posterior, odds, n_domains)
        patterns = self.trial.patterns(self.posterior[:, kept])
        nuisances = self.trial.scan.nuisances
        return kept, patterns, nuisances.distances(patterns, self.trial.scan.electrons)

    def told(self) -> np.ndarray:
        """Return probabilities of components by all electrons, (n_positions, n).

        A pattern that is far from all of them, as one of two domains that overlap,
        says less of a position than its neighbours do.
        """
        trial, around = self.trial, self.trial.scan.neighbourhood
        gaussians = Gaussians.of(trial.trained, self.posterior, self.way.has_shape)
        if self.way.is_counted:
            shares = log_shares(trial.counts, self.posterior)
            logarithms = trial.scan.patterns @ shares.T
        else:
            logarithms = gaussians.log_likelihood(trial.places)
        told = contiguous(logarithms, around, self.way.is_pooled)
        far = gaussians.squares(trial.trained).min(axis=1) / trial.trained.shape[1]
        own = (1 / (1 + (far / _FAR) ** 2))[:, np.newaxis]
        return own * told + (1 - own) * around.mean(told)

    def divide(self, n_domains: int) -> "Division":
        """Return the division into domains that is reached by merging components."""
        n = self.posterior.shape[1]
        if self.way.per_domain == 1 and not self.trial.scan.nuisances.azimuths:
            kept = np.ones(n, bool)
            patterns = self.trial.patterns(self.posterior)
            return Division.of(self, kept, patterns, np.arange(n), n_domains)
        kept, patterns, distances = self.distances(n_domains)
        owners = merged(distances, n_domains)
        return Division.of(
            self, kept, patterns, owners, n_domains, merged(distances, n_domains + 1)
        )


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
    finer : Explanation, optional
        The same before two of the domains were merged.
    """

    posterior: np.ndarray
    score: np.ndarray
    explanation: Explanation
    finer: Explanation | None = None

    @classmethod
    def of(
        cls,
        parts: Parts,
        kept: np.ndarray,
        patterns: np.ndarray,
        owners: np.ndarray,
        n_domains: int,
        before: np.ndarray | None = None,
    ) -> "Division":
        """Return the division whose components have these owners.

        Parameters
        ----------
        parts : Parts
        kept : numpy.ndarray of bool, shape (n_components,)
        patterns : numpy.ndarray, shape (n_kept, n_cells)
        owners : numpy.ndarray of int, shape (n_kept,)
            Domain of each component that is kept.
        n_domains : int
        before : numpy.ndarray of int, shape (n_kept,), optional
            The same before two of the domains were merged.
        """
        posterior = _of_kept(parts.posterior, kept)

        def explanation(owners: np.ndarray, n: int) -> Explanation:
            return _explanation(parts.trial, posterior, patterns, owners, n)

        found = explanation(owners, n_domains)
        finer = None
        if before is not None and before.max() >= n_domains:
            finer = explanation(before, n_domains + 1)
        told = _of_kept(parts.told(), kept) @ np.eye(n_domains)[owners]
        score = found.likelihood - parts.trial.one_domain
        return cls(told, score, found, finer)


def _explanation(
    trial: Trial,
    posterior: np.ndarray,
    patterns: np.ndarray,
    owners: np.ndarray,
    n_domains: int,
) -> Explanation:
    """Return what domains whose components have these owners explain electrons by."""
    members = np.eye(n_domains)[owners]
    nuisances = trial.scan.nuisances
    if nuisances.azimuths:
        sizes = posterior.sum(axis=0)
        turns, references = _turns(nuisances, patterns, owners, sizes, n_domains)
    else:
        turns = np.zeros(len(patterns), int)
        references = trial.patterns(posterior @ members)
    judged = posterior[trial.judged]
    labels = (judged @ members).argmax(axis=1)
    own = turns[judged.argmax(axis=1)]
    return Explanation(trial.judge, labels, references, own)


def _of_kept(posterior: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return probabilities of the components that are kept.

    A position that belonged to what is dropped may belong to any of the others.
    """
    posterior = posterior[:, kept] + 1e-12
    return posterior / posterior.sum(axis=1, keepdims=True)


def _turns(
    nuisances: Nuisances,
    patterns: np.ndarray,
    owners: np.ndarray,
    sizes: np.ndarray,
    n_domains: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return how components are turned in their domains, and the domains' patterns."""
    turns = np.zeros(len(patterns), int)
    references = np.repeat(patterns.mean(axis=0)[np.newaxis], n_domains, axis=0)
    for k in np.unique(owners):
        own = np.flatnonzero(owners == k)
        largest = own[sizes[own].argmax()]
        turns[own] = nuisances.turns(patterns[own], patterns[largest])
        back = nuisances.turned_back(patterns[own], turns[own])
        weights = sizes[own] + 1e-12
        references[k] = weights @ back / weights.sum()
    return turns, references
