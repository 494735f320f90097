"""What a known pattern, and known factors in another scan, bring.

``python -m benchmarks.known`` prints two tables: crystals of `metallic_glass`, found
without and with the true pattern of their matrix; and maps that `apply_factors` finds
in a second scan of `four_phases`, of another seed and dose, beside those of a
decomposition whose factors are the true ones.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.likeness import cosines
from hspy_cnmf import data, get_result, structure_mask

#: Components asked for, where there are 20 crystals and their matrix.
_N_COMPONENTS = 30

#: A crystal is one that was found from this cosine on.
_FOUND = 0.95


def crystals(seed, n_init, with_matrix):
    """Return number, median and lowest cosine of crystals found, and the CPU time."""
    signal, truth = data.metallic_glass(random_state=seed, return_truth=True)
    mask = structure_mask(signal)
    known = {"fixed_factors": truth.factors.data[0]} if with_matrix else {}
    begin = time.process_time()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=_N_COMPONENTS,
        signal_mask=mask,
        random_state=seed,
        n_init=n_init,
        print_info=False,
        show_progressbar=False,
        **known,
    )
    seconds = time.process_time() - begin
    n_found = get_result(signal).n_found
    found = signal.get_decomposition_factors().data[:n_found, ~mask.data]
    alike = cosines(found, truth.factors.data[1:, ~mask.data].astype(float))
    alike = alike[linear_sum_assignment(-alike)]
    alike = alike[alike >= _FOUND]
    return n_found, len(alike), np.median(alike), alike.min(), seconds


def other_scan(seed):
    """Return the lowest correlation of maps with those for true factors, and times."""
    first, _ = data.four_phases(random_state=seed, return_truth=True)
    second, truth = data.four_phases(
        (50, 70), dose=3e3, random_state=1000 + seed, return_truth=True
    )
    settings = {
        "algorithm": "constrained_nmf",
        "output_dimension": 4,
        "signal_mask": structure_mask(first),
        "random_state": seed,
        "print_info": False,
        "show_progressbar": False,
    }
    begin = time.process_time()
    first.decomposition(**settings)
    between = time.process_time()
    own = second.deepcopy()
    own.decomposition(fixed_factors=truth.factors.data, **settings)
    begin_other = time.process_time()
    second.apply_factors(first)
    end = time.process_time()
    maps, true = (
        s.get_decomposition_loadings().data.reshape(4, -1) for s in (second, own)
    )
    alike = np.corrcoef(maps, true)[:4, 4:]
    lowest = alike[linear_sum_assignment(-alike)].min()
    return lowest, between - begin, end - begin_other


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[3, 4, 5])
    parser.add_argument("--starts", type=int, default=10, help="starts of each run")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| seed | matrix | components | crystals | median | lowest | CPU (s) |")
    print(f"|{'---|' * 7}")
    for seed in arguments.seeds:
        for known in (False, True):
            row = crystals(seed, arguments.starts, known)
            cells = " | ".join(f"{v:.4g}" for v in row)
            word = "known" if known else "found"
            print(f"| {seed} | {word} | {cells} |", flush=True)
    print("\n| seed | lowest correlation | decomposition (s) | apply_factors (s) |")
    print(f"|{'---|' * 4}")
    for seed in arguments.seeds:
        cells = " | ".join(f"{v:.4g}" for v in other_scan(seed))
        print(f"| {seed} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
