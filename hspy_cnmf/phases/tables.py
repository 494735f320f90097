"""Tables of what was found out about phases."""

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.coarser_lattice import unshown_distances
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match, n_distances
from hspy_cnmf.phases.matching import ring_score
from hspy_cnmf.phases.orientation import zone_axis
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.verdict import UNDECIDED, deciding_distances
from hspy_cnmf.tables import Table

#: Deciding distances that are named.
_N_DECIDING = 3

#: Part of a radius by which a ring may be off.
_RING_TOLERANCE = 0.01


def candidate_table(
    patterns: list[SpotPattern],
    matches: list[dict[int, Match]],
    reflections: list[Reflections],
    phases: list[Phase],
) -> Table:
    """Return how each candidate explains each group that has spots.

    Returns
    -------
    Table
        ``group``, ``phase``; ``evidence``, the logarithm of how much likelier the
        spots are than if strewn at random; then as in `group_table`.
    """
    rows = [
        {"group": group, "phase": phase.name}
        | {"evidence": some[group].evidence}
        | _measures(patterns[group], some[group], lattice, phase)
        for group in range(len(patterns))
        for some, lattice, phase in zip(matches, reflections, phases, strict=True)
        if group in some
    ]
    return _table(
        rows, {"group": 0, "phase": "", "evidence": 0.0} | _nothing(np.zeros(0))
    )


def group_table(
    crystals: list[Crystal],
    reflections: list[Reflections],
    phases: list[Phase],
    errors: list[tuple[float, float]],
) -> Table:
    """Return what each group is.

    Parameters
    ----------
    crystals : list of Crystal
        One of each group, then second ones.
    reflections : list of Reflections
        Of each candidate.
    phases : list of Phase
        The candidates.
    errors : list of tuple of float
        Of the tilt and the turn of each crystal.

    Returns
    -------
    Table
        One row for each group, in order, then one for each second crystal of a group:

        crystal, part
            1, or 2 for the second crystal of a group, which explains what the first
            does not, or is "none of these" where no candidate does; and its part of
            what is in the spots of one of them.
        group, phase
            Name of the phase, or "none of these", "not distinguishable", "amorphous",
            "too few spots". The rest is of the candidate that explains most.
        candidate, second
            Names of the candidates with the most evidence.
        margin
            By how much the logarithm of the evidence is higher than the second's.
        deciding
            Where two are not distinguishable, lattice distances in Å of the strongest
            spots that only one of them should show; "scale" where all are the same, and
            a better calibration would tell. Without a ``second``, those that only the
            candidate shows, and no structure with a smaller cell and all of the spots.
        other_scale
            Of a phase: part by which its spots lie further out than by the calibration
            or the scale of the other phases, where errors do not account for it; 0
            where they do. A phase that is not in the list, with a cell that much
            smaller, fits as well.
        distortion
            Part by which axes of the candidate's lattice seem to be off against each
            other, by all of its crystals or surely by this one, where that leaves it
            not distinguishable; 0 of a phase. A slightly distorted structure that is
            not in the list, or an ellipse of the camera that is not known, fits better.
        wider_excitation_error
            Up to which reflections of a thin crystal are seen, in 1/Å, where that is
            further than was asked for, else 0; see
            `hspy_cnmf.phases.excitation.seen_further`.
        zone_axis, off_axis
            Lattice direction nearest to the beam, and its angle to it in degrees.
        n_zone_axes
            Of a phase: along how many zone axes its crystals are seen, 0 of no phase.
            Where it is one, a structure that is not in the list and has the same
            reflections in that plane fits as well.
        tilt_error, turn_error
            In degrees, root mean square of the angle by which the crystal may be tilted
            otherwise, and standard deviation of its turn about the beam, if it is the
            candidate; see `hspy_cnmf.phases.orientation_error`.
        correlation
            Of amplitudes of spots and of what is simulated, in [0, 1].
        ring_score
            1 where all distances are the candidate's, 0 where as many as by chance.
        n_spots, n_explained
            Spots found, and those that are reflections.
        distances_found, distances_expected, distances_missing, distances_unexplained
            Numbers of different lattice distances.
        scale_residual, scale_error
            Part by which spots lie further out than the candidate's reflections, and
            its standard deviation from the errors of spots.
    """
    rows = []
    groups: set[int] = set()
    for crystal, (tilt, turn) in zip(crystals, errors, strict=True):
        group, verdict = crystal.group, crystal.verdict
        row = {"group": group, "phase": verdict.word, "candidate": "", "second": ""}
        row |= {"crystal": 1 + (group in groups), "part": crystal.share}
        row |= {"margin": verdict.margin, "deciding": ""}
        row["other_scale"] = verdict.other_scale if verdict.is_phase else np.nan
        is_known = verdict.is_phase or verdict.distortion > 0
        row["distortion"] = verdict.distortion if is_known else np.nan
        row["wider_excitation_error"] = crystal.wider
        row |= {"tilt_error": tilt, "turn_error": turn}
        row |= _nothing(crystal.pattern.radii)
        if crystal.best is not None:
            lattice, phase = reflections[verdict.best], phases[verdict.best]  # type: ignore[index]
            row |= _measures(crystal.pattern, crystal.best, lattice, phase)
            row["candidate"] = phase.name
        if verdict.second is not None:
            row["second"] = phases[verdict.second].name
        if verdict.word == UNDECIDED:
            row["deciding"] = _deciding(crystal, reflections)
        rows.append(row)
        groups.add(group)
    return _table(_with_zone_axes(rows, [phase.name for phase in phases]))


def _with_zone_axes(rows: list[dict], names: list[str]) -> list[dict]:
    """Return rows with the numbers of zone axes along which their phases are seen."""
    axes = {
        name: {row["zone_axis"] for row in rows if row["phase"] == name}
        for name in names
    }
    return [row | {"n_zone_axes": len(axes.get(row["phase"], ()))} for row in rows]


def _deciding(crystal: Crystal, reflections: list[Reflections]) -> str:
    """Return the lattice distances that would tell two candidates apart, or "scale"."""
    best, second = crystal.verdict.best, crystal.verdict.second
    distances = np.zeros(0)
    if best is not None and second is None:
        distances = unshown_distances(crystal.matches[best], reflections[best])
    elif best is not None:
        pair = [(crystal.matches[k], reflections[k]) for k in (best, second)]  # type: ignore[index]
        distances = deciding_distances(*pair)
    return ", ".join(f"{one:.3f}" for one in distances[:_N_DECIDING]) or "scale"


def _measures(
    pattern: SpotPattern, match: Match, lattice: Reflections, phase: Phase
) -> dict:
    """Return the columns that tell how a candidate explains a group."""
    uvw, angle = zone_axis(match.matrix, phase)
    explained = match.reflection >= 0
    lengths = lattice.lengths
    return {
        "zone_axis": "[" + " ".join(map(str, uvw)) + "]",
        "off_axis": angle,
        "correlation": match.correlation,
        "ring_score": ring_score(
            pattern.radii, pattern.amplitudes, lengths, _RING_TOLERANCE
        ),
        "n_spots": len(pattern),
        "n_explained": int(explained.sum()),
        "distances_found": n_distances(lengths[match.reflection[explained]]),
        "distances_expected": n_distances(lengths[match.expected]),
        "distances_missing": n_distances(
            np.setdiff1d(lengths[match.missing], lengths[match.reflection[explained]])
        ),
        "distances_unexplained": n_distances(pattern.radii[~explained]),
        "scale_residual": match.scale_residual,
        "scale_error": match.scale_error,
    }


def _nothing(radii: np.ndarray) -> dict:
    """Return the same columns where no candidate explains a group."""
    return {
        "zone_axis": "",
        "off_axis": np.nan,
        "correlation": np.nan,
        "ring_score": np.nan,
        "n_spots": len(radii),
        "n_explained": 0,
        "distances_found": 0,
        "distances_expected": 0,
        "distances_missing": 0,
        "distances_unexplained": n_distances(radii),
        "scale_residual": np.nan,
        "scale_error": np.nan,
    }


def _table(rows: list[dict], columns: dict | None = None) -> Table:
    """Return rows as a table; `columns` tells the kinds where there are no rows."""
    if not rows:
        return Table.from_columns(
            **{name: np.array([value])[:0] for name, value in columns.items()}  # type: ignore[union-attr]
        )
    return Table.from_columns(**{name: [row[name] for row in rows] for name in rows[0]})
