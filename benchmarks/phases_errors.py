"""How often a wrong scale is told, and how far orientations are from the truth.

``python -m benchmarks.phases_errors scales`` and ``... orientations`` print one table
each, by default of scans that nothing was chosen on.

Patterns have axes that are 2, 3.5 and 5 % wrong, either way; or they are right, with
all candidates, or without each, or all, of the phases that are there. Zone axes and
turns of components of which the phase is right are compared with the truth.
"""

import argparse
import warnings

import numpy as np

from benchmarks.phases_matched import (
    MAX_EXCITATION_ERROR,
    RESOLUTION,
    SCALE_UNCERTAINTY,
    Matched,
)
from benchmarks.phases_scan import DATA, EXCITATION, WRONG, Scan
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.likely_scale import likely_scale
from hspy_cnmf.phases.orientation import tilt_and_turn

#: By what part a scale is wrong, one way or the other.
ERRORS = 0.02, 0.035, 0.05

#: Of what it is counted how often another scale is told.
CASES = "wrong", "right", "missing"


def scales(name, dose, seed):
    """Return cases, whether a scale is told, and what it is off in its uncertainty."""
    scan = Scan.of(name, dose, seed)
    spots = GroupSpots.of(scan.clusters, None, 5.0)
    excitation = EXCITATION.get(name, MAX_EXCITATION_ERROR)
    there = list(scan.truth.phases)
    candidates = there + [crystal_phase(other) for other in WRONG]

    def told(spots, left_out=()):
        kept = [one for one in candidates if one not in left_out]
        crystals = Matched.of(spots, kept, excitation).crystals([p.name for p in kept])
        verdicts = [one.verdict for one in crystals[: scan.clusters.n_clusters]]
        settings = excitation, RESOLUTION, SCALE_UNCERTAINTY
        return likely_scale(spots, kept, verdicts, *settings)

    rows = [("right", bool(told(spots)), np.nan)]
    signs = np.random.default_rng(seed).choice([-1, 1], len(ERRORS))
    for error in signs * ERRORS:
        likely, off = told(spots.rescaled(1 + error)), np.nan
        if likely:
            off = (likely["factor"] * (1 + error) - 1) / likely["uncertainty"]
        rows.append(("wrong", bool(likely), abs(off)))
    missing = [[one] for one in there] + ([there] if len(there) > 1 else [])
    rows += [("missing", bool(told(spots, some)), np.nan) for some in missing]
    return rows


def scale_cells(rows):
    """Return in how many of each case a scale is told, and what it is off at most."""
    told = [[is_told for case, is_told, _ in rows if case == one] for one in CASES]
    off = max((off for *_, off in rows if off >= 0), default=np.nan)
    return [*(f"{sum(some)}/{len(some)}" for some in told), f"{off:.1f}"]


def orientations(name, dose, seed):
    """Return what zone axes and turns of components are off, each beside its error."""
    scan = Scan.of(name, dose, seed, scale_error=0.003 * (-1) ** seed)
    excitation = EXCITATION.get(name, MAX_EXCITATION_ERROR)
    phases = list(scan.truth.phases)
    found = scan.clusters.identify_phases(phases, max_excitation_error=excitation)
    rows = []
    crystals = found.members, found.component_phases, found.component_matrices
    for (component, crystal), phase, matrix in zip(*crystals, strict=True):
        true = scan.members[component]
        if phase < 0 or true < 0 or phase != scan.truth.phase_ids[true]:
            continue
        off = tilt_and_turn(matrix, scan.truth.matrices[true], phases[phase])
        errors = (found.table[f"{kind}_error"][crystal] for kind in ("tilt", "turn"))
        rows.append([*off, *errors])
    return rows


def orientation_cells(rows):
    """Return root mean squares, and parts within one and two errors."""
    values = np.reshape(rows, (-1, 4))
    cells = [str(len(values))]
    for off, error in (values[:, [0, 2]].T, values[:, [1, 3]].T):
        cells += [f"{np.sqrt(np.mean(some**2)):.3f}" for some in (off, error)]
        cells += [str((off < times * error).sum()) for times in (1, 2)]
    return cells


#: What measures one scan, what sums scans up, titles, and scans.
PARTS = {
    "scales": (
        scales,
        scale_cells,
        ("wrong scale: told", "right one: told", "phase missing: told", "most off"),
        (
            "kinematic_silver_twins:1000:44",
            "iron_grains:1000:44",
            "fe_multi_phase_grains:10000:44",
        ),
    ),
    "orientations": (
        orientations,
        orientation_cells,
        (
            "components",
            *("axis off (°)", "tilt_error", "within one", "within two"),
            *("turn off (°)", "turn_error", "within one", "within two"),
        ),
        (
            *("iron_grains:300:70", "iron_grains:3000:71", "iron_grains:10000:72"),
            *("glass_crystals:300:70", "glass_crystals:3000:71"),
            *("glass_crystals:10000:72", "aluminium_precipitates:3000:70"),
            *("aluminium_precipitates:10000:71", "kinematic_silver_twins:1000:70"),
            *("kinematic_silver_twins:300:71", "fe_multi_phase_grains:10000:70"),
            "fe_multi_phase_grains:10000:71",
        ),
    ),
}


def scan_of(text):
    """Return kind, electrons and seed of a scan that is named by them."""
    name, dose, seed = text.split(":")
    if name not in DATA:
        raise ValueError(name)
    return name, float(dose), int(seed)


def main():
    """Print the table of one part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=list(PARTS))
    named = "KIND:ELECTRONS:SEED of each, such as iron_grains:300:70"
    parser.add_argument("scans", nargs="*", type=scan_of, help=named)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measure, cells, titles, scans = PARTS[arguments.part]
    head = ["scan", *titles]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    rows = []
    for name, dose, seed in arguments.scans or map(scan_of, scans):
        some = measure(name, dose, seed)
        rows += some
        scan = f"{name}:{dose:g}:{seed}"
        print("| " + " | ".join([scan, *cells(some)]) + " |", flush=True)
    print("| " + " | ".join(["all", *cells(rows)]) + " |")


if __name__ == "__main__":
    main()
