"""What each part of ``map_domains`` is for: maps without it, beside maps with all.

``python -m benchmarks.domains_parts`` leaves out one part at a time, on seeds that the
method was chosen on, and prints where accuracy or doubts change.
"""

import argparse
import warnings
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np

from benchmarks.domains import judged
from benchmarks.domains_bank import FAMILIES, SMALL
from hspy_cnmf.domains import (
    answer,
    clustering,
    division,
    neighbourhood,
    repeats,
    rounds,
)

#: Change of accuracy that is printed.
_LEAST = 0.005

#: Seed, and dose of each family, as number in its list.
_SEED, _DOSE = 1, 1


def _without(way: clustering.Way) -> list[tuple]:
    ways = tuple(other for other in rounds.WAYS if other != way)
    return [(rounds, "WAYS", ways)]


def _own_score(_: repeats.Repeats, one: division.Division) -> np.ndarray:
    return one.score


def _everything(posterior: np.ndarray, *_: object) -> np.ndarray:
    return np.ones(posterior.shape[1], bool)


def _all_alike(_: object, places: np.ndarray) -> np.ndarray:
    return np.ones(len(places))


def _as_they_are(probabilities: np.ndarray, *_: object) -> np.ndarray:
    return probabilities


#: What is left out by name: objects, their attributes, and what takes their place.
PARTS = {
    **{f"way: {way}": _without(way) for way in rounds.WAYS},
    "domains regrouped": [(rounds, "regrouped", lambda one: one)],
    "judged by all partings": [(repeats.Repeats, "score", _own_score)],
    "other ways in the mean": [(repeats.Repeats, "others", [])],
    "sharper mean": [(repeats, "_SHARPER", 1.0)],
    "mixtures": [(answer, "with_mixtures", _as_they_are)],
    "rivals": [(repeats.Repeats, "rival", None)],
    "small components dropped": [(division, "worth_keeping", _everything)],
    "homogeneity": [(neighbourhood.Neighbourhood, "homogeneity", _all_alike)],
    "envelopes": "tilt_invariant",
}


def mapped(family: str, part: str | None, size: dict) -> dict:
    """Return how right a map is without a part."""
    make, doses = FAMILIES[family]
    left_out = PARTS[part] if part else []
    options = {}
    if isinstance(left_out, str):
        options, left_out = {left_out: False}, []
    with ExitStack() as stack:
        for owner, name, value in left_out:
            stack.enter_context(patch.object(owner, name, value))
        return judged(make(doses[_DOSE], _SEED, **size), _SEED, **options)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    add("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    add("--quick", action="store_true", help="one small scan, only to see that it runs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("family | left out | accuracy | calibration error | doubted")
    print("---|---|---|---|---")
    families, parts, size = arguments.families, arguments.parts, {}
    if arguments.quick:
        families, parts, size = families[1:2], parts[:1], SMALL
    for family in families:
        whole = mapped(family, None, size)
        say(family, "nothing", whole)
        for part in parts:
            found = mapped(family, part, size)
            change = abs(found["accuracy"] - whole["accuracy"])
            if change >= _LEAST or found["doubted"] != whole["doubted"]:
                say(family, part, found)


def say(family: str, part: str, found: dict) -> None:
    """Print a row."""
    cells = f"{found['accuracy']:.3f} | {found['error']:.3f} | {found['doubted']}"
    print(f"{family} | {part} | {cells}", flush=True)


if __name__ == "__main__":
    main()
