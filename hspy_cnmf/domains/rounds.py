"""Rounds of repeated clustering; what held-out electrons say is the answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hspy_cnmf.domains import consensus
from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Division, Scan, Trial
from hspy_cnmf.domains.held_out import SURE, surplus
from hspy_cnmf.domains.number import ALIKE, Gains, likely
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.structures import merged

#: Ways of clustering that are tried.
WAYS = (
    Way(1, False),
    Way(1, True, has_shape=False),
    Way(1, True, is_counted=True),
    Way(2, False),
    Way(4, False),
    Way(3, True),
)

#: Ways where crystals may be turned: each grain needs a component at least.
TURNED_WAYS = (Way(4, False), Way(8, False), Way(6, True))

#: Partings of the electrons that repeats use in turn.
_PARTINGS = 3

#: Number of domains that components are made for where it is not known, the largest
#: number that is looked for, and ways of making them.
_SEVERAL, _MOST_DOMAINS = 6, 16
_NUMBERS = (Way(3, False), Way(3, True))
_TURNED_NUMBERS = (Way(5, False), Way(5, True))


@dataclass(frozen=True, eq=False)
class Repeats:
    """Divisions of a scan that were made by repeats, in some ways.

    Parameters
    ----------
    divisions : list of Division
    """

    divisions: list[Division]

    @cached_property
    def best(self) -> Division:
        """The one that explains held-out electrons best."""
        return max(self.divisions, key=lambda division: division.score.sum())

    @cached_property
    def kept(self) -> list[Division]:
        """Those that do not explain held-out electrons surely worse than the best."""
        best = self.best.score
        return [d for d in self.divisions if surplus(best, d.score) < SURE]

    @cached_property
    def posteriors(self) -> np.ndarray:
        """Their matched probabilities, (n_kept, n_positions, n_domains)."""
        return consensus.matched([division.posterior for division in self.kept])

    @cached_property
    def weights(self) -> np.ndarray:
        """How much each counts: less where it explains less, in standard errors."""
        best = self.best.score
        return np.array([np.exp(-(surplus(best, d.score) ** 2) / 2) for d in self.kept])

    @cached_property
    def agreement(self) -> np.ndarray:
        """Share of them that give each position its commonest label."""
        return consensus.agreement(self.posteriors)

    @property
    def consistency(self) -> float:
        """Mean of the agreement over positions."""
        return float(self.agreement.mean())


def n_steps_foreseen(settings: Settings) -> int:
    """Return how many steps a search has if one way of mapping is repeated."""
    is_turned = settings.rotation_invariant
    n_counts = len(_TURNED_NUMBERS) if is_turned else len(_NUMBERS) + 1
    n_ways = len(TURNED_WAYS if is_turned else WAYS)
    return (0 if settings.n_domains else n_counts) + n_ways + settings.n_repeats


@dataclass(eq=False)
class Rounds:
    """The search for the map that explains held-out electrons best.

    Parameters
    ----------
    scan : Scan
    settings : Settings
    generator : numpy.random.Generator
    progress : callable
        Told what is done next, and how many steps are done.
    numbers : tuple of int, optional
        The least and largest number of domains that may be right, where it is sought.
    """

    scan: Scan
    settings: Settings
    generator: np.random.Generator
    progress: Callable
    trials: dict = field(default_factory=dict)
    tried: list = field(default_factory=list)
    history: list = field(default_factory=list)
    numbers: tuple[int, int] | None = None

    def run(self, n_domains: int) -> tuple[Repeats, str]:
        """Try all ways once, repeat the best, and others as good where repeats differ.

        Returns
        -------
        repeats : Repeats
        status : str
            How it ended.
        """
        repeats = Repeats([])
        for way in self._ranked(n_domains):
            divisions = self._repeated(n_domains, way)
            repeats = Repeats([*repeats.divisions, *divisions])
            self.history.append(repeats.consistency)
            if repeats.consistency >= self.settings.target_consistency:
                return repeats, "target_consistency"
            if len(self.history) >= self.settings.max_rounds:
                return repeats, "max_rounds"
        return repeats, "no_improvement"

    def number_of_domains(self) -> int:
        """Return how many domains components are merged to, 2 or more.

        Notes
        -----
        Each further domain explains more of the held-out electrons. The number is the
        one after which the next domain adds least in proportion to the last. Components
        are merged unless a twentieth more is explained without.
        """
        trial = self.trial(0, _SEVERAL)
        found = []
        for way in _TURNED_NUMBERS if self.scan.nuisances.azimuths else _NUMBERS:
            self.progress(f"counting domains, {way}", 0)
            found.append(self._gains(trial, way))
            self.progress(None, 1)
        chosen = max(found, key=lambda gains: gains.total)
        if not self.scan.nuisances.azimuths:
            self.progress("counting domains, a component a domain", 0)
            plain = self._plain_gains(trial)
            self.progress(None, 1)
            found.append(plain)
            chosen = plain if plain.total > ALIKE * chosen.total else chosen
        self.numbers = likely(chosen, found)
        return chosen.number

    def _gains(self, trial: Trial, way: Way) -> Gains:
        """Return what the second and each further domain explains."""
        parts = trial.parts(_SEVERAL, way, self.generator)
        kept, patterns, distances = parts.distances(_SEVERAL)
        scores = [
            Division.of(parts, kept, patterns, merged(distances, n), n).score
            for n in range(2, min(len(patterns), _MOST_DOMAINS) + 1)
        ]
        return Gains.of(scores, _MOST_DOMAINS)

    def _plain_gains(self, trial: Trial) -> Gains:
        """Return the same where no components are merged."""
        scores = [
            trial.parts(n, Way(1, False), self.generator).divide(n).score
            for n in range(2, _MOST_DOMAINS + 1)
        ]
        return Gains.of(scores, _MOST_DOMAINS)

    def _ranked(self, n_domains: int) -> Iterator[Way]:
        """Yield ways from the best on, but those surely worse."""
        ways = TURNED_WAYS if self.scan.nuisances.azimuths else WAYS
        found = []
        for way in ways:
            self.progress(f"trying {way}", 0)
            found.append((self._division(0, n_domains, way), way))
            self.progress(None, 1)
        found.sort(key=lambda item: -item[0].score.sum())
        best = found[0][0]
        self.tried = [[str(way), float(d.score.sum())] for d, way in found]
        for division, way in found:
            if surplus(best.score, division.score) < SURE:
                yield way

    def _repeated(self, n_domains: int, way: Way) -> list[Division]:
        """Return a division of each repeat."""
        divisions = []
        for repeat in range(self.settings.n_repeats):
            self.progress(f"repeating {way}", 0)
            divisions.append(self._division(repeat % _PARTINGS, n_domains, way))
            self.progress(None, 1)
        return divisions

    def _division(self, parting: int, n_domains: int, way: Way) -> Division:
        trial = self.trial(parting, n_domains)
        return trial.parts(n_domains, way, self.generator).divide(n_domains)

    def trial(self, parting: int, n_domains: int) -> Trial:
        """Return a parting of the electrons, embedded, made once."""
        if parting not in self.trials:
            self.trials[parting] = Trial.of(
                self.scan, n_domains, self.settings.latent_dimension, self.generator
            )
        return self.trials[parting]
