"""Whether most groups would be candidates if the patterns had another scale."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.matching import matches_of, prepared
from hspy_cnmf.phases.reflections import Reflections
from hspy_cnmf.phases.spot_matching import OUTLIERS, SpotMatcher
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.template_matching import TemplateLibrary
from hspy_cnmf.phases.verdict import EVIDENCE_BESIDE_OTHERS, NONE, UNDECIDED, Verdict

#: Part of the crystals that must fit at another scale, and by how many times more
#: they must be than at the one that is given.
_MOST, _MORE = 2 / 3, 2

#: What the scale may have to be multiplied by: as far as a named phase refines it, in
#: steps that errors of few spots leave open.
_FACTORS = np.linspace(0.945, 1.055, 56)

#: Likeliest scales that are looked at, and how far apart they are.
_N_LOOKED_AT, _APART = 3, 0.01


def likely_scale(
    spots: GroupSpots,
    candidates: list[Phase],
    verdicts: list[Verdict],
    max_excitation_error: float,
    resolution: float,
    scale_uncertainty: float,
) -> dict:
    """Return the scale at which most groups would be candidates, where few are.

    Few spots fit a lattice of nearly any size if they may choose the scale: one group
    must be a candidate there beyond doubt. It is not taken unasked, as all crystals may
    be of others that are not in the list, larger or smaller by as much.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    candidates : list of Phase
        Whole phases.
    verdicts : list of Verdict
        What each group is by the scale that is given.
    max_excitation_error, resolution, scale_uncertainty : float
        As for `identify_phases`.

    Returns
    -------
    dict
        Empty, or ``factor``, what the scale would have to be multiplied by, its
        standard deviation ``uncertainty``, ``n_crystals``, how many groups there are
        that are not amorphous, ``n_groups``, how many of them would fit, and
        ``phases``, what these would be.
    """
    crystals = [k for k, one in enumerate(verdicts) if one.word == NONE or _fits(one)]
    needed = max(_MOST * len(crystals), _MORE * sum(map(_fits, verdicts)))
    if not crystals or len(crystals) < needed:
        return {}
    settings = max_excitation_error, resolution, scale_uncertainty
    widest = spots.rescaled(_FACTORS[-1])
    tools = [prepared(widest, one, *settings) for one in candidates]
    names = [phase.name for phase in candidates]
    best: dict = {"n_groups": 0}
    for factor in _likeliest([spots.patterns[k] for k in crystals], spots, candidates):
        found = _at_scale(spots, factor, tools, names, scale_uncertainty)
        if found["n_groups"] > best["n_groups"]:
            best = found | {"n_crystals": len(crystals)}
        if best["n_groups"] == len(crystals):
            break
    return best if best["n_groups"] >= needed else {}


def _at_scale(
    spots: GroupSpots,
    factor: float,
    tools: list[tuple[SpotMatcher, TemplateLibrary]],
    names: list[str],
    scale_uncertainty: float,
) -> dict:
    """Return how many groups fit near a scale, 0 where none does beyond doubt."""
    near = spots.rescaled(factor)
    matches = [
        matches_of(near, replace(matcher, limits=near.reach), library)
        for matcher, library in tools
    ]
    verdicts, scale = decide(near, matches, names, scale_uncertainty)
    named = {k: one for k, one in enumerate(verdicts) if one.is_phase}
    evidence = [matches[one.best][k].evidence for k, one in named.items()]  # type: ignore[index]
    if max(evidence, default=0.0) < EVIDENCE_BESIDE_OTHERS:
        return {"n_groups": 0}
    words = {one.word for one in named.values()}
    return {
        "factor": float(factor / (1 + scale.mean)),
        "uncertainty": float(factor * scale.deviation),
        "n_groups": sum(map(_fits, verdicts)),
        "phases": [name for name in names if name in words],
    }


def scale_advice(likely: Mapping) -> list[str]:
    """Return in words what to do where most groups would fit at another scale."""
    if not likely:
        return []
    factor, phases = likely["factor"], likely["phases"]
    size = "larger" if factor > 1 else "smaller"
    return [
        f"{likely['n_groups']} of {likely['n_crystals']} groups with spots would be "
        f"{' or '.join(phases)} if the scale of the patterns were multiplied by "
        f"{factor:.4f} +- {likely['uncertainty']:.4f}. If one of these is known to be "
        f"there, refine the scale from it: calibrate_from={phases[0]!r}. Else the "
        f"crystals may be others, with cells {abs(factor - 1):.1%} {size}"
    ]


def _fits(verdict: Verdict) -> bool:
    return verdict.is_phase or verdict.word == UNDECIDED


def _likeliest(
    patterns: list[SpotPattern], spots: GroupSpots, candidates: list[Phase]
) -> list[float]:
    """Return factors of the scale at which distances of spots fit candidates best."""
    low, high = spots.reach
    lattices = [Reflections.of(one, high * _FACTORS[-1]) for one in candidates]
    evidence = np.zeros(len(_FACTORS))
    for pattern in patterns:
        found = [
            [_ring_evidence(pattern, one, factor, low, high) for one in lattices]
            for factor in _FACTORS
        ]
        evidence += np.maximum(np.max(found, axis=1), 0)
    chosen: list[float] = []
    for k in np.argsort(-evidence, kind="stable"):
        if all(abs(_FACTORS[k] - other) >= _APART for other in chosen):
            chosen.append(float(_FACTORS[k]))
    return chosen[:_N_LOOKED_AT]


def _ring_evidence(
    pattern: SpotPattern, lattice: Reflections, factor: float, low: float, high: float
) -> float:
    """Return how much likelier distances are than if they were strewn at random.

    Logarithm; see `identify_phases` for the same of places.
    """
    lengths = lattice.lengths / factor
    seen = (lengths > low) & (lengths < high)
    amplitudes = np.sqrt(lattice.intensities[seen])
    share = amplitudes / max(amplitudes.sum(), 1e-12)
    apart = (pattern.radii[:, np.newaxis] - lengths[seen]) / pattern.errors[
        :, np.newaxis
    ]
    density = (share * np.exp(-(apart**2) / 2)).sum(axis=1) / pattern.errors
    density *= (high - low) / np.sqrt(2 * np.pi)
    return float(np.log(OUTLIERS + (1 - OUTLIERS) * density).sum())
