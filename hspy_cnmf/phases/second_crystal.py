"""Second crystals in patterns of groups: what explains the spots that the first leaves.

A factorisation cannot part crystals that are at the same positions, nor a clustering.
"""

from dataclasses import replace

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.coarser_lattice import as_shown, is_ordered
from hspy_cnmf.phases.crystal import LEAST_EVIDENCE, Claim, Crystal
from hspy_cnmf.phases.distortion import as_undistorted
from hspy_cnmf.phases.excitation import seen_further
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import fits_of
from hspy_cnmf.phases.one_scale import at_one_scale
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.spot_matching import SpotMatcher
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.template_matching import TemplateLibrary
from hspy_cnmf.phases.tilted_crystals import is_tilted
from hspy_cnmf.phases.verdict import (
    EVIDENCE_BESIDE_OTHERS,
    FEWEST_SPOTS,
    NONE,
    Verdict,
    verdict_of,
)


def crystals_of(
    spots: GroupSpots,
    tools: list[tuple[SpotMatcher, TemplateLibrary]],
    matches: list[dict[int, Match]],
    phases: list[Phase],
    verdicts: list[Verdict],
    scales: tuple[Scale, Scale],
    wider: list[dict[int, Match]],
) -> list[Crystal]:
    """Return the crystals of all groups: one of each, then second ones.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    tools : list of (SpotMatcher, TemplateLibrary)
        Of each candidate.
    matches : list of dict of Match
        Of each candidate, by the numbers of groups.
    phases : list of Phase
        The candidates.
    verdicts : list of Verdict
        Of each group as if it were one crystal.
    scales : tuple of Scale
        What was known of the scale where the matches were found, and now.
    wider : list of dict of Match
        Of each candidate by a wide excitation error; see
        `hspy_cnmf.phases.excitation.Wider`.

    Notes
    -----
    Matching pursuit: candidates are matched with the spots that the best one does not
    explain, where these are not hidden by those that it does. Spots between a
    reflection of each, too near to be told apart, are neither's. If one is found, as
    surely as the phase of a group and by more than chance, all are matched with the
    spots that this one does not explain; and there must be one again. So each of two is
    judged on all spots that the other does not explain, those of neither included. If
    there are not two, and no thin crystal either, a candidate that is there beyond
    doubt is one, and what it does not explain is none of the candidates.
    """
    patterns, names = dict(enumerate(spots.patterns)), [one.name for one in phases]
    firsts = {
        group: Crystal(
            group,
            np.arange(len(pattern)),
            pattern,
            [some[group] for some in matches if group in some],
            verdicts[group],
        )
        for group, pattern in patterns.items()
    }
    settings = spots, tools, names, scales
    led = {k: one.claimed(_leading(one, scales)) for k, one in firsts.items()}
    seconds = _beside(led, *settings)
    own = {k: one.claimed(one.best) for k, one in seconds.items()}
    pairs = {k: (one, seconds[k]) for k, one in _beside(own, *settings).items()}
    pairs |= _seen_as_one(firsts, pairs)
    alone = {k: one for k, one in firsts.items() if k not in pairs}
    alone |= seen_further(spots, alone, matches, wider, names, scales[0])
    firsts |= alone
    pairs |= _with_unexplained(alone, led, *settings)
    firsts, pairs = _at_one_scale(firsts, pairs, names, scales[0])
    shared = {k: _with_shares(patterns[k], pair) for k, pair in pairs.items()}
    firsts |= {group: first for group, (first, _) in shared.items()}
    crystals = [*firsts.values(), *(shared[group][1] for group in sorted(shared))]
    crystals = without_tilted_ones(crystals, len(firsts), phases)
    crystals = as_undistorted(crystals, spots.unturned, scales[0].deviation)
    return as_shown(crystals, [matcher.reflections for matcher, _ in tools])


def without_tilted_ones(
    crystals: list[Crystal], n_groups: int, phases: list[Phase]
) -> list[Crystal]:
    """Return crystals without second ones that are the first, tilted by a little.

    Parameters
    ----------
    crystals : list of Crystal
        One of each group, then second ones.
    n_groups : int
    phases : list of Phase
        Candidates.
    """
    kept = crystals[:n_groups]
    for second in crystals[n_groups:]:
        first, number = kept[second.group], second.verdict.best
        is_same = number is not None and number == first.verdict.best
        if is_same and is_tilted(first.best, second.best, phases[number]):  # type: ignore[arg-type, index]
            kept[second.group] = replace(first, share=1.0)
        else:
            kept.append(second)
    return kept


def _seen_as_one(
    firsts: dict[int, Crystal], pairs: dict[int, tuple[Crystal, Crystal]]
) -> dict[int, tuple[Crystal, Crystal]]:
    """Return pairs of which neither is known, the first as it is known alone.

    What the second hides is not known, then: all spots speak for and against the first.
    """
    return {
        group: (firsts[group], second)
        for group, (first, second) in pairs.items()
        if firsts[group].verdict.is_phase
        and not (first.verdict.is_phase or second.verdict.is_phase)
    }


def _with_unexplained(
    alone: dict[int, Crystal],
    led: dict[int, Claim],
    spots: GroupSpots,
    *settings,
) -> dict[int, tuple[Crystal, Crystal]]:
    """Return crystals that are there beside what no candidate is, each with the latter.

    Judged on what it explains, each must be there as surely as one of two. What it
    explains was chosen for that: on all spots it must have more evidence.
    """
    rests = {
        group: np.setdiff1d(one.indices, led[group][0])
        for group, one in alone.items()
        if one.verdict.word == NONE
    }
    patterns, found = spots.patterns, {}
    claims = {group: (rest, rest[:0]) for group, rest in rests.items()}
    for group, one in _beside(claims, spots, *settings).items():
        number = one.verdict.best
        on_all = alone[group].matches[number]  # type: ignore[index]
        if not one.verdict.is_phase or on_all.evidence < EVIDENCE_BESIDE_OTHERS:
            continue
        lattice = settings[0][number][0].reflections
        if not is_ordered(patterns[group], on_all, lattice):
            rest = patterns[group][rests[group]]
            nothing = Crystal(group, rests[group], rest, [], Verdict(NONE))
            found[group] = one, nothing
    return found


def _at_one_scale(
    firsts: dict[int, Crystal],
    pairs: dict[int, tuple[Crystal, Crystal]],
    names: list[str],
    before: Scale,
) -> tuple[dict[int, Crystal], dict[int, tuple[Crystal, Crystal]]]:
    """Return crystals, and pairs that are there, at the scale of all together."""
    alone = [one for group, one in firsts.items() if group not in pairs]
    both = [one for pair in pairs.values() for one in pair]
    judged = at_one_scale([*alone, *both], names, before)
    firsts = firsts | {one.group: one for one in judged[: len(alone)]}
    again = iter(judged[len(alone) :])
    there = {
        group: (first, second)
        for group, first, second in zip(pairs, again, again, strict=False)
        if all(one.is_there for one in (first, second) if one.matches)
    }
    return firsts, there


def _with_shares(
    pattern: SpotPattern, pair: tuple[Crystal, Crystal]
) -> tuple[Crystal, Crystal]:
    """Return two crystals with their parts of what is in the spots of one of them."""
    first, second = (set(one.own) for one in pair)
    parts = [
        float((pattern.amplitudes[list(own)] ** 2).sum())
        for own in (first - second, second - first)
    ]
    one, other = (
        replace(crystal, share=part / sum(parts))
        for crystal, part in zip(pair, parts, strict=True)
    )
    return one, other


def _leading(crystal: Crystal, scales: tuple[Scale, Scale]) -> Match | None:
    """Return the match of the candidate that explains a group best, if any."""
    if crystal.best is not None or not crystal.matches:
        return crystal.best
    before, now = scales
    return max(crystal.matches, key=lambda match: now.evidence(match, before))


def _beside(
    claims: dict[int, Claim],
    spots: GroupSpots,
    tools: list[tuple[SpotMatcher, TemplateLibrary]],
    names: list[str],
    scales: tuple[Scale, Scale],
) -> dict[int, Crystal]:
    """Return crystals that are surely there beside what explains some spots.

    Spots into which something else may be merged count where a crystal explains them,
    which is there by more than chance.
    """
    rests = _without({k: explained for k, (explained, _) in claims.items()}, spots)
    matches = _matched(rests, tools)
    for_no_one = {}
    for group, found in matches.items():
        best = max(found, key=lambda match: match.evidence)
        explained, merged = claims[group]
        others = best.reflection < 0 if best.evidence > LEAST_EVIDENCE else slice(None)
        away = np.intersect1d(rests[group][0][others], merged)
        if len(away):
            for_no_one[group] = np.union1d(explained, away)
    fewer = _without(for_no_one, spots)
    rests |= fewer
    matches |= _matched(fewer, tools)
    crystals = {}
    for group, (left, rest) in rests.items():
        verdict = verdict_of(rest, 1.0, matches[group], names, *scales)
        away = np.setdiff1d(claims[group][1], left)
        one = Crystal(group, left, rest, matches[group], verdict, merged=away)
        if one.is_there:
            crystals[group] = one
    return crystals


def _without(
    taken: dict[int, np.ndarray], spots: GroupSpots
) -> dict[int, tuple[np.ndarray, SpotPattern]]:
    """Return the other spots of groups, by number, and as enough to make a crystal."""
    rests = {}
    for group, some in taken.items():
        pattern = spots.patterns[group]
        left = np.setdiff1d(np.arange(len(pattern)), some)
        rest = pattern[left]
        if len(some) and len(left) >= FEWEST_SPOTS and rest.spans_plane:
            seen = rest.detector.without(spots.found[group][some])
            rests[group] = left, replace(rest, detector=seen)
    return rests


def _matched(
    rests: dict[int, tuple[np.ndarray, SpotPattern]],
    tools: list[tuple[SpotMatcher, TemplateLibrary]],
) -> dict[int, list[Match]]:
    """Return how each candidate explains the spots that are left of groups."""
    fits = [fits_of([rest for _, rest in rests.values()], *each) for each in tools]
    return {
        k: list(some) for k, some in zip(rests, zip(*fits, strict=True), strict=True)
    }
