"""Patterns of two crystals each, and whether both are identified, and none else.

``python -m benchmarks.phases_mixed`` prints the table.
"""

import argparse
import warnings
from collections import Counter

import numpy as np
from pyxem.signals import ElectronDiffraction2D

from benchmarks.phases_direct import direct_phases
from benchmarks.phases_matched import Matched
from benchmarks.phases_scan import WRONG
from hspy_cnmf import cluster_diffraction
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._crystalline import orientations
from hspy_cnmf.data._kinematic import EDGE, ENERGY, Camera
from hspy_cnmf.data._patterns import diffuse_rings
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.orientation import tilt_and_turn

#: What crystals there are, the detector, and how many patterns a seed has.
NAMES = ("alpha-Fe", "gamma-Fe", "Fe2B", "Fe3B")
SHAPE = (96, 96)
N_PATTERNS = 8

#: Shares of the first crystal of two, and of the glass around both.
SHARES, GLASS = (0.3, 0.7), 0.3


def mixed_patterns(counts, seed):
    """Return patterns of two crystals each, and the (name, matrix) of these."""
    rng = np.random.default_rng(seed)
    camera = Camera(SHAPE, precession=0.5, scale_error=0.003 * (-1) ** seed)
    phases = [crystal_phase(name) for name in NAMES]
    crystals, truth = [], []
    for _ in range(N_PATTERNS):
        pair = rng.choice(len(NAMES), 2)
        matrices = orientations(phases, pair, 0.5, rng)
        share = rng.uniform(*SHARES)
        first, second = (
            camera.pattern(phases[number], matrix)
            for number, matrix in zip(pair, matrices, strict=True)
        )
        crystals.append(share * first + (1 - share) * second)
        truth.append([(NAMES[k], m) for k, m in zip(pair, matrices, strict=True)])
    return in_glass(crystals, counts, rng), truth


def in_glass(crystals, counts, rng):
    """Return a calibrated signal of patterns of crystals in a glass, with noise."""
    glass = diffuse_rings(SHAPE, 2.5, ((3.0, 0.4, 0.6),))
    patterns = GLASS * glass / glass.sum() + (1 - GLASS) * np.array(crystals)
    signal = ElectronDiffraction2D(1.0 * rng.poisson(counts * patterns))
    step = 2 * EDGE / SHAPE[0]
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.offset = step, -step * (axis.size - 1) / 2
        axis.units = "nm^-1"
    signal.calibration.beam_energy = ENERGY
    return signal


def run(counts, seed):
    """Return what is counted for one seed."""
    signal, truth = mixed_patterns(counts, seed)
    clusters = cluster_diffraction(signal, distance_threshold=1e-6, print_info=False)
    names = [*NAMES, *WRONG]
    spots = GroupSpots.of(clusters, None, 5.0)
    matched = Matched.of(spots, [crystal_phase(name) for name in names])
    direct = direct_phases(signal, range(len(truth)), tuple(names))
    # Each pattern is a group of its own, in another order.
    groups = np.asarray(clusters.labels.data)
    counted = Counter()
    found = matched.crystals(names)
    for group, pair, word in zip(groups, truth, direct, strict=True):
        right, wrong = _judged(found, group, pair)
        there = word in [name for name, _ in pair]
        counted["patterns"] += 1
        counted["both"] += right == 2
        counted["wrong"] += wrong
        counted["direct finds one"] += there
        counted["both, direct finds one"] += there and right == 2
    for left_out in NAMES:
        found = matched.crystals([name for name in names if name != left_out])
        for group, pair in zip(groups, truth, strict=True):
            if left_out in [name for name, _ in pair]:
                right, wrong = _judged(found, group, pair)
                counted["missing"] += 1
                counted["missing: the other"] += right > 0
                counted["missing: wrong"] += wrong
    return counted


def _judged(crystals, group, pair):
    """Return how many of two crystals are found, and whether any other is."""
    left = dict(enumerate(pair))
    found = [one for one in crystals if one.group == group and one.verdict.is_phase]
    for one in found:
        for number, (name, matrix) in left.items():
            if name != one.verdict.word:
                continue
            tilt, _ = tilt_and_turn(one.best.matrix, matrix, crystal_phase(name))
            if tilt < 3:
                del left[number]
                break
    n_right = len(pair) - len(left)
    return n_right, len(found) > n_right


COLUMNS = (
    ("both found", "both", "patterns"),
    ("one that is not there", "wrong", "patterns"),
    ("direct finds one", "direct finds one", "patterns"),
    ("both, of these", "both, direct finds one", "direct finds one"),
    ("one missing: the other is found", "missing: the other", "missing"),
    ("one missing: one that is not there", "missing: wrong", "missing"),
)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", nargs="*", type=float, default=[1e4, 1e5])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(5)))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print_table(
        "counts",
        COLUMNS,
        (
            (f"{counts:g}", (run(counts, seed) for seed in arguments.seeds))
            for counts in arguments.counts
        ),
    )


def print_table(name, columns, rows):
    """Print a column of labels, and what is counted in each row over what it is of."""
    head = [name, *(title for title, *_ in columns)]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for label, counted in rows:
        total = sum(counted, Counter())
        cells = [f"{total[key]}/{total[of]}" for _, key, of in columns]
        print("| " + " | ".join([label, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
