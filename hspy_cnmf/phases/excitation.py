"""Whether reflections are seen further from the Ewald sphere, as spots tell."""

from dataclasses import dataclass, field, replace

from orix.crystal_map import Phase

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.spot_matching import SpotMatcher
from hspy_cnmf.phases.template_matching import TemplateLibrary
from hspy_cnmf.phases.verdict import LEAST_MARGIN, NONE, UNDECIDED, Verdict

#: Excitation error in 1/Å up to which crystals of a few nanometres are seen, or those
#: with precession.
WIDE = 0.1

#: Correlation of amplitudes from which on those of a thin crystal are a candidate's: of
#: simulated crystals with other structures of like cells nearly all are below. Shape
#: factors other than diffsims' leave 0.97 to 0.99, seldom 0.9.
_SAME_STRUCTURE = 0.965


@dataclass(frozen=True)
class Wider:
    """How candidates match groups by `WIDE`, where that may tell something.

    Attributes
    ----------
    tools : list of (SpotMatcher, TemplateLibrary)
        Of each candidate; empty where no group may be seen further.
    matches : list of dict of Match
        Of each candidate, by the numbers of groups.
    """

    tools: list[tuple[SpotMatcher, TemplateLibrary]] = field(default_factory=list)
    matches: list[dict[int, Match]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        spots: GroupSpots,
        matches: list[dict[int, Match]],
        candidates: list[Phase],
        *settings: float,
    ) -> "Wider":
        """Match groups that have spots that no match by the error asked for explains.

        Parameters
        ----------
        spots : GroupSpots
            Spots of all groups.
        matches : list of dict of Match
            Of each candidate, by the error asked for.
        candidates : list of Phase
            Whole phases.
        *settings : float
            ``max_excitation_error``, ``resolution`` and ``scale_uncertainty`` of
            `identify_phases`.
        """
        asked, *others = settings
        if asked >= WIDE:
            return cls()
        groups = [
            group
            for group in matches[0]
            if matches[_best(matches, group)][group].n_explained
            < len(spots.patterns[group])
        ]
        if not groups:
            return cls()
        tools = [prepared(spots, one, WIDE, *others) for one in candidates]
        return cls(tools, [matches_of(spots, *each, groups) for each in tools])


def likelier_excitation_error(
    matches: list[dict[int, Match]], wider: list[dict[int, Match]]
) -> float:
    """Return the wide excitation error if all groups are likelier by it, or 0.

    It is not taken unasked: wrong candidates, too, explain more by it where the right
    one is missing.

    Parameters
    ----------
    matches : list of dict of Match
        How each candidate matches the groups, by their numbers.
    wider : list of dict of Match
        How it does by `WIDE`, of groups where that may tell something; see `Wider`.
    """
    return WIDE if is_likelier(wider, matches) else 0.0


def is_likelier(matches: list[dict[int, Match]], than: list[dict[int, Match]]) -> bool:
    """Return whether all groups together are surely likelier by some matches.

    Crystals of one scan are about as thick: one excitation error holds for all. So it
    is another where, on average, groups tell it from the first as surely as they must
    tell one candidate from another. Only spots that the first leaves tell it: a crystal
    that may be tilted further fits distorted patterns better, too, but wrongly. And
    only groups that stay the same candidate do: a larger cell, of which more is seen,
    takes the spots of two crystals for its own.
    """
    groups = sorted({group for some in than for group in some})
    gains = [_gain(matches, than, group) for group in groups]
    return sum(gains) > LEAST_MARGIN * len(groups)


def seen_further(
    spots: GroupSpots,
    crystals: dict[int, Crystal],
    matches: list[dict[int, Match]],
    wider: list[dict[int, Match]],
    names: list[str],
    before: Scale,
) -> dict[int, Crystal]:
    """Return crystals that are none of the candidates, but thin, as one of them.

    Of a thin crystal reflections are seen further from the Ewald sphere than was asked
    for. The candidate that explains most before must be the one that does so then, be
    surely likelier, as for `is_likelier`, and by all the rules be the phase of all
    spots, those included that must be seen then. As seen that far, a lattice fits any
    crystal of a like one, with cells less than a per cent apart: intensities, which of
    thin crystals are nearly kinematic, must be those of the candidate, too. Else it is
    not told from one of another structure and a cell of nearly that size.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    crystals : dict of Crystal
        The only ones of their groups.
    matches, wider : list of dict of Match
        As for `likelier_excitation_error`.
    names : list of str
        Of the candidates.
    before : Scale
        What was known of the scale where the matches were found.
    """
    doubtful = [k for k, one in crystals.items() if one.verdict.word == NONE]
    thin = [k for k in doubtful if _gain(wider, matches, k) > LEAST_MARGIN]
    if not thin:
        return {}
    both = [
        some | {group: further[group] for group in thin}
        for some, further in zip(matches, wider, strict=True)
    ]
    verdicts, _ = decide(spots, both, names, before.deviation)
    return {
        group: replace(
            crystals[group],
            matches=[some[group] for some in both],
            verdict=by_intensities(verdicts[group], [some[group] for some in both]),
            wider=WIDE,
        )
        for group in thin
        if verdicts[group].is_phase
    }


def by_intensities(verdict: Verdict, matches: list[Match]) -> Verdict:
    """Return the verdict on a thin crystal, open where intensities are another's."""
    match = matches[verdict.best]  # type: ignore[index]
    # Of the spots that it explains: what it does not has been judged.
    if match.correlation >= _SAME_STRUCTURE * match.strength**0.5:
        return verdict
    return replace(verdict, word=UNDECIDED, second=None)


def _gain(
    matches: list[dict[int, Match]], than: list[dict[int, Match]], group: int
) -> float:
    """Return by how much evidence a group gains, 0 where it must not count."""
    if not matches or group not in matches[0]:
        return 0.0
    before, after = _best(than, group), _best(matches, group)
    first, other = than[before][group], matches[after][group]
    if before != after or other.n_explained <= first.n_explained:
        return 0.0
    return other.evidence - max(0.0, first.evidence)


def _best(matches: list[dict[int, Match]], group: int) -> int:
    """Return which candidate explains a group best."""
    return max(range(len(matches)), key=lambda number: matches[number][group].evidence)
