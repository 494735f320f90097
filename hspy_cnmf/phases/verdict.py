"""Which candidate a group is, or that it is none of them."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.scale import AGREEMENT, Scale
from hspy_cnmf.phases.spot_pattern import SpotPattern

AMORPHOUS = "amorphous"
NONE = "none of these"
UNDECIDED = "not distinguishable"
TOO_FEW = "too few spots"

#: What groups are called that are no candidate: no phase may have such a name.
NO_PHASE = (AMORPHOUS, NONE, UNDECIDED, TOO_FEW)

#: Spots that hold less than this part of a pattern do not make it a crystal's.
_FAINTEST_CRYSTAL = 0.002

#: Spots that a candidate must explain at least, in two directions.
FEWEST_SPOTS = 4

#: Part of the spots, and of their squared amplitudes, that must be explained.
_SHARE_OF_SPOTS, _SHARE_OF_STRENGTH = 0.65, 0.8

#: Evidence that is needed beside as many spots as make a crystal of which no candidate
#: is: wrong ones, that share but some with what is there, reach 33.
EVIDENCE_BESIDE_OTHERS = 35.0

#: Correlation of amplitudes that is needed: intensities are but secondary evidence.
_LEAST_CORRELATION = 0.6

#: Part of what is expected that may be missing.
_MOST_MISSING = 0.5

#: Standard deviation of the scale, as a part of it, from calibration and spots at which
#: a cell that is 2 % off is refused still; and by how much spots may enlarge that of
#: a worse calibration.
_TELLING, _LARGER = 0.0057, 1.1

#: Logarithms of evidence by which a candidate is told from another: 20 to 1.
LEAST_MARGIN = 3.0


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is said of one group.

    Attributes
    ----------
    word : str
        Name of the phase, or one of `AMORPHOUS`, `NONE`, `UNDECIDED`, `TOO_FEW`.
    best, second : int or None
        Candidates with the most evidence, if there are.
    margin : float
        By how much the logarithm of the evidence of the best is higher than that of
        any other candidate; infinite for the only one.
    other_scale : float
        Of a phase: by what part it needs another scale than the calibration or other
        phases speak for; 0 where it needs none.
    distortion : float
        By what part axes of its lattice seem to be off against each other, where that
        leaves it undecided; else 0.
    """

    word: str
    best: int | None = None
    second: int | None = None
    margin: float = np.nan
    other_scale: float = 0.0
    distortion: float = 0.0

    @property
    def is_phase(self) -> bool:
        """Whether the group is one of the candidates."""
        return self.word not in NO_PHASE


def is_amorphous(pattern: SpotPattern, share: float) -> bool:
    """Return whether there are no spots, or too faint ones for a crystal."""
    return not len(pattern) or share < _FAINTEST_CRYSTAL


def is_plausible(match: Match, pattern: SpotPattern, scale: Scale) -> bool:
    """Return whether a candidate explains what is seen, and shows what it must."""
    explained = match.reflection >= 0
    missing = len(match.missing) / max(len(match.expected), 1)
    others = (~explained).sum() >= FEWEST_SPOTS
    return bool(
        explained.sum() >= FEWEST_SPOTS
        and pattern[explained].spans_plane
        and explained.mean() >= _SHARE_OF_SPOTS
        and match.strength >= _SHARE_OF_STRENGTH
        and (match.evidence >= EVIDENCE_BESIDE_OTHERS or not others)
        and match.correlation >= _LEAST_CORRELATION
        and missing <= _MOST_MISSING
        and not match.n_absent
        and scale.sigmas(match) <= AGREEMENT
    )


def _tells_cells(match: Match, before: Scale, scale: Scale) -> bool:
    """Return whether spots lie so surely that a cell that is 2 % off would not fit.

    Few spots, wide ones, or such that are off by more than their noise do not.
    """
    deviation = np.hypot(scale.deviation, match.scale_error)
    return bool(deviation <= max(_TELLING, _LARGER * before.deviation))


def verdict_of(
    pattern: SpotPattern,
    share: float,
    matches: list[Match],
    names: list[str],
    before: Scale,
    scale: Scale,
    refused: Collection[int] = (),
) -> Verdict:
    """Return what a group is.

    Parameters
    ----------
    pattern : SpotPattern
        Its spots.
    share : float
        Part of the pattern that is in them.
    matches : list of Match
        Of each candidate; empty where there are no spots.
    names : list of str
        Of the candidates.
    before, scale : Scale
        What was known of the scale where the matches were found, and now.
    refused : collection of int
        Candidates that all groups speak against.
    """
    if not matches:
        return Verdict(AMORPHOUS)
    evidence = np.array([scale.evidence(match, before) for match in matches])
    fits = [
        candidate not in refused and is_plausible(match, pattern, scale)
        for candidate, match in enumerate(matches)
    ]
    fitting = np.where(fits, evidence, -np.inf)
    if not any(fits):
        faint = is_amorphous(pattern, share)
        few = len(pattern) < FEWEST_SPOTS or not pattern.spans_plane
        return Verdict(AMORPHOUS if faint else TOO_FEW if few else NONE)
    best = int(fitting.argmax())
    sure = _tells_cells(matches[best], before, scale)
    others = np.delete(np.arange(len(matches)), best)
    if not len(others):
        return Verdict(names[best] if sure else UNDECIDED, best, None, np.inf)
    second = int(others[evidence[others].argmax()])
    margin = float(evidence[best] - evidence[second])
    # What a candidate shows too faintly to be seen does not tell against it.
    unseen = np.array([match.unseen for match in matches])
    less = fitting[others] + np.maximum(unseen[others] - unseen[best], 0)
    if margin >= LEAST_MARGIN > evidence[best] - less.max():
        return Verdict(UNDECIDED, best, int(others[less.argmax()]), margin)
    if margin >= LEAST_MARGIN:
        if sure:
            return Verdict(names[best], best, second, margin)
        # It is a lattice like this one, of some size.
        return Verdict(UNDECIDED, best, None, margin)
    # What explains more, but not all that it must, leaves nothing sure.
    word = UNDECIDED if fits[second] else NONE if margin < -LEAST_MARGIN else UNDECIDED
    return Verdict(word, best, second, margin)


def deciding_distances(
    first: tuple[Match, Reflections], second: tuple[Match, Reflections]
) -> np.ndarray:
    """Return lattice distances in Å of reflections that only one of two should show.

    Strongest first; they are the ones to look for, with a longer exposure or along
    another zone axis.
    """
    alone = []
    for (match, lattice), (other, _) in ((first, second), (second, first)):
        apart = np.linalg.norm(
            match.places[:, None] - other.places[None, other.bright], axis=2
        )
        reach = 0.02 * np.linalg.norm(match.places, axis=1)
        single = match.bright[(apart.min(axis=1, initial=np.inf) > reach)[match.bright]]
        alone += [(match.amplitudes[k], 1 / lattice.lengths[k]) for k in single]
    alone.sort(reverse=True)
    return np.array([distance for _, distance in alone])
