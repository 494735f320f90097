"""Amounts that a series of scans tells, against its truth, over seeds.

``python -m benchmarks.series`` prints, for each seed of `data.precipitation_series`,
how far densities, diameters and shares are from the truth, in units of their
uncertainties, and whether the phase that is in one scan only was found.
"""

import argparse
import warnings
from time import process_time

import numpy as np
from scipy.optimize import linear_sum_assignment

import hspy_cnmf
from benchmarks.likeness import cosines
from hspy_cnmf.data import precipitation_series

#: All that blurs maps, nm: the probe and the smoothing over three positions.
BLUR = float(np.hypot(1.5, 1.43))

#: Uncertainties within which a number agrees with the truth.
WITHIN = 2.0

#: Components asked for: more than the five that there are.
N_COMPONENTS = 8

HEADS = (
    "seed", "found", "lowest cosine", "largest density error (sigma)",
    "largest diameter error (sigma)", "largest diameter error (%)",
    "largest share error", "transient in its scan only", "within 2 sigma", "CPU (s)",
)  # fmt: skip


def matched(truth, factors, mask):
    """Return which component each true one is, and the cosines of their patterns."""
    true = truth.factors.data.reshape(len(truth.names), -1)[:, ~mask.ravel()]
    found = np.nan_to_num(factors.T[:, ~mask.ravel()])
    empty = ~found.any(axis=1)
    alike = np.where(empty, 0, cosines(true, np.where(empty[:, None], 1, found)))
    rows, columns = linear_sum_assignment(-alike)
    return columns, alike[rows, columns]


def row(seed, n_init, **options):
    """Return the row of a table; see `HEADS`."""
    scans, truth = precipitation_series(random_state=seed, return_truth=True, **options)
    mask = hspy_cnmf.structure_mask(scans[0])
    start = process_time()
    evolution = hspy_cnmf.decompose_series(
        scans,
        N_COMPONENTS,
        n_init=n_init,
        signal_mask=mask,
        blur=BLUR,
        random_state=seed,
        print_info=False,
    )
    seconds = process_time() - start
    factors = scans[0].learning_results.factors
    order, alike = matched(truth, factors, np.asarray(mask.data))
    # The matrix, the first, has no particles.
    errors = {}
    for quantity, true in (
        ("number_density", truth.number_densities),
        ("diameter", truth.diameters),
        ("share_of_counts", truth.shares_of_counts),
    ):
        values, uncertainties = evolution.arrays(quantity)
        errors[quantity] = (values[order] - true)[1:], uncertainties[order][1:]
    density, diameter = (
        np.abs(errors[name][0] / errors[name][1])
        for name in ("number_density", "diameter")
    )
    relative = np.abs(errors["diameter"][0] / truth.diameters[1:])
    densities = evolution.arrays("number_density")[0][order[-1]]
    only = bool((densities > 0).tolist() == (truth.number_densities[-1] > 0).tolist())
    worst = max(np.nanmax(density), np.nanmax(diameter))
    return (
        seed,
        hspy_cnmf.get_result(scans[0]).n_found,
        f"{alike.min():.4f}",
        f"{np.nanmax(density):.2f}",
        f"{np.nanmax(diameter):.2f}",
        f"{100 * np.nanmax(relative):.1f}",
        f"{np.abs(errors['share_of_counts'][0]).max():.4f}",
        only,
        bool(only and worst <= WITHIN),
        f"{seconds:.1f}",
    )


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--starts", type=int, default=3, help="starts of each run")
    parser.add_argument("--dose", type=float, default=1e4, help="electrons a pattern")
    parser.add_argument(
        "--quick", action="store_true", help="small scans, only to see that it runs"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    options = {"dose": arguments.dose}
    if arguments.quick:
        options |= {"shapes": ((40, 40), (36, 44)), "transient": 1}
        arguments.seeds, arguments.starts = 1, 1
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for seed in range(arguments.seeds):
        values = row(seed, arguments.starts, **options)
        print(f"| {' | '.join(map(str, values))} |", flush=True)


if __name__ == "__main__":
    main()
