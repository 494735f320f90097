"""A part of a scan's electrons, embedded, and the rest, whose likelihood judges."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.envelopes import Envelopes, structures_of
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.mixtures import mixed_rates
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.reduction import MEMORY
from hspy_cnmf.operators.in_file import long_rows

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


def surplus(
    one: np.ndarray,
    other: np.ndarray | float = 0.0,
    labels: tuple[np.ndarray, ...] = (),
) -> float:
    """Return by how many standard errors one score is above another, or above 0.

    With labels of positions, (n,), errors are within those that all label alike: a few
    that gain much where many lose little are no chance.
    """
    difference = np.asarray(one - other, float)
    groups = np.zeros(len(difference), int)
    for own in labels:
        _, groups = np.unique(groups * (own.max() + 1) + own, return_inverse=True)
    means = np.bincount(groups, difference) / np.bincount(groups)
    error = np.sqrt(((difference - means[groups]) ** 2).sum())
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

        Of its domain, a label, (n,), and turned by so many azimuths, (n,); patterns of
        the domains, (n_domains, n_cells), are those before these counts are seen.

        It is multinomial. Patterns of a domain have one structure, under an envelope of
        each position's own (see `Envelopes`), unless they explain more without. Next to
        another domain a pattern may be mixed with those there, as probes are wide: a
        domain of what lies between two others would explain more than the truth.
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
        """Return the log-likelihood of positions by expected shares of cells, (n,)."""
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


class Embedded(NamedTuple):
    """An embedding, and what it makes of a scan, (n_positions, d)."""

    embedding: LinearEmbedding
    trained: np.ndarray  #: Patterns of a part of the electrons.
    places: np.ndarray  #: Those of all electrons.


@dataclass(frozen=True, eq=False)
class Trial:
    """A part of the electrons of a scan, embedded, and the rest, which judges."""

    scan: Scan
    own: Embedded
    around: Embedded  #: In the embedding that means over surroundings speak for.
    #: How alike the patterns around each position are, (n_positions,).
    odds: np.ndarray
    judge: Judge
    judged: np.ndarray  #: Indices of its positions.
    #: Log-likelihood of held-out electrons of one domain, (n_judged,).
    one_domain: np.ndarray
    by_itself: Embedded  #: In an embedding that knows of no neighbours.

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
        given = train, electrons, scan.neighbourhood
        principal = LinearEmbedding.principal(*given, dimension, seed)
        scores = principal.embed(train)
        plain, alone = (
            principal.turned(scores, each, n_domains, dimension)
            for each in (scan.neighbourhood, scan.alone.neighbourhood)
        )
        size = n_domains, plain.axes.shape[1]
        smooth = LinearEmbedding.fit(*given, *size, seed, is_smooth=True)
        own, wide, by_itself = (
            Embedded(one, one.embed(train), one.embed(scan.patterns))
            for one in (plain, smooth, alone)
        )
        odds = scan.neighbourhood.homogeneity(own.trained)
        mean = plain.decode(np.average(own.trained, axis=0, weights=odds + 1e-12)[None])
        judge = Judge(np.array(train[judged]), test, around, scan.nuisances)
        nothing = np.zeros(len(judged), int)
        told = judge, judged, judge.likelihood(nothing, mean, nothing)
        return cls(scan, own, wide, odds, *told, by_itself)

    @cached_property
    def alone(self) -> "Trial":
        """The same where nobody has neighbours."""
        own, odds = self.by_itself, np.ones_like(self.odds)
        return replace(self, scan=self.scan.alone, own=own, around=own, odds=odds)

    def is_merged(self, way: Way) -> bool:
        """Return whether components of a way are merged, and are no domains."""
        return way.per_domain > 1 or bool(self.scan.nuisances.azimuths)

    def seen(self, way: Way) -> Embedded:
        """Return what a way sees."""
        return self.around if way.is_pooled else self.own


def _parted(
    patterns: np.ndarray, judged: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return electrons to train on, and those held out of the positions that judge."""
    train = long_rows(patterns.shape, np.float32, MEMORY)
    test = np.empty((len(judged), patterns.shape[1]), np.float32)
    for start in range(0, len(patterns), _BLOCK):
        stop = min(start + _BLOCK, len(patterns))
        train[start:stop], held = thinned(patterns[start:stop], generator)
        inside = (judged >= start) & (judged < stop)
        test[inside] = held[judged[inside] - start]
    return train, test
