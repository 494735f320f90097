"""Rounds of repeated clustering; what held-out electrons say is the answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hspy_cnmf.domains import consensus
from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import Division, Scan, Trial
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

#: Components are merged unless so many times as much is explained without.
_PREFERRED = 1.05

#: Gains of a further domain that are small: part of all, and in log-likelihood.
_LEAST_GAIN, _SMALL = 0.01, 10.0

#: Standard errors by which something explains held-out electrons surely better.
SURE = 3.0


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


def surplus(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how many standard errors one score is above another."""
    difference = one - other
    error = np.sqrt(len(difference)) * difference.std()
    return float(difference.sum() / max(error, 1e-9)) if difference.any() else 0.0


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
    embeddings : dict of callable or None, by name
        What patterns are embedded by: None for a linear embedding.
    """

    scan: Scan
    settings: Settings
    generator: np.random.Generator
    progress: Callable
    embeddings: dict
    trials: dict = field(default_factory=dict)
    tried: list = field(default_factory=list)
    history: list = field(default_factory=list)

    def run(self, n_domains: int) -> tuple[Repeats, str]:
        """Try all ways once, repeat the best, and others as good where repeats differ.

        Returns
        -------
        repeats : Repeats
        status : str
            How it ended.
        """
        repeats = Repeats([])
        for way, name in self._ranked(n_domains):
            divisions = self._repeated(n_domains, way, name)
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
        one after which the next domain adds least in proportion to the last.
        """
        name = next(iter(self.embeddings))
        trial = self.trial(name, 0, _SEVERAL)
        found = []
        for way in _TURNED_NUMBERS if self.scan.nuisances.azimuths else _NUMBERS:
            self.progress(f"counting domains, {way}", 0)
            found.append(self._gains(trial, way))
            self.progress(None, 1)
        gains = max(found, key=np.sum)
        if not self.scan.nuisances.azimuths:
            self.progress("counting domains, a component a domain", 0)
            plain = self._plain_gains(trial)
            self.progress(None, 1)
            gains = plain if plain.sum() > _PREFERRED * gains.sum() else gains
        floor = max(_LEAST_GAIN * gains.sum(), _SMALL)
        ratios = np.log(gains + floor)
        return 2 + int(np.argmax(ratios[:-1] - ratios[1:]))

    def _gains(self, trial: Trial, way: Way) -> np.ndarray:
        """Return what the second and each further domain explains, 0 or more."""
        parts = trial.parts(_SEVERAL, way, self.generator)
        kept, patterns, distances = parts.distances(_SEVERAL)
        scores = [0.0]
        for n in range(2, min(len(patterns), _MOST_DOMAINS) + 1):
            division = Division.of(parts, kept, patterns, merged(distances, n), n)
            scores.append(division.score.sum())
        gains = np.diff(np.maximum.accumulate(scores))
        return np.pad(gains, (0, _MOST_DOMAINS + 1 - len(scores)))

    def _plain_gains(self, trial: Trial) -> np.ndarray:
        """Return the same where no components are merged."""
        scores = [0.0]
        for n in range(2, _MOST_DOMAINS + 1):
            division = trial.parts(n, Way(1, False), self.generator).divide(n)
            scores.append(division.score.sum())
        gains = np.diff(np.maximum.accumulate(scores))
        return np.append(gains, 0.0)

    def _ranked(self, n_domains: int) -> Iterator[tuple[Way, str]]:
        """Yield ways and embeddings from the best on, but those surely worse."""
        ways = TURNED_WAYS if self.scan.nuisances.azimuths else WAYS
        found = []
        for name in self.embeddings:
            for way in ways:
                self.progress(f"trying {name}, {way}", 0)
                division = self._division(name, 0, n_domains, way)
                found.append((division, way, name))
                self.progress(None, 1)
        found.sort(key=lambda item: -item[0].score.sum())
        best = found[0][0]
        self.tried = [[f"{n}, {w}", float(d.score.sum())] for d, w, n in found]
        for division, way, name in found:
            if surplus(best.score, division.score) < SURE:
                yield way, name

    def _repeated(self, n_domains: int, way: Way, name: str) -> list[Division]:
        """Return a division of each repeat."""
        divisions = []
        for repeat in range(self.settings.n_repeats):
            self.progress(f"repeating {name}, {way}", 0)
            n_partings = 1 if self.embeddings[name] else _PARTINGS  # networks train
            divisions.append(self._division(name, repeat % n_partings, n_domains, way))
            self.progress(None, 1)
        return divisions

    def _division(self, name: str, parting: int, n_domains: int, way: Way) -> Division:
        trial = self.trial(name, parting, n_domains)
        return trial.parts(n_domains, way, self.generator).divide(n_domains)

    def trial(self, name: str, parting: int, n_domains: int) -> Trial:
        """Return a parting of the electrons, embedded, made once."""
        if (name, parting) not in self.trials:
            self.trials[name, parting] = Trial.of(
                self.scan,
                n_domains,
                self.settings.latent_dimension,
                self.generator,
                self.embeddings[name],
            )
        return self.trials[name, parting]
