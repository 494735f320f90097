"""How far from the Ewald sphere reflections are seen, as spots of all groups tell."""

from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.spot_matching import SpotMatcher
from hspy_cnmf.phases.template_matching import TemplateLibrary
from hspy_cnmf.phases.verdict import LEAST_MARGIN

#: Largest excitation errors in 1/Å of crystals of tens of nanometres, and of those of a
#: few, of precession, or of many spots that are faint but seen.
EXCITATION_ERRORS = 0.03, 0.1


def matched(
    spots: GroupSpots,
    candidates: list[Phase],
    max_excitation_error: float | None,
    resolution: float,
    scale_uncertainty: float,
) -> tuple[float, list[tuple[SpotMatcher, TemplateLibrary]], list[dict[int, Match]]]:
    """Return how candidates match groups, and the excitation error at which they do.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    candidates : list of Phase
        Whole phases.
    max_excitation_error : float or None
        In 1/Å. None: of `EXCITATION_ERRORS` the first, unless the spots are likelier by
        another; see `is_likelier`.
    resolution, scale_uncertainty : float
        As for `identify_phases`.

    Returns
    -------
    max_excitation_error : float
    tools : list of (SpotMatcher, TemplateLibrary)
        Of each candidate.
    matches : list of dict of Match
        Of each candidate, by the numbers of groups.
    """
    narrow, *wider = (
        EXCITATION_ERRORS if max_excitation_error is None else [max_excitation_error]
    )
    found = _matched(spots, candidates, narrow, resolution, scale_uncertainty)
    for error in wider:
        other = _matched(spots, candidates, error, resolution, scale_uncertainty)
        if is_likelier(other[2], found[2]):
            found = other
    return found


def _matched(
    spots: GroupSpots,
    candidates: list[Phase],
    error: float,
    resolution: float,
    scale_uncertainty: float,
) -> tuple[float, list[tuple[SpotMatcher, TemplateLibrary]], list[dict[int, Match]]]:
    """Return the same at one excitation error."""
    tools = [
        prepared(spots, one, error, resolution, scale_uncertainty) for one in candidates
    ]
    return error, tools, [matches_of(spots, *each) for each in tools]


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
