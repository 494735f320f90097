"""Whether reflections are seen further from the Ewald sphere, as spots tell."""

from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.verdict import LEAST_MARGIN

#: Excitation error in 1/Å up to which crystals of a few nanometres are seen, or those
#: with precession.
WIDE = 0.1


def likelier_excitation_error(
    spots: GroupSpots,
    candidates: list[Phase],
    matches: list[dict[int, Match]],
    max_excitation_error: float,
    resolution: float,
    scale_uncertainty: float,
) -> float:
    """Return a wider excitation error that the groups are likelier by, or 0.

    It is not taken unasked: wrong candidates, too, explain more by it where the right
    one is missing.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    candidates : list of Phase
        Whole phases.
    matches : list of dict of Match
        How each candidate matches the groups, by their numbers.
    max_excitation_error : float
        By which they do, in 1/Å.
    resolution, scale_uncertainty : float
        As for `identify_phases`.
    """
    if max_excitation_error >= WIDE:
        return 0.0
    settings = WIDE, resolution, scale_uncertainty
    wider = [matches_of(spots, *prepared(spots, one, *settings)) for one in candidates]
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
    gain = 0.0
    for group in groups:
        before, after = _best(than, group), _best(matches, group)
        first, other = than[before][group], matches[after][group]
        if before == after and other.n_explained > first.n_explained:
            gain += other.evidence - max(0.0, first.evidence)
    return gain > LEAST_MARGIN * len(groups)


def _best(matches: list[dict[int, Match]], group: int) -> int:
    """Return which candidate explains a group best."""
    return max(range(len(matches)), key=lambda number: matches[number][group].evidence)
