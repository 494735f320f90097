"""A part of a scan's electrons, embedded, and the rest, whose likelihood judges."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.envelopes import Envelopes, structures_of
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.mixtures import mixed_rates
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.reduction import kept_array

#: Electrons' share that maps are made from; the rest judges them.
TRAINED = 0.8

#: Standard errors by which something explains held-out electrons surely better.
SURE = 3.0

#: Positions whose held-out electrons judge, about, at most.
_JUDGED = 4096

#: Positions whose electrons are parted at a time.
_BLOCK = 8192


def thinned(
    patterns: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return electrons of patterns parted at random, to train on and held out.

    Parts of electrons are rounded at random. Parts of Poisson counts are independent
    Poisson counts.
    """
    whole = np.floor(patterns)
    counts = whole + (generator.random(patterns.shape) < patterns - whole)
    train = generator.binomial(counts.astype(np.int64), TRAINED)
    return train.astype(np.float32), (counts - train).astype(np.float32)


def surplus(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how many standard errors one score is above another."""
    difference = one - other
    error = np.sqrt(len(difference)) * difference.std()
    return float(difference.sum() / max(error, 1e-9)) if difference.any() else 0.0


@dataclass(frozen=True, eq=False)
class Judge:
    """Held-out electrons and what maps of domains may explain them by."""

    #: Patterns of some positions, from `thinned`, (n, n_cells).
    train: np.ndarray
    test: np.ndarray
    #: Of these positions.
    neighbourhood: Neighbourhood
    nuisances: Nuisances

    def likelihood(
        self, labels: np.ndarray, patterns: np.ndarray, turns: np.ndarray
    ) -> np.ndarray:
        """Return the log-likelihood of each position's held-out electrons, (n,).

        Labels are the domains of positions, (n,), and patterns those of the domains,
        (n_domains, n_cells), before these counts are seen. Each position's pattern is
        turned by so many azimuths, (n,).

        Patterns of a domain have one structure, under an envelope and a shift of each
        position's own, which neighbours of one label mostly share. Structure and
        envelopes are fitted to the electrons to train on by turns, with priors of
        variances that are fitted too. Next to another domain a pattern may be mixed
        with those there, as probes are wide: a domain of what lies between two others
        would explain more than the truth. The likelihood is multinomial. Where domains
        without any envelope explain more, those count.
        """
        parts = [
            self.nuisances.turned_back(part, turns) for part in (self.train, self.test)
        ]
        plain = structures_of(labels, patterns, parts[0])
        rates = plain / plain.sum(axis=1, keepdims=True)
        best = self._told(rates.astype(np.float32)[labels], labels, parts)
        if len(self.nuisances.terms):
            around = self.neighbourhood, self.nuisances
            bent = Envelopes.fit(parts[0], labels, plain, *around).rates()
            best = max(best, self._told(bent, labels, parts), key=np.sum)
        return best

    def _told(
        self, rates: np.ndarray, labels: np.ndarray, parts: list[np.ndarray]
    ) -> np.ndarray:
        """Return the log-likelihood of positions with these expected shares of cells.

        Next to other domains patterns may be mixed with those of neighbours there.
        """
        train, test = parts
        edge, others = self.neighbourhood.next_of_others(rates, labels)
        rates[edge] = mixed_rates(rates[edge], others, train[edge])
        logarithms = np.log(rates, out=rates)
        logarithms *= test
        return logarithms.sum(axis=1, dtype=float)


@dataclass(frozen=True, eq=False)
class Scan:
    """Reduced patterns, and where they lie."""

    #: In electrons, of the cells that take part, (n_positions, n_cells).
    patterns: np.ndarray
    electrons: float  #: Of a mean pattern.
    neighbourhood: Neighbourhood
    nuisances: Nuisances

    @property
    def alone(self) -> "Scan":
        """The same of positions that say nothing of each other."""
        alone = replace(self.neighbourhood, is_alone=True)
        return replace(self, neighbourhood=alone)


@dataclass(frozen=True, eq=False)
class Trial:
    """A part of the electrons of a scan, embedded, and the rest, which judges."""

    scan: Scan
    embedding: LinearEmbedding
    #: Embedded patterns of the part, and of all electrons, (n_positions, d).
    trained: np.ndarray
    places: np.ndarray
    #: The same in the embedding that means over surroundings speak for.
    around: tuple[np.ndarray, np.ndarray]
    #: How alike the patterns around each position are, (n_positions,).
    odds: np.ndarray
    judge: Judge
    judged: np.ndarray  #: Indices of its positions.
    #: Log-likelihood of held-out electrons of one domain, (n_judged,).
    one_domain: np.ndarray
    #: An embedding that knows of no neighbours, and what it makes of the part.
    by_itself: tuple[LinearEmbedding, np.ndarray]

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
        given = train, electrons, scan.neighbourhood, dimension, seed
        principal = LinearEmbedding.principal(*given)
        scores = principal.embed(train)
        embedding, alone = (
            principal.turned(scores, each, n_domains, dimension)
            for each in (scan.neighbourhood, scan.alone.neighbourhood)
        )
        trained = embedding.embed(train)
        given = train, electrons, scan.neighbourhood, n_domains, trained.shape[1], seed
        wide = LinearEmbedding.fit(*given, is_smooth=True)
        surroundings = wide.embed(train), wide.embed(scan.patterns)
        odds = scan.neighbourhood.homogeneity(trained)
        judge = Judge(np.array(train[judged]), test, around, scan.nuisances)
        places = embedding.embed(scan.patterns)
        mean = embedding.decode(np.average(trained, axis=0, weights=odds + 1e-12)[None])
        nothing = np.zeros(len(judged), int)
        told = judge, judged, judge.likelihood(nothing, mean, nothing)
        by_itself = alone, alone.embed(train).astype(np.float32)
        seen = trained, places, surroundings
        return cls(scan, embedding, *seen, odds, *told, by_itself)

    @cached_property
    def alone(self) -> "Trial":
        """The same where nobody has neighbours."""
        embedding, trained = self.by_itself
        places = embedding.embed(self.scan.patterns)
        return replace(
            self,
            scan=self.scan.alone,
            embedding=embedding,
            trained=trained,
            places=places,
            around=(trained, places),
            odds=np.ones(len(trained)),
        )

    def is_merged(self, way: Way) -> bool:
        """Return whether components of a way are merged, and are no domains."""
        return way.per_domain > 1 or bool(self.scan.nuisances.azimuths)

    def seen(self, way: Way) -> tuple[np.ndarray, np.ndarray]:
        """Return what a way sees of the part, and of all electrons, (n, d)."""
        return self.around if way.is_pooled else (self.trained, self.places)


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
