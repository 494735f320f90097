"""How near complete data a decomposition comes with values left out at random.

``python -m benchmarks.missing`` prints the largest loss of the cosine with the truth,
of any factor and of any map, beside that of complete data with as many counts fewer,
and that of factors by least squares for the true maps: what is lost with the values.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.likeness import cosines
from hspy_cnmf import data, get_result, structure_mask

_DOSE = 1e4


def decompose(signal, truth, n_init, **settings):
    """Return the cosines of factors and of maps with the truth, and the time."""
    mask = structure_mask(data.four_phases(random_state=0))
    begin = time.perf_counter()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=4,
        signal_mask=mask,
        random_state=0,
        n_init=n_init,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    end = time.perf_counter()
    keep = ~mask.data
    factors = signal.get_decomposition_factors().data[:, keep]
    maps = signal.get_decomposition_loadings().data.reshape(4, -1)
    likeness = cosines(factors, truth.factors.data[:, keep])
    found, true = linear_sum_assignment(-likeness)
    of_maps = cosines(maps, truth.loadings.data.reshape(4, -1))
    order = np.argsort(true)
    cells = found[order], true[order]
    return likeness[cells], of_maps[cells], end - begin


def with_true_maps(signal, truth, missing):
    """Return the cosines of least squares factors for the true maps, by the truth."""
    keep = ~structure_mask(data.four_phases(random_state=0)).data
    maps = truth.loadings.data.reshape(4, -1).astype(float)
    counts, known = (
        a.reshape(maps.shape[1], *keep.shape)[:, keep] for a in (signal.data, ~missing)
    )
    grams = np.einsum("ip,jp,pq->qij", maps, maps, known, optimize=True)
    products = (maps @ np.where(known, counts, 0)).T
    found = np.linalg.solve(grams, products[..., np.newaxis])[..., 0].T
    return np.diag(cosines(np.maximum(found, 0), truth.factors.data[:, keep]))


def measure(share, seed, n_init):
    """Return the numbers of one seed by what they are."""
    make = {"random_state": seed, "return_truth": True}
    signal, truth = data.four_phases(**make)
    fewer, _ = data.four_phases(dose=(1 - share) * _DOSE, **make)
    holes = signal.deepcopy()
    holes.change_dtype("float32")
    missing = np.random.default_rng(seed).random(holes.data.shape) < share
    holes.data[missing] = np.nan
    floor = with_true_maps(signal, truth, np.zeros_like(missing)) - with_true_maps(
        signal, truth, missing
    )
    complete = decompose(signal, truth, n_init)
    fewer = decompose(fewer, truth, n_init)
    left_out = decompose(holes, truth, n_init, missing="ignore")
    return {
        "factors": max(complete[0] - left_out[0]),
        "maps": max(complete[1] - left_out[1]),
        "factors, true maps known": max(floor),
        "fewer counts: factors": max(complete[0] - fewer[0]),
        "maps ": max(complete[1] - fewer[1]),
        "rounds": get_result(holes).parameters["missing_rounds"],
        "time, of complete": left_out[2] / complete[2],
    }


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--starts", type=int, default=3, help="starts of each run")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for share in (0.05, 0.3):
        rows = [
            measure(share, seed, arguments.starts) for seed in range(arguments.seeds)
        ]
        if share == 0.05:
            print(f"| missing | {' | '.join(rows[0])} |\n|---{'|---' * len(rows[0])}|")
        for row in rows:
            cells = " | ".join(f"{v:.4g}" for v in row.values())
            print(f"| {share:.0%} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
