"""What all groups are, at the one scale that they were recorded at."""

from collections.abc import Collection
from dataclasses import replace

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.scale import Scale, at_other_scales, other_scales, scale_without
from hspy_cnmf.phases.verdict import Verdict, verdict_of


def decide(
    spots: GroupSpots,
    matches: list[dict[int, Match]],
    names: list[str],
    scale_uncertainty: float,
) -> tuple[list[Verdict], Scale]:
    """Return what each group is, and what is known of the scale in the end.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    matches : list of dict of Match
        Of each candidate, by the numbers of groups.
    names : list of str
        Of the candidates.
    scale_uncertainty : float
        Standard deviation of the calibration, as a part of the scale.
    """
    before = Scale(0.0, scale_uncertainty)
    first = _verdicts(spots, matches, names, before, before)
    sure = _identified(first, matches)
    refused = at_other_scales(before, list(sure.values()))
    scale = scale_without(before, sure.values(), refused)
    verdicts = _verdicts(spots, matches, names, before, scale, refused)
    kept = _identified(verdicts, matches)
    # What the common scale rules out still speaks against what is left.
    needed = other_scales(before, list((sure | kept).values()))
    verdicts = [
        replace(one, other_scale=needed[one.best]) if one.is_phase else one  # type: ignore[index]
        for one in verdicts
    ]
    return verdicts, scale_without(before, kept.values(), ())


def _verdicts(
    spots: GroupSpots,
    matches: list[dict[int, Match]],
    names: list[str],
    before: Scale,
    scale: Scale,
    refused: Collection[int] = (),
) -> list[Verdict]:
    """Return what each group is where the scale is known."""
    return [
        verdict_of(
            pattern,
            spots.shares[group],
            [some[group] for some in matches if group in some],
            names,
            before,
            scale,
            refused,
        )
        for group, pattern in enumerate(spots.patterns)
    ]


def _identified(
    verdicts: list[Verdict], matches: list[dict[int, Match]]
) -> dict[int, tuple[int, Match]]:
    """Return number of the phase, and its match, of groups that are identified."""
    return {
        group: (one.best, matches[one.best][group])  # type: ignore[misc, index]
        for group, one in enumerate(verdicts)
        if one.is_phase
    }
