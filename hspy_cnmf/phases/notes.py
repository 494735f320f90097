"""What tables of phases say, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hspy_cnmf.phases.calibration import Calibration
from hspy_cnmf.tables import Table


def told_apart(row: np.void) -> str:
    """Return what else a group may be that is not distinguishable, and what tells."""
    at, other = row["deciding"], row["second"]
    names = row.dtype.names or ()  # older ones lack some
    if "distortion" in names and row["distortion"] > 0:
        return (
            f"a like one whose axes are {row['distortion']:.1%} longer or shorter, "
            "told apart by a camera whose elliptical distortion is known"
        )
    if at != "scale":
        return (
            f"{other or 'a like one of a smaller cell'}, told apart by spots at {at} Å"
        )
    is_thin = "wider_excitation_error" in names
    if not other and is_thin and row["wider_excitation_error"] > 0:
        return (
            "a like one, told apart by intensities, which are not those of a thin one"
        )
    return (
        f"{other or 'a like one of another size'}, told apart by a better scale, as it "
        f"fits at one {row['scale_residual']:+.1%} off"
    )


def calibration_notes(parameters: Mapping[str, Any]) -> list[str]:
    """Return in words what was refined, and what still is by the scale of the signal.

    Parameters
    ----------
    parameters : Mapping
        Of an identification; older ones do not tell the phase.
    """
    name = parameters.get("calibrate_from")
    if not name:
        return []
    refined = Calibration(**parameters["calibration"])
    told = refined.summary(name).rstrip(".")
    return [
        told[0].lower() + told[1:],
        "lattice distances of groups are still by the scale of the signal: divide them "
        f"by {refined.factor:.4f}, or multiply that scale by it and group again",
    ]


def scale_notes(table: Table) -> list[str]:
    """Return in words which phases need a scale that nothing else speaks for."""
    needed = dict(zip(table["phase"], table["other_scale"], strict=True))
    return [
        f"{name} fits at a scale {abs(part):.1%} {_size(part)} than calibration or "
        f"other phases give: a phase with a cell {abs(part):.1%} {_size(-part)} fits "
        "as well"
        for name, part in needed.items()
        if abs(part) > 0
    ]


def lattice_notes(table: Table) -> list[str]:
    """Return in words for which phases one that is not in the list may be taken.

    Parameters
    ----------
    table : Table
        Of `group_table`; older ones do not tell.
    """
    notes = []
    if "n_zone_axes" in table.names:
        once = list(dict.fromkeys(table["phase"][table["n_zone_axes"] == 1]))
        if once:
            notes = [
                f"seen along one zone axis only: {', '.join(once)}. A structure with "
                "the same reflections in that plane (of another order, a little "
                "distorted, stacked otherwise) fits as well: list those that may be "
                "there"
            ]
    if "distortion" in table.names:
        parts = dict(zip(table["candidate"], table["distortion"], strict=True))
        notes += [
            f"{name} seems to be distorted, by {part:.1%}: another structure, or an "
            "elliptical distortion of the camera, fits better"
            for name, part in parts.items()
            if part > 0
        ]
    return notes


def excitation_notes(table: Table, likelier: float) -> list[str]:
    """Return in words which crystals are thin, and what to do where all may be.

    Parameters
    ----------
    table : Table
        Of `group_table`; older ones do not tell of single crystals.
    likelier : float
        Excitation error that all groups are likelier by, 0 where they are not.
    """
    notes = []
    if "wider_excitation_error" in table.names:
        wider = table["wider_excitation_error"]
        thin = ", ".join(str(group) for group in table["group"][wider > 0])
        if thin:
            notes = [
                f"as of thin crystals, reflections up to {wider.max():g} 1/Å from the "
                f"Ewald sphere are seen in group {thin}"
            ]
    if likelier:
        notes.append(
            "spots speak for thin crystals or precession: zone axes may be wrong by "
            f"several degrees; try max_excitation_error={likelier:g}, by which names "
            "are less sure"
        )
    return notes


def _size(part: float) -> str:
    return "larger" if part > 0 else "smaller"
