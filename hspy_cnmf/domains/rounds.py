"""Rounds of repeated clustering; what held-out electrons say is the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import PART, Components, Division
from hspy_cnmf.domains.held_out import SURE, Scan, Trial, surplus
from hspy_cnmf.domains.regrouping import regrouped
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.settings import Settings

#: Ways of clustering that are tried, and those where crystals may be turned: each grain
#: needs a component at least.
WAYS = (Way(1, False), Way(1, True), Way(2, False), Way(4, False), Way(3, True))
TURNED_WAYS = (Way(4, False), Way(8, False), Way(6, True))

#: Partings of the electrons that repeats use in turn.
_PARTINGS = 3

#: Number of domains that components are made for where it is not known, the largest
#: number that is looked for, and ways of making them.
_SEVERAL, _MOST_DOMAINS = 6, 16
_NUMBERS = (Way(3, False), Way(3, True), Way(1, False))
_TURNED_NUMBERS = (Way(5, False), Way(5, True))

#: Gains of a further domain that are small: part of all, and in log-likelihood.
_LEAST_GAIN, _SMALL = 0.01, 10.0

#: Part of all gains from which on a further domain says something, and if none after
#: it explains any more.
_SAYS_SOMETHING, _LAST = 0.02, 0.005

#: Divisions whose gains differ by less than this factor explain alike.
ALIKE = 1.05


@dataclass(frozen=True, eq=False)
class Gains:
    """What the second and each further domain explains of the electrons held out."""

    gains: np.ndarray  #: Log-likelihood above that of fewer domains, 0 or more, (n,).
    errors: np.ndarray  #: In standard errors, below 0 where less is explained, (n,).
    #: Scores and labels of the best of 2 domains, of 3 or fewer, and so on.
    best: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, found: list[tuple[np.ndarray, np.ndarray]], most: int) -> "Gains":
        """Return the gains of 2, 3, ... domains, `most` at most.

        Given are the scores and labels of positions, (n,), by each number.
        """
        gains, errors = np.zeros(most), np.zeros(most)
        best = [(np.zeros_like(score), np.zeros_like(own)) for score, own in found[:1]]
        for i, (score, labels) in enumerate(found):
            before, others = best[-1]
            gains[i] = max((score - before).sum(dtype=float), 0.0)
            errors[i] = surplus(score, before, (labels, others))
            best.append((score, labels) if gains[i] > 0 else best[-1])
        return cls(gains, errors, best[1:])

    def surplus(self, division: Division, number: int) -> float:
        """Return by how many errors a division explains more than so many domains."""
        score, labels = self.best[: number - 1][-1]
        return surplus(division.score, score, (division.labels[PART], labels))

    @property
    def total(self) -> float:
        """What all domains explain together."""
        return float(self.gains.sum())

    @property
    def knee(self) -> int:
        """The number after which the next domain adds least in proportion."""
        logarithms = np.log(self.gains + max(_LEAST_GAIN * self.total, _SMALL))
        return 2 + int(np.argmax(logarithms[:-1] - logarithms[1:]))

    @property
    def number(self) -> int:
        """That number, or the next, if its domain is faint but sure, and the last one.

        Where a structure is described badly, as of a bent crystal, further domains go
        on to explain it.
        """
        following = self.knee - 1
        is_sure = self.errors[following] >= SURE
        is_last = not (self.errors[following + 1 :] > 0).any()
        is_there = self.gains[following] >= _LAST * self.total
        return self.knee + bool(is_sure and is_last and is_there)

    @property
    def largest(self) -> int:
        """The last number that surely explains more than fewer do, 2 or more."""
        says = (self.gains >= _SAYS_SOMETHING * self.total) & (self.errors >= SURE)
        return 2 + int(np.flatnonzero(says).max(initial=0))


def likely(chosen: Gains, found: list[Gains]) -> tuple[int, int]:
    """Return the least and the largest number of domains that may be right.

    Numbers are those of all that explain as much, or not surely less, and of the chosen
    one also that after which the next adds least, and the last that surely explains
    more.
    """
    alike = [
        gains.number
        for gains in found
        if chosen.total / ALIKE <= gains.total <= chosen.total * ALIKE
        or abs(surplus(chosen.best[-1][0], gains.best[-1][0])) < SURE
    ]
    numbers = [chosen.number, chosen.knee, chosen.largest, *alike]
    return min(numbers), max(numbers)


def n_steps_foreseen(settings: Settings) -> int:
    """Return how many steps a search has if one way of mapping is repeated."""
    is_turned = settings.rotation_invariant
    n_counts = len(_TURNED_NUMBERS if is_turned else _NUMBERS)
    n_ways = len(TURNED_WAYS if is_turned else WAYS)
    return (0 if settings.n_domains else n_counts) + n_ways + settings.n_repeats


@dataclass(eq=False)
class Rounds:
    """The search for the map that explains held-out electrons best."""

    scan: Scan
    settings: Settings
    generator: np.random.Generator
    task: Callable  #: Returns a context in which a step is done; see `Progress.task`.
    trials: dict = field(default_factory=dict)  #: By their parting of the electrons.
    #: Divisions in which each position speaks for itself, by their number of domains.
    alone: dict = field(default_factory=dict)
    tried: list = field(default_factory=list)  #: Ways, and what they explain.
    history: list = field(default_factory=list)  #: Consistency after each round.
    #: Ways that needed their domains to be regrouped, as repeats of them then may.
    regroups: set[Way] = field(default_factory=set)
    #: The least and largest number that may be right, where it is sought.
    numbers: tuple[int, int] | None = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """Ways of clustering that are tried."""
        return TURNED_WAYS if self.scan.nuisances.azimuths else WAYS

    def run(self, n_domains: int) -> tuple[Repeats, str]:
        """Try all ways once, repeat the best, and others as good where repeats differ.

        Returns the repeats, and how it ended.
        """
        divisions, tried = [], self._ranked(n_domains)
        for way in [division.way for division in tried]:
            for repeat in range(self.settings.n_repeats):
                with self.task(f"repeating {way}", 1):
                    parting = repeat % _PARTINGS
                    divisions.append(self._division(parting, n_domains, way))
            repeats = Repeats([*divisions], tried)
            self.history.append(repeats.consistency)
            if repeats.consistency >= self.settings.target_consistency:
                return repeats, "target_consistency"
            if len(self.history) >= self.settings.max_rounds:
                return repeats, "max_rounds"
        return repeats, "no_improvement"

    def number_of_domains(self) -> int:
        """Return how many domains components are merged to, 2 or more.

        Each further domain explains more of the held-out electrons; see `Gains`.
        Components are merged unless a twentieth more is explained without. Each
        position speaks for itself where as many domains, or one more, surely explain
        more so: neighbours may hide a domain.
        """
        trial, found = self.trial(0, _SEVERAL), []
        ways = _TURNED_NUMBERS if self.scan.nuisances.azimuths else _NUMBERS
        for way in ways:
            with self.task(f"counting domains, {way}", 1):
                found.append(self._gains(trial, way))
        weights = [1 if trial.is_merged(way) else 1 / ALIKE for way in ways]
        totals = [w * gains.total for w, gains in zip(weights, found, strict=True)]
        chosen = found[int(np.argmax(totals))]
        for number in (chosen.number, chosen.number + 1):
            alone = self._alone(number)
            if chosen.surplus(alone, number) >= SURE:
                chosen = self._gains(trial.alone, alone.way)
                found.append(chosen)
                break
        self.numbers = likely(chosen, found)
        return chosen.number

    def _gains(self, trial: Trial, way: Way) -> Gains:
        """Return what the second and each further domain explains."""
        numbers, generator = range(2, _MOST_DOMAINS + 1), self.generator
        if trial.is_merged(way):
            components = Components.found(trial, _SEVERAL, way, generator)
            numbers = range(2, min(len(components.masses), _MOST_DOMAINS) + 1)
            found = [Division.of(components, n) for n in numbers]
        else:
            given = way, generator
            found = [Division.found(trial, n, *given) for n in numbers]
        return Gains.of([(d.score, d.labels[PART]) for d in found], _MOST_DOMAINS)

    def _ranked(self, n_domains: int) -> list[Division]:
        """Return what ways give, from the best on, but those surely worse."""
        found = []
        for way in self.ways:
            with self.task(f"trying {way}", 1):
                found.append(self._division(0, n_domains, way))
        if not self.scan.nuisances.azimuths:
            # Turned, a part of a domain may be as unlike the rest as another domain.
            best = max(found, key=lambda one: one.explained)
            found = [self._better(one, best) for one in found]
        found.sort(key=lambda one: -one.explained)
        alone = self._alone(n_domains)
        if surplus(alone.score, found[0].score) >= SURE:
            found.insert(0, alone)
        self.tried = [[str(one.way), one.explained] for one in found]
        return [one for one in found if surplus(found[0].score, one.score) < SURE]

    def _alone(self, n_domains: int) -> Division:
        """Return what positions give of which each speaks for itself.

        That is for grains that are as small as the steps of a scan: what neighbours
        differ by is taken for noise otherwise. Where domains are contiguous it counts
        only if it surely explains more, as what is found without neighbours is ragged.
        """
        if n_domains not in self.alone:
            given = replace(self.ways[0], is_alone=True), np.random.default_rng(0)
            trial = self.trial(0, n_domains).alone
            self.alone[n_domains] = Division.found(trial, n_domains, *given)
        return self.alone[n_domains]

    def _better(self, division: Division, best: Division) -> Division:
        """Return a division regrouped, unless it is surely worse than the best."""
        if surplus(best.score, division.score) >= SURE:
            return division
        better = regrouped(division)
        if better is not division:
            self.regroups.add(division.way)
        return better

    def _division(self, parting: int, n_domains: int, way: Way) -> Division:
        trial = self.trial(parting, n_domains)
        trial = trial.alone if way.is_alone else trial
        division = Division.found(trial, n_domains, way, self.generator)
        return regrouped(division, 1) if way in self.regroups else division

    def trial(self, parting: int, n_domains: int) -> Trial:
        """Return a parting of the electrons, embedded, made once."""
        if parting not in self.trials:
            self.trials[parting] = Trial.of(
                self.scan, n_domains, self.settings.latent_dimension, self.generator
            )
        return self.trials[parting]
