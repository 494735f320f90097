"""Hit rate of estimates of the centre of patterns, next to simple methods.

``python -m benchmarks.pattern_center [--seed 1] [--each 20]``. The estimate was tuned
on seed 0: any other is new to it.
"""

import argparse
from collections.abc import Callable

import numpy as np
from skimage.registration import phase_cross_correlation

from benchmarks.pattern_bank import KINDS, Case, bank
from hspy_cnmf.patterns.center import estimate_center

HIT = 1.5
"""Largest error of a hit, in pixels."""


def center_of_mass(pattern: np.ndarray) -> tuple[float, ...]:
    """Return the centre of mass of the counts."""
    counts = np.nan_to_num(pattern)
    places = np.indices(counts.shape)
    return tuple((places * counts).sum(axis=(1, 2)) / counts.sum())


def brightest_pixel(pattern: np.ndarray) -> tuple[float, ...]:
    """Return the brightest pixel."""
    return tuple(map(float, np.unravel_index(np.nanargmax(pattern), pattern.shape)))


def inversion(pattern: np.ndarray) -> tuple[float, ...]:
    """Return the shift of the pattern against its inverse, as if it were periodic."""
    filled = np.where(np.isnan(pattern), np.nanmedian(pattern), pattern)
    filled = np.sqrt(np.maximum(filled, 0))
    shift, _, _ = phase_cross_correlation(
        filled, filled[::-1, ::-1], upsample_factor=20, normalization=None
    )
    return tuple((np.array(pattern.shape) - 1 + shift) / 2)


METHODS: dict[str, Callable] = {
    "ours": estimate_center,
    "inversion": inversion,
    "brightest": brightest_pixel,
    "mass": center_of_mass,
}


def outcome(case: Case, method: Callable) -> str:
    """Return "hit", "wrong" or "refused"."""
    try:
        found = method(case.pattern)
    except ValueError:
        return "refused"
    if case.center is None:
        return "wrong"
    error = np.hypot(*np.subtract(found, case.center))
    return "hit" if error <= HIT else "wrong"


def main() -> None:
    """Print a table of hits, wrong answers and refusals, kind by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=20)
    arguments = parser.parse_args()
    cases = list(bank(arguments.each, arguments.seed))
    print(f"{'hit/wrong/refused of ' + str(arguments.each):30}", *METHODS, sep="  ")
    for kind in (*KINDS, "all"):
        row = []
        for method in METHODS.values():
            those = [c for c in cases if kind in (c.kind, "all")]
            found = [outcome(case, method) for case in those]
            row.append(
                "/".join(str(found.count(x)) for x in ("hit", "wrong", "refused"))
            )
        print(f"{kind:30}", *(f"{cell:>11}" for cell in row))


if __name__ == "__main__":
    main()
