"""What each part of ``map_domains`` is for: maps without it, beside maps with all.

``python -m benchmarks.domains_parts`` leaves out one part at a time, on a seed that the
method was chosen on, and prints where accuracy or doubts change. ``--seeds 0 1 2
--positions 28 --all-doses`` are the scans of the documentation, and those of
``--kinds``, of `benchmarks.domains_elsewhere`.
"""

import argparse
import warnings
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np

from benchmarks.domains import judged
from benchmarks.domains_bank import FAMILIES, SMALL, Case
from benchmarks.domains_elsewhere import KINDS
from hspy_cnmf.domains import (
    answer,
    clustering,
    division,
    held_out,
    neighbourhood,
    nuisances,
    repeats,
    rounds,
    view,
)

#: Change of accuracy that is printed.
_LEAST = 0.005

#: Dose of each family, as number in its list, unless all are asked for.
_DOSE = 1


def _without(way: clustering.Way) -> list[tuple]:
    ways = tuple(other for other in rounds.WAYS if other != way)
    return [(rounds, "WAYS", ways)]


def _of_neighbours(found: rounds.Rounds, n_domains: int) -> division.Division:
    return found._division(0, n_domains, found.ways[0])


def _own_score(_: repeats.Repeats, one: division.Division) -> np.ndarray:
    return one.score


def _as_seen(found: repeats.Repeats, one: division.Division) -> np.ndarray:
    told = [one.likelihood(judge) for judge in found.judges]
    return np.mean(told, axis=0)


def _everything(posterior: np.ndarray, *_: object) -> np.ndarray:
    return np.ones(posterior.shape[1], bool)


def _rigid(
    judge: held_out.Judge, labels: np.ndarray, patterns: np.ndarray, turns: np.ndarray
) -> np.ndarray:
    parts = [judge.nuisances.turned_back(p, turns) for p in (judge.train, judge.test)]
    plain = held_out.structures_of(labels, patterns, parts[0])
    rates = (plain / plain.sum(axis=1, keepdims=True)).astype(np.float32)
    return judge._told(rates[labels], labels, parts)


def _divergences(
    given: nuisances.Nuisances, patterns: np.ndarray, electrons: float
) -> np.ndarray:
    """Return divergences of patterns (Jensen and Shannon), turned onto each other."""
    found = np.zeros((len(patterns),) * 2)
    for i, own in enumerate(patterns[:-1]):
        others = given.turned_back(patterns[i:], given.turns(patterns[i:], own))
        shares = others / others.sum(axis=1, keepdims=True)
        means = (shares + shares[0]) / 2
        both = shares * np.log(shares / means) + shares[0] * np.log(shares[0] / means)
        found[i, i:] = found[i:, i] = electrons * both.sum(axis=1)
    return found


def _repeated(found: repeats.Repeats) -> list[division.Division]:
    return found.divisions


def _alike(found: repeats.Repeats) -> np.ndarray:
    return np.ones(len(found.likely))


def _all_alike(_: object, places: np.ndarray) -> np.ndarray:
    return np.ones(len(places))


def _unmixed(own: np.ndarray, *_: object) -> np.ndarray:
    return own


def _one_embedding(trial: held_out.Trial, _: clustering.Way) -> held_out.Embedded:
    return trial.own


def _as_they_are(probabilities: np.ndarray, *_: object) -> np.ndarray:
    return probabilities


def _hardly_any(runs: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    level, is_beam = _around_rings(runs, radii)
    return 1e-6 * level, is_beam


_around_rings = nuisances._around_rings


#: What is left out by name: objects, their attributes, and what takes their place.
PARTS = {
    **{f"way: {way}": _without(way) for way in rounds.WAYS},
    "ways: surroundings pooled": [
        (rounds, "WAYS", tuple(way for way in rounds.WAYS if not way.is_pooled))
    ],
    "way: each position alone": [(rounds.Rounds, "_alone", _of_neighbours)],
    "domains regrouped": [(rounds, "regrouped", lambda one, _=0: one)],
    "judged by all partings": [(repeats.Repeats, "score", _own_score)],
    "optimism": [(repeats.Repeats, "score", _as_seen)],
    "other ways in the mean": [(repeats.Repeats, "likely", property(_repeated))],
    "mixtures": [(answer, "with_mixtures", _as_they_are)],
    "mixtures in judging": [(held_out, "mixed_rates", _unmixed)],
    "dim patterns": [(answer, "with_dim_patterns", _as_they_are)],
    "embedding of surroundings": [(held_out.Trial, "seen", _one_embedding)],
    "their weights": [(repeats.Repeats, "weights", property(_alike))],
    "envelopes in judging": [(held_out.Judge, "likelihood", _rigid)],
    "envelopes in merging": [(nuisances.Nuisances, "distances", _divergences)],
    "background": [(nuisances, "_around_rings", _hardly_any)],
    "rays and flicker": [(view, "repair", _as_they_are)],
    "centring": [(view, "center", _as_they_are)],
    "rivals": [(repeats.Repeats, "rival", None)],
    "small components dropped": [(division, "worth_keeping", _everything)],
    "homogeneity": [(neighbourhood.Neighbourhood, "homogeneity", _all_alike)],
    "envelopes": "tilt_invariant",
}


def mapped(case: Case, seed: int, part: str | None) -> dict:
    """Return how right a map is without a part."""
    left_out = PARTS[part] if part else []
    options = {}
    if isinstance(left_out, str):
        options, left_out = {left_out: False}, []
    with ExitStack() as stack:
        for owner, name, value in left_out:
            stack.enter_context(patch.object(owner, name, value))
        return judged(case, seed, **options)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    add("--kinds", nargs="*", default=[], choices=list(KINDS), help="others")
    add("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    add("--seeds", nargs="*", type=int, default=[1])
    add("--positions", type=int, help="a side, of scans that have no size of their own")
    add("--all-doses", action="store_true", help="not one of each family only")
    add("--quick", action="store_true", help="one small scan, only to see that it runs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("family | electrons | seed | left out | accuracy | error | doubted")
    print("---|---|---|---|---|---|---")
    families, parts = arguments.families, arguments.parts
    if arguments.quick:
        families, parts = families[1:2], parts[:1]
    for family in families:
        make, doses = FAMILIES[family]
        size = {} if family.startswith("pyxem") else sizes(arguments)
        for dose in doses if arguments.all_doses else doses[_DOSE : _DOSE + 1]:
            for seed in arguments.seeds:
                compare(make(dose, seed, **size), (family, dose, seed), parts)
    for kind in arguments.kinds:
        for seed in arguments.seeds:
            compare(KINDS[kind](seed), (kind, "", seed), parts)


def sizes(arguments: argparse.Namespace) -> dict:
    """Return the size of scans that is asked for."""
    if arguments.quick:
        return SMALL
    return {"shape": (arguments.positions,) * 2} if arguments.positions else {}


def compare(case: Case, names: tuple, parts: list[str]) -> None:
    """Print what a map is with all parts, and where it is another without one."""
    whole = mapped(case, names[-1], None)
    say(names, "nothing", whole)
    for part in parts:
        found = mapped(case, names[-1], part)
        change = abs(found["accuracy"] - whole["accuracy"])
        if change >= _LEAST or found["doubted"] != whole["doubted"]:
            say(names, part, found)


def say(names: tuple, part: str, found: dict) -> None:
    """Print a row."""
    cells = f"{found['accuracy']:.3f} | {found['error']:.3f} | {found['doubted']}"
    print(" | ".join(map(str, names)) + f" | {part} | {cells}", flush=True)


if __name__ == "__main__":
    main()
