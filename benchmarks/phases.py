"""Phases and orientations of groups, against the truth and single patterns.

``python -m benchmarks.phases`` prints the table; ``--help`` tells what can be left out.
"""

import argparse
import time
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from diffsims.generators.simulation_generator import SimulationGenerator
from orix.sampling import get_sample_reduced_fundamental
from pyxem.signals import ElectronDiffraction2D

from benchmarks import phases_pyxem
from hspy_cnmf import data, structure_mask
from hspy_cnmf.phases.crystal_map import crystal_map
from hspy_cnmf.phases.excitation import WIDE
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.orientation import member_matrix, tilt_and_turn
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.second_crystal import crystals_of
from hspy_cnmf.phases.verdict import UNDECIDED

#: Data sets.
DATA = {
    "iron_grains": data.iron_grains,
    "kinematic_silver_twins": data.kinematic_silver_twins,
    "glass_crystals": data.glass_crystals,
    "aluminium_precipitates": data.aluminium_precipitates,
    "simulated_overlap": phases_pyxem.simulated_overlap,
    "fe_multi_phase_grains": phases_pyxem.fe_multi_phase_grains,
}

#: Those with a direct beam, which is masked.
WITH_BEAM = ("simulated_overlap", "fe_multi_phase_grains")

#: Distance within which patterns are of one group: wide spots are all alike.
DISTANCE, DISTANCE_OF_WIDE = 0.2, 0.1

#: Largest excitation errors in 1/Å where they are not those of the others.
EXCITATION = {"fe_multi_phase_grains": 0.1}

#: What is never there, and by what the cells of what is there are scaled.
WRONG = ("Cu", "Si", "Ti")
SCALED = (0.98, 1.02)

#: Arguments of `identify_phases`.
MAX_EXCITATION_ERROR = 0.03
RESOLUTION = 2.0
SCALE_UNCERTAINTY = 0.005

#: Share of the counts above which a crystal is there for a single pattern.
_SURELY = 0.3

#: Templates and matchers of phases by what they depend on, for all seeds.
TOOLS: dict = {}


@dataclass(frozen=True)
class Scan:
    """A scan, decomposed and clustered, with its truth."""

    signal: object
    truth: object
    clusters: object
    mask: object = None

    @classmethod
    def of(cls, name, dose, seed, **arguments):
        """Simulate, decompose with the true number of components, and cluster."""
        signal, truth = DATA[name](
            dose=dose, random_state=seed, return_truth=True, **arguments
        )
        mask = structure_mask(signal) if name in WITH_BEAM else None
        signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=len(truth.phase_ids),
            random_state=seed,
            n_init=2,
            signal_mask=mask,
            print_info=False,
            show_progressbar=False,
        )
        clusters = signal.cluster_diffraction(
            distance_threshold=DISTANCE_OF_WIDE if name in WITH_BEAM else DISTANCE,
            print_info=False,
            show_progressbar=False,
        )
        return cls(signal, truth, clusters, mask)

    @property
    def members(self):
        """The component of the truth that each that was found is, -1 if unclear."""
        found = self.signal.get_decomposition_loadings().data
        found = found[self.clusters.components.indices]
        maps = [m.reshape(len(m), -1) for m in (found, self.truth.loadings.data)]
        maps = [m - m.mean(axis=1, keepdims=True) for m in maps]
        # The map of a film is even: what is like nothing else may be that.
        norms = [np.linalg.norm(m, axis=1, keepdims=True) for m in maps]
        even = norms[1][:, 0] < 1e-6 * self.truth.loadings.data.max()
        maps = [m / np.maximum(n, 1e-12) for m, n in zip(maps, norms, strict=True)]
        likeness = maps[0] @ maps[1].T
        likeness[:, even] = 0.7
        return np.where(likeness.max(axis=1) >= 0.7, likeness.argmax(axis=1), -1)


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
        verdicts, scale = decide(self.spots, matches, names, SCALE_UNCERTAINTY)
        scales = Scale(0.0, SCALE_UNCERTAINTY), scale
        wider = [self.wider[n] for n in names] if self.wider else []
        return crystals_of(self.spots, tools, matches, phases, verdicts, scales, wider)


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


@cache
def _templates(names, energy):
    """Return one library of pyxem's for all candidates, as a user would make it."""
    phases = [data.crystal_phase(name) for name in names]
    return templates_of(phases, energy, 1.2, [2.0] * len(phases))


def templates_of(phases, energy, reach, resolutions):
    """Return amplitudes of templates, some degrees apart for each phase."""
    rotations = [
        get_sample_reduced_fundamental(step, point_group=phase.point_group.laue)
        for phase, step in zip(phases, resolutions, strict=True)
    ]
    simulation = SimulationGenerator(energy).calculate_diffraction2d(
        phases,
        rotations,
        reciprocal_radius=reach,
        with_direct_beam=False,
        max_excitation_error=0.03,
    )
    for some in simulation.coordinates:
        for vectors in some:
            vectors.intensity = np.sqrt(vectors.intensity)
    return simulation


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


def direct_phases(signal, places, names):
    """Return the phase that pyxem finds in single patterns, as it comes."""
    energy = signal.metadata.Acquisition_instrument.TEM.beam_energy
    stack = np.stack([signal.data[place] for place in places]).astype(float)
    numbers = best_templates(stack, signal, _templates(names, energy), 1.2)
    return [names[k] for k in numbers]


def best_templates(stack, signal, simulation, reach):
    """Return which phase of some templates fits each of some patterns best.

    The calibration is that of a signal; `reach` is in 1/Å.
    """
    patterns = ElectronDiffraction2D(np.sqrt(stack)[np.newaxis])
    patterns.calibration.beam_energy = (
        signal.metadata.Acquisition_instrument.TEM.beam_energy
    )
    for axis, old in zip(
        patterns.axes_manager.signal_axes, signal.axes_manager.signal_axes, strict=True
    ):
        axis.scale, axis.offset = old.scale, old.offset
        axis.scale, axis.offset, axis.units = axis.scale / 10, axis.offset / 10, "A^-1"
    patterns.calibration.units = "k_A^-1"
    polar = patterns.get_azimuthal_integral2d(
        npt=120,
        npt_azim=360,
        radial_range=(0, reach),
        show_progressbar=False,
        mean=True,
    )
    match = polar.get_orientation(simulation, frac_keep=1.0, n_best=1)
    index = match.data[0, :, 0, 0].astype(int)
    ends = np.cumsum([rotations.size for rotations in simulation.rotations])
    return np.searchsorted(ends, index, side="right")


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
