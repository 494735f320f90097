"""Candidates against the spots of groups, judged with any of them left out."""

from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf.phases.camera_ellipse import without_ellipse
from hspy_cnmf.phases.excitation import WIDE
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.second_crystal import crystals_of
from hspy_cnmf.phases.verdict import NONE, UNDECIDED

#: Arguments of `identify_phases`.
MAX_EXCITATION_ERROR = 0.03
RESOLUTION = 2.0
SCALE_UNCERTAINTY = 0.005

#: Templates and matchers of phases by what they depend on, for all seeds.
TOOLS: dict = {}


def tools_of(spots, phase, excitation=MAX_EXCITATION_ERROR):
    """Return templates and reflections of a phase, simulated once for all seeds."""
    key = phase.name, spots.energy, round(spots.reach[1], 1), excitation
    if key not in TOOLS:
        wider = spots.rescaled(1.02)
        TOOLS[key] = prepared(wider, phase, excitation, RESOLUTION, SCALE_UNCERTAINTY)
    matcher, library = TOOLS[key]
    return replace(matcher, limits=spots.reach), library


@dataclass(frozen=True)
class Matched:
    """How candidates, by their names, match the spots of groups.

    Attributes
    ----------
    spots : GroupSpots
    phases, tools, matches : dict
        Each candidate, what matches it, and the matches.
    wider : dict
        Matches by a wide excitation error, of no candidate where that was asked for.
    """

    spots: GroupSpots
    phases: dict
    tools: dict
    matches: dict
    wider: dict

    @classmethod
    def of(cls, spots, phases, excitation=MAX_EXCITATION_ERROR):
        """Match some phases."""
        tools = {phase.name: tools_of(spots, phase, excitation) for phase in phases}
        matches = {name: matches_of(spots, *each) for name, each in tools.items()}
        wider = {
            phase.name: matches_of(spots, *tools_of(spots, phase, WIDE))
            for phase in phases
            if excitation < WIDE
        }
        named = {phase.name: phase for phase in phases}
        return cls(spots, named, tools, matches, wider)

    def of_groups(self, groups):
        """Return the same of some groups only, numbered anew."""
        spots = self.spots
        kept = {
            name: [getattr(spots, name)[k] for k in groups]
            for name in ("found", "detectors", "shares", "unturned")
        }
        arrays = {name: np.array(kept[name]) for name in ("shares", "unturned")}
        matches, wider = (
            {
                name: {k: of[g] for k, g in enumerate(groups) if g in of}
                for name, of in some.items()
            }
            for some in (self.matches, self.wider)
        )
        spots = replace(spots, **(kept | arrays))
        return replace(self, spots=spots, matches=matches, wider=wider)

    def crystals(self, names):
        """Return the crystals of groups where these are the candidates."""
        phases, tools, matches = (
            [kept[n] for n in names] for kept in (self.phases, self.tools, self.matches)
        )
        wider = [self.wider[n] for n in names] if self.wider else []
        ellipse, spots, matches = without_ellipse(
            self.spots, tools, matches, phases, SCALE_UNCERTAINTY
        )
        if ellipse.is_sure and wider:
            wider = [matches_of(spots, *tools_of(spots, one, WIDE)) for one in phases]
        verdicts, scale = decide(spots, matches, names, SCALE_UNCERTAINTY)
        scales = Scale(0.0, SCALE_UNCERTAINTY), scale
        return crystals_of(spots, tools, matches, phases, verdicts, scales, wider)


def count_verdict(counted, key, verdict, name):
    """Count what a crystal of a structure is called."""
    counted[key] += 1
    counted[f"{key}: right"] += verdict.word == name
    counted[f"{key}: wrong"] += verdict.is_phase and verdict.word != name
    counted[f"{key}: none"] += verdict.word == NONE
    counted[f"{key}: open"] += verdict.word == UNDECIDED
