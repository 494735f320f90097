"""How right maps of domains are, and whether their confidence means something.

``python -m benchmarks.domains`` prints one table: families of scans with truth, at
several doses, by ``map_domains`` and by simple methods; medians and worst over seeds.
"""

import argparse
import time
import warnings
from collections.abc import Iterator

import numpy as np

from benchmarks.domains_bank import FAMILIES, SMALL, Case
from benchmarks.domains_peers import accuracy, matched, peers

#: Seeds that the method was not chosen on.
_REPORTED = (22, 23)

_QUIET = {"print_info": False, "show_progressbar": False}

#: Columns of the table.
_HEAD = (
    "family",
    "electrons",
    "map_domains",
    "best simple method",
    "which",
    "right where confidence >= 0.9 (share)",
    "calibration error",
    "cannot tell",
    "number found",
    "s",
)


def calibration_error(
    right: np.ndarray, confidence: np.ndarray, n_bins: int = 10
) -> float:
    """Return the expected calibration error over bins of equal width."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        (bins == k).mean() * abs(right[bins == k].mean() - confidence[bins == k].mean())
        for k in np.unique(bins)
    ]
    return float(np.sum(gaps))


def judged(case: Case, seed: int, **options: object) -> dict:
    """Map the domains of a case, and return how right the map is."""
    options = _QUIET | {"random_state": seed, "signal_mask": case.mask} | options
    start = time.perf_counter()
    domains = case.signal.map_domains(case.n_domains, **options)
    seconds = time.perf_counter() - start
    labels = domains.labels.data.astype(int)
    confidence = domains.confidence.data.astype(float)
    right = matched(labels, case.labels, ~case.boundary) == case.labels
    sure = confidence >= 0.9
    return {
        "accuracy": accuracy(labels, case),
        "sure": right[sure].mean() if sure.any() else np.nan,
        "share": sure.mean(),
        "error": calibration_error(right.ravel(), confidence.ravel()),
        "doubted": bool(domains.doubts),
        "seconds": seconds,
    }


def number_found(case: Case, seed: int, **options: object) -> int:
    """Return how many domains are found where the number is left open."""
    options = _QUIET | {"random_state": seed, "signal_mask": case.mask} | options
    options |= {"max_rounds": 1, "n_repeats": 2}
    return case.signal.map_domains(**options).n_domains


def row(
    family: str, dose: float, seeds: list[int], arguments: argparse.Namespace
) -> str:
    """Return the row of a family at a dose."""
    size = SMALL if arguments.quick else {}
    options = {"max_rounds": 1, "n_repeats": 2} if arguments.quick else {}
    ours, simple, numbers = [], [], []
    for seed in seeds:
        case = FAMILIES[family][0](dose, seed, **size)
        ours.append(judged(case, seed, **options))
        if not arguments.no_peers:
            found = peers(case, case.n_domains, seed, few=arguments.few_peers)
            simple.append({k: accuracy(v, case) for k, v in found.items()})
        if not (arguments.no_numbers or arguments.quick):
            found = number_found(case, seed, **options)
            numbers.append(f"{found} of {case.n_domains}")
    return " | ".join([family, f"{dose:g}", *_cells(ours, simple, numbers)])


def _cells(ours: list[dict], simple: list[dict], numbers: list[str]) -> Iterator[str]:
    """Yield what the table says of the seeds of a row."""

    def of(name: str) -> np.ndarray:
        return np.array([one[name] for one in ours], float)

    yield _median_and_worst(of("accuracy"))
    best = np.array([max(one.values()) for one in simple])
    yield _median_and_worst(best) if simple else ""
    yield _commonest([max(one, key=one.get) for one in simple]) if simple else ""
    yield f"{np.nanmin(of('sure')):.3f} ({np.median(of('share')):.2f})"
    yield f"{of('error').max():.3f}"
    yield f"{int(of('doubted').sum())} of {len(ours)}"
    yield ", ".join(numbers)
    yield f"{np.median(of('seconds')):.0f}"


def _median_and_worst(values: np.ndarray) -> str:
    return f"{np.median(values):.3f}, {values.min():.3f}"


def _commonest(names: list[str]) -> str:
    return max(names, key=names.count)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, nargs="*", default=list(_REPORTED))
    add("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    add("--no-peers", action="store_true", help="leave out the simple methods")
    add("--few-peers", action="store_true", help="k-means and mixtures only")
    add("--no-numbers", action="store_true", help="always give the number of domains")
    add("--quick", action="store_true", help="one small scan, only to see that it runs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
    families = ["turned grains"] if arguments.quick else arguments.families
    print(" | ".join(_HEAD) + "\n" + " | ".join("---" for _ in _HEAD), flush=True)
    for family in families:
        doses = FAMILIES[family][1]
        for dose in doses[-1:] if arguments.quick else doses:
            print(row(family, dose, seeds, arguments), flush=True)


if __name__ == "__main__":
    main()
