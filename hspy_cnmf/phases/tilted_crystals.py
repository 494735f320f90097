"""Second crystals that are the first, whose spots are far from the Ewald sphere."""

from dataclasses import replace

from orix.crystal_map import Phase

from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.second_crystal import Crystal

#: Degrees by which a crystal is tilted, and turned in the plane, whose spots are those
#: of the first further from the Ewald sphere: 0.1 1/Å of it at 0.7 1/Å, and what turns
#: are known to.
_TILTED, _TURNED = 8.0, 1.0


def without_tilted_ones(
    crystals: list[Crystal], n_groups: int, phases: list[Phase]
) -> list[Crystal]:
    """Return crystals without second ones that are the first, tilted by a little.

    Of a thin crystal reflections are seen further from the Ewald sphere than was asked
    for: what they leave unexplained is the same lattice, at the same places as if it
    were tilted.

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
        first = kept[second.group]
        if _is_tilted(first, second, phases):
            kept[second.group] = replace(first, share=1.0)
        else:
            kept.append(second)
    return kept


def _is_tilted(first: Crystal, second: Crystal, phases: list[Phase]) -> bool:
    """Return whether two crystals of a phase differ by nothing but a small tilt."""
    if first.best is None or second.best is None:
        return False
    if first.verdict.best != second.verdict.best:
        return False
    phase = phases[first.verdict.best]  # type: ignore[index]
    tilt, turn = tilt_and_turn(first.best.matrix, second.best.matrix, phase)
    return tilt < _TILTED and turn < _TURNED
