"""Phases of single patterns that another simulation makes, of 32 structures.

``python -m benchmarks.phases_elsewhere`` prints a row for each scan, and their sum;
``--scans``, ``--seeds`` and ``--per-structure`` take some only, ``--ellipse`` distorts
all patterns. Each pattern is of one crystal, turned at random
(`benchmarks.phases_sums`). Then each structure is left out of the candidates: what its
patterns are called is counted apart where one is listed that differs by order, by a
slight distortion or by stacking alone.
"""

import argparse
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.phases_direct import best_templates, templates_of
from benchmarks.phases_like import FEWEST
from benchmarks.phases_matched import TOOLS, Matched, count_verdict
from benchmarks.phases_mixed import print_table
from benchmarks.phases_structures import LIKE, SCANS, whole_phase
from benchmarks.phases_sums import simulated
from hspy_cnmf import cluster_diffraction
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.orientation import tilt_and_turn

#: Above so many operations of the Laue group pyxem's templates are 2° apart, else 4°.
_HIGH = 8


def run(name, seed, per_structure=None, ellipse=0.0):
    """Return what is counted in one scan."""
    scan = replace(SCANS[name], ellipse=ellipse)
    if per_structure:
        scan = replace(scan, per_structure=per_structure)
    TOOLS.clear()
    signal, truth = simulated(name, scan, seed)
    phases = [whole_phase(each) for each in scan.candidates]
    clusters = cluster_diffraction(signal, distance_threshold=1e-6, print_info=False)
    matched = Matched.of(GroupSpots.of(clusters, None, 5.0), phases)
    direct = _by_pyxem(signal, phases, scan) or [None] * len(truth)
    # Each pattern is a group of its own, in another order.
    groups = np.asarray(clusters.labels.data).tolist()
    shown = [
        (group, *true, word)
        for group, true, word in zip(groups, truth, direct, strict=True)
        if len(matched.spots.found[group]) >= FEWEST
    ]
    counted = _with_all(matched, shown, scan)
    for left_out in scan.true:
        counted += _without(matched, shown, scan, left_out)
    return counted


def _by_pyxem(signal, phases, scan):
    """Return what pyxem's template matching calls patterns, None if it fails."""
    steps = [2.0 if phase.point_group.laue.size > _HIGH else 4.0 for phase in phases]
    try:
        simulation = templates_of(phases, float(scan.energy), scan.reach, steps)
        numbers = best_templates(signal.data, signal, simulation, scan.reach)
    except ValueError:  # a template without a spot
        return None
    return [phases[k].name for k in numbers]


def _with_all(matched, shown, scan):
    """Return what is counted where all candidates are listed."""
    counted = Counter()
    crystals = matched.crystals(scan.candidates)
    for group, name, matrix, direct in shown:
        found = crystals[group]
        right = found.verdict.word == name
        count_verdict(counted, "all", found.verdict, name)
        if LIKE.get(name) in scan.candidates:
            count_verdict(counted, "like", found.verdict, name)
        if right:
            tilt, _ = tilt_and_turn(found.best.matrix, matrix, matched.phases[name])
            counted["tilted"] += tilt > 3
        if direct is not None:
            counted["direct"] += 1
            counted["direct: right"] += direct == name
            counted["direct: ours right"] += right
    return counted


def _without(matched, shown, scan, left_out):
    """Return what is counted where one structure is not listed, of its patterns."""
    counted = Counter()
    crystals = matched.crystals([n for n in scan.candidates if n != left_out])
    key = "missing, like" if LIKE.get(left_out) in scan.candidates else "missing"
    for group, name, *_ in shown:
        if name == left_out:
            count_verdict(counted, key, crystals[group].verdict, name)
    return counted


COLUMNS = (
    ("right", "all: right", "all"),
    ("wrong", "all: wrong", "all"),
    ("none of these", "all: none", "all"),
    ("not distinguishable", "all: open", "all"),
    ("zone axes off by more than 3°", "tilted", "all: right"),
    ("pyxem right", "direct: right", "direct"),
    ("right, of those pyxem takes", "direct: ours right", "direct"),
    ("with a like one listed: wrong", "like: wrong", "like"),
    ("not distinguishable", "like: open", "like"),
    ("right one missing: none", "missing: none", "missing"),
    ("wrong", "missing: wrong", "missing"),
    (
        "right one missing, a like one listed: none",
        "missing, like: none",
        "missing, like",
    ),
    ("not distinguishable", "missing, like: open", "missing, like"),
    ("wrong", "missing, like: wrong", "missing, like"),
)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", nargs="*", default=list(SCANS), choices=list(SCANS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[1])
    parser.add_argument("--per-structure", type=int, help="patterns of each structure")
    ellipse = "part by which patterns are longer along one direction than across"
    parser.add_argument("--ellipse", type=float, default=0.0, help=ellipse)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print_table("scan", COLUMNS, _rows(given))


def _rows(given):
    """Yield label and counts of each scan, and last of all scans."""
    every = []
    for name in given.scans:
        settings = given.per_structure, given.ellipse
        counted = [run(name, seed, *settings) for seed in given.seeds]
        every += counted
        yield name, counted
    yield "all", every


if __name__ == "__main__":
    main()
