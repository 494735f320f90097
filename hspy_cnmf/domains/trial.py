"""A part of the electrons of a scan, embedded, and the rest, which judges."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.held_out import Judge, thinned
from hspy_cnmf.domains.linear import LinearEmbedding
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.nuisances import Nuisances
from hspy_cnmf.domains.reduction import kept_array

#: Positions whose held-out electrons judge, about, at most.
_JUDGED = 4096

#: Positions whose electrons are parted at a time.
_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Scan:
    """Reduced patterns, and where they lie."""

    #: In electrons, of the cells that take part, (n_positions, n_cells).
    patterns: np.ndarray
    electrons: float  #: Of a mean pattern.
    neighbourhood: Neighbourhood
    nuisances: Nuisances


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
        odds = scan.neighbourhood.homogeneity(trained)
        judge = Judge(np.array(train[judged]), test, around, scan.nuisances)
        places = embedding.embed(scan.patterns)
        seen = trained, places, surroundings
        return cls(scan, embedding, *seen, odds, judge, judged)

    def is_merged(self, way: Way) -> bool:
        """Return whether components of a way are merged, and are no domains."""
        return way.per_domain > 1 or bool(self.scan.nuisances.azimuths)

    def seen(self, way: Way) -> tuple[np.ndarray, np.ndarray]:
        """Return what a way sees of the part, and of all electrons, (n, d)."""
        return self.around if way.is_pooled else (self.trained, self.places)

    @cached_property
    def one_domain(self) -> np.ndarray:
        """The log-likelihood of held-out electrons of one domain."""
        center = np.average(self.trained, axis=0, weights=self.odds + 1e-12)
        pattern = self.embedding.decode(center[np.newaxis])
        nothing = np.zeros(len(self.judged), int)
        return self.judge.likelihood(nothing, pattern, nothing)


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
