"""Crystals that are one another, tilted: one that is thin, seen as two."""

from orix.crystal_map import Phase

from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.orientation import tilt_and_turn

#: Degrees by which a crystal is tilted, and turned in the plane, whose spots are those
#: of the first further from the Ewald sphere: 0.1 1/Å of it at 0.7 1/Å, and what turns
#: are known to.
_TILTED, _TURNED = 8.0, 1.0


def is_tilted(match: Match, other: Match, phase: Phase) -> bool:
    """Return whether two crystals of a phase differ by nothing but a small tilt.

    Of a thin crystal reflections are seen further from the Ewald sphere than was asked
    for: what they leave unexplained is the same lattice, at the same places as if it
    were tilted.
    """
    tilt, turn = tilt_and_turn(match.matrix, other.matrix, phase)
    return tilt < _TILTED and turn < _TURNED
