"""What pruning makes of too many components, on data sets whose truth is known.

``python -m benchmarks.pruning`` prints a row for each data set, number of components
and seed: the default method beside the primitive one, which has neither constraints
nor pruning, from the same number of starts.
"""

import argparse
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from benchmarks.likeness import cosines, map_correlations
from benchmarks.quality import OURS, Case, run_ours

#: Data sets, and the numbers of components asked for.
ASKED = {"four_phases": (4, 6, 8, 12), "metallic_glass": (30,)}

#: Methods compared, by their names in `benchmarks.quality.OURS`.
METHODS = "both", "primitive"

#: A factor with less of its counts than this in crystals' patterns is amorphous.
_CRYSTALLINE = 0.02

#: Cosine from which on true patterns are one: precipitates are turned at random, so
#: that two of a family may all but coincide, and no factorisation tells them apart.
_ALIKE = 0.95

HEADS = (
    "seed", "asked", "true", "found", "amorphous", "primitive's amorphous",
    "lowest map", "median map", "primitive's lowest map", "error over primitive's",
    "spread", "primitive's spread",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one method found.

    Parameters
    ----------
    n_found, n_amorphous : int
        Components that are not empty, and those of them without a crystal.
    correlations : numpy.ndarray, shape (n_true,)
        Of each true map with that of one component, matched to it; 0 where it has none.
    error : float
        Mean squared error.
    spread : float
        Highest less lowest error of the starts, over the lowest.
    """

    n_found: int
    n_amorphous: int
    correlations: np.ndarray
    error: float
    spread: float

    @classmethod
    def of(cls, case, result):
        """Judge a result by the truth."""
        factors = result.factors[: result.n_found]
        loadings = result.loadings[: result.n_found]
        last = result.last_errors
        return cls(
            result.n_found,
            np.count_nonzero(crystalline_shares(case, factors) < _CRYSTALLINE),
            map_correlations(distinct_maps(case), loadings),
            result.error,
            np.ptp(last) / last.min(),
        )


def crystalline_shares(case, factors):
    """Return which share of each factor's counts the crystals' true patterns explain.

    The rest is the amorphous pattern's, which is the first of the truth.
    """
    true = case.factors / case.factors.sum(axis=1, keepdims=True)
    shares = np.array([nnls(true.T, factor)[0] for factor in factors.astype(float)])
    return shares[:, 1:].sum(axis=1) / shares.sum(axis=1)


def distinct_maps(case):
    """Return the true maps, summed over components whose patterns are alike."""
    first_alike = np.argmax(cosines(case.factors, case.factors) > _ALIKE, axis=1)
    return np.stack(
        [case.loadings[first_alike == k].sum(axis=0) for k in np.unique(first_alike)]
    )


def row(case, n_components, seed, n_init):
    """Return the row of a table; see `HEADS`."""
    ours, primitive = (
        Outcome.of(
            case,
            run_ours(case, seed, n_init, **OURS[name], output_dimension=n_components),
        )
        for name in METHODS
    )
    return (
        seed,
        n_components,
        len(ours.correlations),
        ours.n_found,
        ours.n_amorphous,
        primitive.n_amorphous,
        f"{ours.correlations.min():.4f}",
        f"{np.median(ours.correlations):.4f}",
        f"{primitive.correlations.min():.4f}",
        f"{ours.error / primitive.error:.5f}",
        f"{ours.spread:.1e}",
        f"{primitive.spread:.1e}",
    )


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=list(ASKED), choices=list(ASKED))
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--starts", type=int, default=5, help="starts of each run")
    parser.add_argument(
        "--quick", action="store_true", help="a small scan, only to see that it runs"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    asked, size = {name: ASKED[name] for name in arguments.data}, {}
    if arguments.quick:
        asked, size = {"four_phases": (6,)}, {"shape": (12, 12)}
        arguments.seeds, arguments.starts = 1, 2
    for name, numbers in asked.items():
        print(f"\n### {name}\n\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
        for seed in range(arguments.seeds):
            case = Case.make(name, seed, **size)
            for n_components in numbers:
                values = row(case, n_components, seed, arguments.starts)
                print(f"| {' | '.join(map(str, values))} |", flush=True)


if __name__ == "__main__":
    main()
