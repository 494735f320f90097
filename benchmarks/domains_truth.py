"""What the true domains explain of held-out electrons, beside those that are found.

``python -m benchmarks.domains_truth`` tells where a wrong map comes from. Where the
truth explains more, it was not found: the search is at fault. Where it explains less,
no search that believes the judge would have kept it.
"""

import argparse
import warnings
from unittest.mock import patch

import numpy as np

from benchmarks.domains import judged
from benchmarks.domains_bank import FAMILIES, Case
from benchmarks.domains_parts import sizes
from benchmarks.domains_peers import accuracy
from hspy_cnmf.domains import answer
from hspy_cnmf.domains.clustering import Way
from hspy_cnmf.domains.division import PART, Components, Division
from hspy_cnmf.domains.held_out import Trial, surplus
from hspy_cnmf.domains.repeats import Repeats
from hspy_cnmf.domains.verdict import Verdict


def compared(case: Case, seed: int) -> tuple[dict, list[tuple[float, float, float]]]:
    """Return how right a map is, and the truth beside divisions of each parting.

    Of the division that explains most of the electrons held out, by labels that have
    not seen them, it is how many are right, and what the truth explains more, as
    log-likelihood and in standard errors.
    """
    found: list[Repeats] = []

    def remembered(repeats: Repeats, **options: object) -> Verdict:
        found.append(repeats)
        return Verdict(repeats, **options)

    with patch.object(answer, "Verdict", remembered):
        whole = judged(case, seed)
    divisions = [*found[0].divisions, *found[0].tried]
    trials = dict.fromkeys(one.components.trial for one in divisions)
    rows = []
    for trial in trials:
        own = [one for one in divisions if one.components.trial is trial]
        best = max(own, key=lambda one: one.score.sum())
        truth = true_division(trial, case)
        gain = float((truth.score - best.score).sum())
        right = labels_right(best, trial, case)
        rows.append((right, gain, surplus(truth.score, best.score)))
    return whole, rows


def true_division(trial: Trial, case: Case) -> Division:
    """Return the division of a trial that the truth is."""
    labels = case.labels[trial.scan.neighbourhood.keep]
    _, labels = np.unique(labels, return_inverse=True)
    posterior = np.eye(labels.max() + 1)[labels]
    components = Components.of(trial, posterior, Way(1, False))
    return Division.of(components, posterior.shape[1])


def labels_right(division: Division, trial: Trial, case: Case) -> float:
    """Return how many labels of a part of the electrons are right."""
    keep = trial.scan.neighbourhood.keep
    labels = np.zeros(keep.shape, int)
    labels.flat[np.flatnonzero(keep)[trial.judged]] = division.labels[PART]
    return accuracy(labels, case)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    add("--seeds", nargs="*", type=int, default=[0, 1])
    add("--doses", nargs="*", type=float, help="of those of each family")
    add("--positions", type=int, help="a side, of scans that have no size of their own")
    add("--quick", action="store_true", help="one small scan, only to see that it runs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "family | electrons | seed | map right | doubted | "
        "best right, the truth explains more (standard errors), of each parting"
    )
    print("---|---|---|---|---|---")
    families = arguments.families[1:2] if arguments.quick else arguments.families
    for family in families:
        make, doses = FAMILIES[family]
        size = {} if family.startswith("pyxem") else sizes(arguments)
        for dose in doses[:1] if arguments.quick else doses:
            if arguments.doses and dose not in arguments.doses:
                continue
            for seed in arguments.seeds[:1] if arguments.quick else arguments.seeds:
                say((family, dose, seed), *compared(make(dose, seed, **size), seed))


def say(names: tuple, whole: dict, rows: list[tuple[float, float, float]]) -> None:
    """Print a row."""
    cells = ", ".join(f"{right:.3f} {gain:+.0f} ({z:+.1f})" for right, gain, z in rows)
    doubted = "yes" if whole["doubted"] else "no"
    name = " | ".join(map(str, names))
    print(f"{name} | {whole['accuracy']:.3f} | {doubted} | {cells}", flush=True)


if __name__ == "__main__":
    main()
