"""One crystal of a group: its spots, how candidates explain them, what it is."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.verdict import UNDECIDED, Verdict, verdict_of

#: Evidence that each of two crystals needs: of the orientations of a crystal that
#: spots tell apart, some 1e6, the best fits by chance with a logarithm of 14.
LEAST_EVIDENCE = 20.0

#: Spots of a group, by number, that a match explains, and that it may be a part of.
Claim: TypeAlias = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Crystal:
    """One crystal of a group, as far as its phase is known.

    Attributes
    ----------
    group : int
        Group in whose pattern it is.
    indices : numpy.ndarray of int, shape (n_spots,)
        Spots of the group that no other crystal explains.
    pattern : SpotPattern
        These spots.
    matches : list of Match
        How each candidate explains them; empty without spots, or where it is said that
        no candidate does.
    verdict : Verdict
        What it is.
    share : float
        Part of what is in the group's spots that is the crystal's, in [0, 1].
    merged : numpy.ndarray of int
        Spots of the group, not in `indices`, between a reflection of each of two.
    wider : float
        Excitation error in 1/Å up to which its reflections are seen, where that is
        wider than was asked for; else 0.
    """

    group: int
    indices: np.ndarray
    pattern: SpotPattern
    matches: list[Match]
    verdict: Verdict
    share: float = 1.0
    merged: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    wider: float = 0.0

    @property
    def best(self) -> Match | None:
        """How the candidate that explains most does so, if there is one."""
        return None if self.verdict.best is None else self.matches[self.verdict.best]

    @property
    def is_there(self) -> bool:
        """Whether it is a candidate, or one of two, by more than chance."""
        return self.best is not None and self.best.evidence > LEAST_EVIDENCE

    @property
    def own(self) -> np.ndarray:
        """The group's spots, by number, that are its: all, where no candidate is."""
        return self.explained(self.best) if self.matches else self.indices

    def judged(
        self,
        names: list[str],
        scales: tuple[Scale, Scale],
        needed: dict[int, float],
        refused: Collection[int],
    ) -> "Crystal":
        """Return the same with a verdict; `needed` are other scales of phases."""
        if not self.matches:
            return self
        verdict = verdict_of(self.pattern, 1.0, self.matches, names, *scales, refused)
        if verdict.is_phase:
            other = needed.get(verdict.best, 0.0)  # type: ignore[arg-type]
            verdict = replace(verdict, other_scale=other)
        return replace(self, verdict=verdict)

    def doubted(self, distortion: float = 0.0) -> "Crystal":
        """Return the same, not distinguishable from one not in the list if named."""
        if not self.verdict.is_phase:
            return self
        verdict = replace(self.verdict, word=UNDECIDED, second=None)
        return replace(self, verdict=replace(verdict, distortion=distortion))

    def explained(self, match: Match | None) -> np.ndarray:
        """Return the group's spots, by number, that a match explains."""
        explained = slice(0) if match is None else match.reflection >= 0
        return self.indices[explained]

    def claimed(self, match: Match | None) -> Claim:
        """Return what a match explains, and what it does not, but may be a part of."""
        merged = slice(0) if match is None else match.merged(self.pattern)
        return self.explained(match), np.union1d(self.merged, self.indices[merged])
