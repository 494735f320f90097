"""Rounds of repeated clustering; what held-out electrons say is the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Components, Division
from hspy_cnmf.domains.held_out import SURE, surplus
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.trial import Scan, Trial

#: Ways of clustering that are tried, and those where crystals may be turned: each grain
#: needs a component at least.
WAYS = (Way(1, False), Way(1, True), Way(2, False), Way(4, False), Way(3, True))
TURNED_WAYS = (Way(4, False), Way(8, False), Way(6, True))

#: Partings of the electrons that repeats use in turn.
_PARTINGS = 3

#: Number of domains that components are made for where it is not known, the largest
#: number that is looked for, and ways of making them.
_SEVERAL, _MOST_DOMAINS = 6, 16
_NUMBERS = (Way(3, False), Way(3, True))
_TURNED_NUMBERS = (Way(5, False), Way(5, True))

#: Part of all gains from which on a further domain says something.
_SAYS_SOMETHING = 0.02


@dataclass(frozen=True, eq=False)
class Gains:
    """What the second and each further domain explains of the electrons held out.

    Parameters
    ----------
    gains : numpy.ndarray, shape (n,)
        Log-likelihood above that of fewer domains, 0 or more.
    errors : numpy.ndarray, shape (n,)
        Their standard errors.
    """

    gains: np.ndarray
    errors: np.ndarray

    @classmethod
    def of(cls, scores: list[np.ndarray]) -> "Gains":
        """Return the gains of 2, 3, ... domains with these scores."""
        gains, errors, best = [], [], np.zeros_like(scores[0])
        for score in scores:
            difference = score - best
            gains.append(max(difference.sum(dtype=float), 0.0))
            errors.append(np.sqrt(len(score)) * difference.std(dtype=float) + 1e-9)
            best = score if gains[-1] > 0 else best
        return cls(np.array(gains), np.array(errors))

    @property
    def number(self) -> int:
        """The number after which the next domain adds least in proportion.

        What is not surely more than nothing is not less than that in proportion.
        """
        return self._number(SURE * self.errors)

    @property
    def likely(self) -> tuple[int, int]:
        """The least and the largest number that may be right.

        They are those if small gains, which may be those of parts of a domain, say
        nothing; and the last that surely explains more than fewer do.
        """
        least = np.maximum(_SAYS_SOMETHING * self.gains.sum(), SURE * self.errors)
        last = 2 + int(np.flatnonzero(self.gains >= least).max(initial=0))
        numbers = self.number, self._number(least), last
        return min(numbers), max(numbers)

    def _number(self, least: np.ndarray) -> int:
        """Return the number after which gains fall most, above what says little."""
        least = np.append(least, least[-1])
        logarithms = np.log(np.append(self.gains, 0) + least)
        return 2 + int(np.argmax(logarithms[:-1] - logarithms[1:]))


def n_steps_foreseen(settings: Settings) -> int:
    """Return how many steps a search has if one way of mapping is repeated."""
    is_turned = settings.rotation_invariant
    n_ways = len(TURNED_WAYS if is_turned else WAYS)
    return (0 if settings.n_domains else 1) + n_ways + settings.n_repeats


@dataclass(eq=False)
class Rounds:
    """The search for the map that explains held-out electrons best.

    Parameters
    ----------
    scan : Scan
    settings : Settings
    generator : numpy.random.Generator
    task : callable
        Returns a context in which a step is done; see `Progress.task`.
    regroups : bool
        Whether the best way needed its domains to be regrouped, as repeats then may.
    numbers : tuple of int, optional
        The least and largest number of domains that may be right, where it is sought.
    """

    scan: Scan
    settings: Settings
    generator: np.random.Generator
    task: Callable
    trials: dict = field(default_factory=dict)
    tried: list = field(default_factory=list)
    history: list = field(default_factory=list)
    regroups: bool = False
    numbers: tuple[int, int] | None = None

    def run(self, n_domains: int) -> tuple[Repeats, str]:
        """Try all ways once, repeat the best, and others as good where repeats differ.

        Returns the repeats, and how it ended.
        """
        repeats, ranked = Repeats([]), self._ranked(n_domains)
        tried = [division for division, _ in ranked]
        for _, way in ranked:
            divisions = self._repeated(n_domains, way)
            repeats = Repeats([*repeats.divisions, *divisions], tried)
            self.history.append(repeats.consistency)
            if repeats.consistency >= self.settings.target_consistency:
                return repeats, "target_consistency"
            if len(self.history) >= self.settings.max_rounds:
                return repeats, "max_rounds"
        return repeats, "no_improvement"

    def number_of_domains(self) -> int:
        """Return how many domains there are, 2 or more.

        Notes
        -----
        More domains than there are, of the way that explains more of the electrons held
        out, are joined one by one, those whose joining loses least. The number is the
        one after which the next domain adds least in proportion to the last.
        """
        trial, found = self.trial(0, _SEVERAL), []
        with self.task("counting domains", 1):
            for way in _TURNED_NUMBERS if self.scan.nuisances.azimuths else _NUMBERS:
                parts = Components.found(trial, _SEVERAL, way, self.generator)
                n_parts = min(len(parts.masses), _MOST_DOMAINS)
                found.append(Division.of(parts, n_parts))
            divisions = [max(found, key=lambda division: division.score.sum())]
            while divisions[-1].n_domains > 2:
                divisions.append(divisions[-1].fewer[0])
        gains = Gains.of([division.score for division in reversed(divisions)])
        self.numbers = gains.likely
        return gains.number

    def _ranked(self, n_domains: int) -> list[tuple[Division, Way]]:
        """Return ways and what they give, from the best on, but those surely worse."""
        ways = TURNED_WAYS if self.scan.nuisances.azimuths else WAYS
        found = []
        for way in ways:
            with self.task(f"trying {way}", 1):
                found.append((self._division(0, n_domains, way), way))
        found.sort(key=lambda item: -item[0].score.sum())
        best, way = found[0]
        if not self.scan.nuisances.azimuths:
            # Turned, a part of a domain may be as unlike the rest as another domain.
            best = best.regrouped
        self.regroups = best is not found[0][0]
        found[0] = best, way
        self.tried = [[str(way), float(d.score.sum())] for d, way in found]
        return [one for one in found if surplus(best.score, one[0].score) < SURE]

    def _repeated(self, n_domains: int, way: Way) -> list[Division]:
        """Return a division of each repeat."""
        divisions = []
        for repeat in range(self.settings.n_repeats):
            with self.task(f"repeating {way}", 1):
                divisions.append(self._division(repeat % _PARTINGS, n_domains, way))
        return divisions

    def _division(self, parting: int, n_domains: int, way: Way) -> Division:
        trial = self.trial(parting, n_domains)
        division = Division.found(trial, n_domains, way, self.generator)
        return division.regrouped if self.regroups else division

    def trial(self, parting: int, n_domains: int) -> Trial:
        """Return a parting of the electrons, embedded, made once."""
        if parting not in self.trials:
            self.trials[parting] = Trial.of(
                self.scan, n_domains, self.settings.latent_dimension, self.generator
            )
        return self.trials[parting]
