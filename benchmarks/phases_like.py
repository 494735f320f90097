"""Crystals of like lattices, and whether one is named where the right one is missing.

``python -m benchmarks.phases_like`` prints the table. All crystals of a scan are turned
at random; then the phase of each is left out of the candidates, of which another has
nearly its cell: Pd and SrTiO3 differ by 0.4 %, LiF and Al by 0.6, Zr and ZnO by 0.6 (a)
and 1.2 (c), GaAs and NaCl by 0.2. ``--alone 0.005``: crystals of one structure are a
scan of their own, with a scale that is off by a normal error of that deviation.
"""

import argparse
import warnings
from collections import Counter

import numpy as np
from diffpy.structure import Atom, Lattice, Structure
from orix.crystal_map import Phase
from orix.quaternion import Rotation

from benchmarks.phases_matched import Matched, count_verdict
from benchmarks.phases_mixed import SHAPE, in_glass, print_table
from hspy_cnmf import cluster_diffraction
from hspy_cnmf.data._kinematic import Camera
from hspy_cnmf.phases.group_spots import GroupSpots

#: Space group, a and c in Å, angle gamma, and atoms.
STRUCTURES = {
    "Pd": (225, 3.891, 3.891, 90, [("Pd", (0, 0, 0))]),
    "SrTiO3": (
        *(221, 3.905, 3.905, 90),
        [("Sr", (0, 0, 0)), ("Ti", (0.5, 0.5, 0.5)), ("O", (0.5, 0.5, 0))],
    ),
    "LiF": (225, 4.026, 4.026, 90, [("Li", (0, 0, 0)), ("F", (0.5, 0.5, 0.5))]),
    "Al": (225, 4.0495, 4.0495, 90, [("Al", (0, 0, 0))]),
    "Zr": (194, 3.232, 5.147, 120, [("Zr", (1 / 3, 2 / 3, 0.25))]),
    "ZnO": (
        *(186, 3.250, 5.207, 120),
        [("Zn", (1 / 3, 2 / 3, 0)), ("O", (1 / 3, 2 / 3, 0.3819))],
    ),
    "GaAs": (216, 5.653, 5.653, 90, [("Ga", (0, 0, 0)), ("As", (0.25, 0.25, 0.25))]),
    "NaCl": (225, 5.640, 5.640, 90, [("Na", (0, 0, 0)), ("Cl", (0.5, 0.5, 0.5))]),
}

#: The one with nearly the same cell.
LIKE = dict(zip(list(STRUCTURES)[::2], list(STRUCTURES)[1::2], strict=True))
LIKE |= {other: name for name, other in LIKE.items()}

#: Spots that a crystal shows at the least.
FEWEST = 5


def whole_phase(name):
    """Return one of the structures with all atoms of its cell."""
    group, a, c, gamma, atoms = STRUCTURES[name]
    structure = Structure(
        [Atom(*atom) for atom in atoms], lattice=Lattice(a, a, c, 90, 90, gamma)
    )
    phase = Phase(name=name, space_group=group, structure=structure)
    return phase.expand_asymmetric_unit()


def single_patterns(phases, per_phase, counts, precession, scale_errors, seed):
    """Return a signal of patterns of one crystal each, and the names of these."""
    rng = np.random.default_rng(seed)
    names, crystals = [], []
    for phase, scale_error in zip(phases, scale_errors, strict=True):
        camera = Camera(SHAPE, precession=precession, scale_error=scale_error)
        for _ in range(per_phase):
            turn = rng.standard_normal(4)
            matrix = Rotation(turn / np.linalg.norm(turn)).to_matrix()[0]
            crystals.append(camera.pattern(phase, matrix))
            names.append(phase.name)
    return in_glass(crystals, counts, rng), names


def run(per_phase, counts, precession, alone, seed):
    """Return what is counted for one seed."""
    phases = [whole_phase(name) for name in STRUCTURES]
    errors = [0.003 * (-1) ** seed] * len(phases)
    if alone:
        errors = np.random.default_rng((1, seed)).normal(0, alone, len(phases))
    signal, truth = single_patterns(phases, per_phase, counts, precession, errors, seed)
    clusters = cluster_diffraction(signal, distance_threshold=1e-6, print_info=False)
    matched = Matched.of(GroupSpots.of(clusters, None, 5.0), phases)
    true = dict(zip(np.asarray(clusters.labels.data).tolist(), truth, strict=True))
    counted = Counter()
    for name in STRUCTURES if alone else (None,):
        groups = [k for k, other in sorted(true.items()) if name in (None, other)]
        scan, own = matched.of_groups(groups), [true[k] for k in groups]
        counted += _counted(scan, own, "all", None)
        if alone:
            counted += _counted(scan, own, "unlike", LIKE[name])
        for missing in set(own):
            counted += _counted(scan, own, "missing", missing)
    return counted


def _counted(matched, truth, key, left_out):
    """Return what is counted for one scan with one structure left out, or none.

    Of one that is there only its own crystals count.
    """
    counted = Counter()
    found = matched.crystals([name for name in STRUCTURES if name != left_out])
    for group, name in enumerate(truth):
        few = len(matched.spots.found[group]) < FEWEST
        if few or (left_out in truth and name != left_out):
            continue
        count_verdict(counted, key, found[group].verdict, name)
    return counted


COLUMNS = (
    ("right", "all: right", "all"),
    ("wrong", "all: wrong", "all"),
    ("right, the like one not listed", "unlike: right", "unlike"),
    ("right one missing: none of these", "missing: none", "missing"),
    ("not distinguishable", "missing: open", "missing"),
    ("right one missing: wrong", "missing: wrong", "missing"),
)


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=float, default=1e4)
    parser.add_argument("--per-phase", type=int, default=2)
    parser.add_argument("--precession", nargs="*", type=float, default=[0.0, 0.7])
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(5)))
    parser.add_argument("--alone", type=float, default=0.0, metavar="DEVIATION")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print_table(
        "precession",
        COLUMNS,
        (
            (
                f"{degrees:g}°",
                (
                    run(given.per_phase, given.counts, degrees, given.alone, k)
                    for k in given.seeds
                ),
            )
            for degrees in given.precession
        ),
    )


if __name__ == "__main__":
    main()
