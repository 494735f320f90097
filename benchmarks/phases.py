"""Phases and orientations of groups, against the truth and single patterns.

``python -m benchmarks.phases`` prints the table; ``--help`` tells what can be left out.
"""

import argparse
import time
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.phases_direct import direct_phases
from benchmarks.phases_matched import MAX_EXCITATION_ERROR, Matched
from benchmarks.phases_scan import DATA, EXCITATION, SCALED, WRONG, Scan
from hspy_cnmf import data
from hspy_cnmf.phases.crystal_map import crystal_map
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.orientation import member_matrix, tilt_and_turn
from hspy_cnmf.phases.verdict import UNDECIDED

#: Share of the counts above which a crystal is there for a single pattern.
_SURELY = 0.3


def run(name, dose, seed, **arguments):
    """Return what is counted for one scan, and the time of the identification."""
    scan = Scan.of(name, dose, seed, **arguments)
    spots = GroupSpots.of(scan.clusters, None, 5.0)
    phases = list(scan.truth.phases)
    others = [data.crystal_phase(other) for other in WRONG]
    scaled = [
        data.crystal_phase(phase.name, factor) for phase in phases for factor in SCALED
    ]
    start = time.process_time()
    excitation = EXCITATION.get(name, MAX_EXCITATION_ERROR)
    matched = Matched.of(spots, phases + others + scaled, excitation)
    seconds = time.process_time() - start
    counts = Counter()
    names = [phase.name for phase in phases]
    everything = names + list(WRONG)
    crystals = matched.crystals(everything)
    _count_groups(counts, scan, spots, crystals, names)
    seconds_there = [
        one for one in crystals[scan.clusters.n_clusters :] if one.verdict.is_phase
    ]
    counts["second"] += len(seconds_there)
    counts["second: there"] += sum(one.verdict.word in names for one in seconds_there)
    hard = [one.verdict for one in matched.crystals(list(matched.matches))]
    for group, true in _true_phases(scan, spots):
        counts["2 %: right"] += hard[group].word == names[true]
        counts["2 %: confidently wrong"] += (
            hard[group].is_phase and hard[group].word != names[true]
        )
    for number, left_out in enumerate(names):
        some = matched.crystals([n for n in everything if n != left_out])
        rest = [one.verdict for one in some]
        for group, true in _true_phases(scan, spots):
            if true == number:
                counts["missing"] += 1
                counts["missing: none of these"] += rest[group].word == "none of these"
                counts["missing: confidently wrong"] += rest[group].is_phase
    told = _told(crystals, dict(_true_phases(scan, spots)), everything)
    counts["undecided: right"] = sum(
        one.verdict.is_phase and not first.verdict.is_phase
        for first, one in zip(crystals[: len(spots.found)], told, strict=False)
    )
    maps = [_map_of(scan, some, phases + others) for some in (crystals, told)]
    _count_single(counts, scan, maps, names, others)
    return counts, seconds


def _told(crystals, true, names):
    """Return crystals with the true phase where it is one of two that are alike."""
    told = []
    for one in crystals:
        verdict, right = one.verdict, true.get(one.group, -1)
        if verdict.word == UNDECIDED and right in (verdict.best, verdict.second):
            one = replace(one, verdict=replace(verdict, word=names[right], best=right))
        told.append(one)
    return told


def _map_of(scan, crystals, phases):
    """Return the crystal map that these verdicts lead to."""
    names = [phase.name for phase in phases]
    words = [one.verdict.word for one in crystals]
    ids = [names.index(word) if word in names else -1 for word in words]
    matrices = [
        np.full((3, 3), np.nan) if one.best is None else one.best.matrix
        for one in crystals
    ]
    groups, parts = zip(*((one.group, one.share) for one in crystals), strict=True)
    values = (np.array(each) for each in (matrices, ids, groups, parts))
    return crystal_map(GroupPhases(scan.clusters, phases, *values))


def _true_phases(scan, spots):
    """Yield crystalline groups of five spots or more, and their phases."""
    labels = np.asarray(scan.clusters.labels.data)
    for group in range(scan.clusters.n_clusters):
        members = scan.members[labels == group]
        ids = {int(scan.truth.phase_ids[k]) for k in members if k >= 0}
        if len(ids) == 1 and len(spots.found[group]) >= 5 and min(ids) >= 0:
            yield group, ids.pop()


def _count_groups(counts, scan, spots, crystals, names):
    """Count right and wrong phases and orientations of groups and components."""
    truth, clusters = scan.truth, scan.clusters
    labels, turns = (
        np.asarray(s.data) for s in (clusters.labels, clusters.member_rotation)
    )
    counts["components unclear"] += int((scan.members < 0).sum())
    for group in range(clusters.n_clusters):
        members = scan.members[labels == group]
        if len(members) and all(k >= 0 and truth.phase_ids[k] < 0 for k in members):
            counts["amorphous"] += 1
            counts["amorphous: right"] += crystals[group].verdict.word == "amorphous"
    for group, true in _true_phases(scan, spots):
        verdict = crystals[group].verdict
        counts["groups"] += 1
        counts["right"] += verdict.word == names[true]
        counts["confidently wrong"] += verdict.is_phase and verdict.word != names[true]
        counts["not distinguishable"] += verdict.word == "not distinguishable"
        if verdict.word != names[true]:
            continue
        for k in np.flatnonzero(labels == group):
            if scan.members[k] < 0:
                continue
            matrix = member_matrix(crystals[group].best.matrix, turns[k])
            tilt, turn = tilt_and_turn(
                matrix, truth.matrices[scan.members[k]], truth.phases[true]
            )
            counts["oriented"] += 1
            counts["zone axis within 3"] += tilt < 3
            counts["in-plane within 0.5"] += turn < 0.5


def _count_single(counts, scan, maps, names, others):
    """Count what template matching of single patterns, and the crystal maps, say.

    The second map has the true phases of groups that may be one of two.
    """
    shares = scan.truth.loadings.data / scan.truth.loadings.data.sum(axis=0)
    crystal = scan.truth.phase_ids >= 0
    layered = (shares[crystal] > _SURELY).sum(axis=0)
    places = [
        np.unravel_index(one.argmax(), one.shape) for one in shares[crystal]
    ] + list(map(tuple, np.argwhere(layered >= 2)[:8]))
    stack = scan.signal.deepcopy()
    if scan.mask is not None:
        stack.data[..., scan.mask.data] = 0
    direct = direct_phases(stack, places, (*names, *(p.name for p in others)))
    in_map, in_told = (_mapped_crystals(scan, mapped) for mapped in maps)
    for place, word in zip(places, direct, strict=True):
        there = np.flatnonzero((shares[(slice(None), *place)] > _SURELY) & crystal)
        phases = [names[scan.truth.phase_ids[k]] for k in there]
        if not phases:
            continue
        at = np.ravel_multi_index(place, shares.shape[1:])
        crystals = [(k, scan.truth.phase_ids[k]) for k in there]
        found = [one in in_map[at] for one in crystals]
        open_still = all(one in in_told[at] for one in crystals) and not all(found)
        key = "single" if len(there) == 1 else "overlap"
        counts[key] += 1
        counts[f"{key}: direct finds one"] += word in phases
        counts[f"{key}: all in map"] += all(found)
        counts[f"{key}: all in map where direct finds one"] += (
            all(found) and word in phases
        )
        counts[f"{key}: undecided where direct finds one"] += (
            open_still and word in phases
        )


def _mapped_crystals(scan, mapped):
    """Return at each position the pairs of true component and phase in the map."""
    true_of = dict(zip(scan.clusters.components.indices, scan.members, strict=True))
    layers = zip(
        mapped.prop["component"],
        mapped.phase_id,
        mapped.prop["component_2"],
        mapped.prop["phase_id_2"],
        strict=True,
    )
    return [
        {(true_of.get(first, -1), phase), (true_of.get(second, -1), other)}
        for first, phase, second, other in layers
    ]


def _ratio(counts, key, of):
    return f"{counts[key]}/{counts[of]}"


COLUMNS = (
    ("right", "right", "groups"),
    ("confidently wrong", "confidently wrong", "groups"),
    ("not distinguishable, the right one of two", "undecided: right", "groups"),
    ("amorphous", "amorphous: right", "amorphous"),
    ("second crystals that are there", "second: there", "second"),
    ("zone axis < 3°", "zone axis within 3", "oriented"),
    ("in plane < 0.5°", "in-plane within 0.5", "oriented"),
    ("right, 2 % off beside", "2 %: right", "groups"),
    ("wrong, 2 % off beside", "2 %: confidently wrong", "groups"),
    ("right one missing: none", "missing: none of these", "missing"),
    ("right one missing: wrong", "missing: confidently wrong", "missing"),
    ("single: direct", "single: direct finds one", "single"),
    ("single: in map", "single: all in map", "single"),
    ("overlap: direct finds one", "overlap: direct finds one", "overlap"),
    (
        "overlap: map has both of these",
        "overlap: all in map where direct finds one",
        "overlap: direct finds one",
    ),
    (
        "overlap: not distinguishable, of these",
        "overlap: undecided where direct finds one",
        "overlap: direct finds one",
    ),
)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    parser.add_argument("--doses", nargs="*", type=float, default=[300, 3e3, 1e4])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--scale-error", type=float, default=0.003)
    parser.add_argument("--distortion", type=float, default=0.0)
    parser.add_argument("--tilt-spread", type=float, default=None)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{arguments.seeds} seeds from {arguments.first_seed}, scale wrong by "
        f"{arguments.scale_error:.1%} either way, "
        f"distortion {arguments.distortion:.1%}\n"
    )
    head = ["data", "dose", *(title for title, *_ in COLUMNS), "unclear", "time"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    more = {"distortion": arguments.distortion} if arguments.distortion else {}
    first = arguments.first_seed
    if arguments.tilt_spread is not None:
        more["tilt_spread"] = arguments.tilt_spread
    for name in arguments.data:
        for dose in arguments.doses:
            total, seconds = Counter(), []
            for seed in range(first, first + arguments.seeds):
                error = arguments.scale_error * (-1) ** seed
                counts, spent = run(name, dose, seed, scale_error=error, **more)
                total += counts
                seconds.append(spent)
            cells = [_ratio(total, key, of) for _, key, of in COLUMNS]
            cells += [str(total["components unclear"]), f"{np.median(seconds):.0f} s"]
            print("| " + " | ".join([name, f"{dose:g}", *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
