"""What it changes that starts end which have become copies, and what errors foretell.

``python -m benchmarks.starts`` prints for each scene which part of the iterations and
of the processor time of a call is left where copies end, and by how much the error, the
lowest cosine of true patterns and the fraction of starts that found a component again
change. ``--errors`` runs all starts to their ends, without pruning, and prints how far
the lowest error found is above that of all ten: of the best of fewer starts, and where
the worse half is given up at some iteration, and again whenever that has doubled.
"""

import argparse
import logging
import warnings
from math import comb
from time import process_time
from unittest.mock import patch

import hyperspy.api as hs
import numpy as np
from pyxem.signals import ElectronDiffraction2D
from scipy.optimize import linear_sum_assignment

from benchmarks import other_scenes, overlap, scenes
from benchmarks.likeness import cosines
from hspy_cnmf import data, structure_mask
from hspy_cnmf.solver import loop

_N_STARTS = 10

#: Components that are asked for, and the size, of scenes that come with the package.
_OURS = {
    "four_phases": (6, {"shape": (40, 40), "detector_shape": (64, 64)}),
    "oriented_grains": (8, {"shape": (32, 32)}),
    "aluminium_precipitates": (8, {"shape": (32, 32)}),
    "metallic_glass": (
        20,
        {"shape": (40, 40), "detector_shape": (64, 64), "n_precipitates": 5},
    ),
}
_SCENES = "random", "aligned_dense", "two_amorphous", "replacing"
_OTHERS = "probe", "wedge", "grains", "glasses", "edx"
NAMES = (*_SCENES, *_OTHERS, *_OURS, "overlap")


def make(name, seed):
    """Return a signal, its mask, how many components to ask for, and true patterns."""
    if name in _OURS:
        n, size = _OURS[name]
        made = getattr(data, name)(random_state=seed, return_truth=True, **size)
        signal, true = made[0], made[1].factors.data
    elif name == "overlap":
        n = 12
        signal, maps = overlap.overlap(n, 40, seed)
        patterns = signal.data.reshape(maps.shape[1], -1)
        true = overlap.patterns_of(patterns, maps)[:-1]
    elif name in _SCENES:
        counts, true, *_ = scenes.scene(name, seed)
        signal, n = ElectronDiffraction2D(counts), len(true) + 1
    elif name == "edx":
        counts, true, *_ = other_scenes.spectra(name, seed)
        return hs.signals.Signal1D(counts), None, len(true), true
    else:
        counts, true, _, _, center = other_scenes.diffraction(name, seed)
        signal, n = ElectronDiffraction2D(counts), len(true)
        signal.calibration.center = tuple(center[::-1])
    return signal, structure_mask(signal), n, true.reshape(len(true), -1)


def decompose(signal, mask, n, **settings):
    """Return the result of all starts, and the processor time of the call."""
    begin = process_time()
    result = signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n,
        signal_mask=mask,
        n_init=_N_STARTS,
        random_state=0,
        print_info=False,
        return_info=True,
        show_progressbar=False,
        **settings,
    )
    return result, process_time() - begin


def lowest_cosine(signal, mask, true):
    """Return the lowest cosine of true patterns with those found."""
    found = np.nan_to_num(signal.learning_results.factors.T.astype(float))
    keep = slice(None) if mask is None else ~mask.data.ravel()
    alike = cosines(true[:, keep], found[:, keep])
    return alike[linear_sum_assignment(-alike)].min()


def pair(name, seed):
    """Return ratios and differences of a run with copies that end and one without."""
    signal, mask, n, true = make(name, seed)
    with patch.object(loop, "with_copies", lambda states, *_: states):
        whole, time = decompose(signal, mask, n)
    cosine = lowest_cosine(signal, mask, true)
    result, own_time = decompose(signal, mask, n)
    again = result.found_again, whole.found_again
    return (
        result.n_iter.sum() / whole.n_iter.sum(),
        own_time / time,
        result.error / whole.error - 1,
        lowest_cosine(signal, mask, true) - cosine,
        np.nanmean(again[0]) - np.nanmean(again[1]),
    )


def best_of(errors, n):
    """Return the lowest of n errors that is to be expected, over the lowest of all."""
    errors, last = np.sort(errors), len(errors) - 1
    ways = [comb(last - k, n - 1) for k in range(len(errors))]
    return np.dot(ways, errors) / comb(len(errors), n) / errors[0] - 1


def halved(histories, lengths, first):
    """Return the error that halving ends with, over the lowest, and its iterations."""
    last, running = lengths.max(), np.arange(len(lengths))
    at = first
    spent = lengths.copy()
    while at < last and len(running) > 2:
        errors = histories[running, np.minimum(at, lengths[running]) - 1]
        order = running[np.argsort(errors, kind="stable")]
        running = order[: max(2, -(-len(order) // 2))]
        given_up = np.setdiff1d(order, running)
        spent[given_up] = np.minimum(spent[given_up], at)
        at *= 2
    ends = histories[np.arange(len(lengths)), lengths - 1]
    return ends[running].min() / ends.min() - 1, spent.sum() / lengths.sum()


def print_errors(names, seeds):
    """Print how far above the lowest error fewer starts and halving end."""
    fewer, firsts = range(1, _N_STARTS), (50, 100, 200)
    rows = []
    for name in names:
        for seed in seeds:
            signal, mask, n, _ = make(name, seed)
            settings = {"prune": False, "init": "random"}
            result, _ = decompose(signal, mask, n, **settings)
            row = [(best_of(result.last_errors, k), k / _N_STARTS) for k in fewer]
            history = result.error_history, result.n_iter
            rows.append([*row, *(halved(*history, first) for first in firsts)])
    print(
        "| | iterations | error above the lowest: mean | largest |\n|---|---|---|---|"
    )
    labels = [*(f"best of {k}" for k in fewer), *(f"halved from {k}" for k in firsts)]
    for label, column in zip(labels, np.array(rows).swapaxes(0, 1), strict=True):
        above, share = column.T
        print(
            f"| {label} | {share.mean():.2f} | {above.mean():.1e} | {above.max():.1e} |"
        )


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--errors", action="store_true", help="do errors foretell?")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("hspy_cnmf").setLevel(logging.ERROR)
    if options.errors:
        print_errors(options.names, options.seeds)
        return
    print("| | seed | iterations | time | error | cosine | found again |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows = []
    for name in options.names:
        for seed in options.seeds:
            rows.append(pair(name, seed))
            cells = "{:.2f} | {:.2f} | {:+.1e} | {:+.4f} | {:+.3f}".format(*rows[-1])
            print(f"| {name} | {seed} | {cells} |", flush=True)
    for label, of in (("mean", np.mean), ("least", np.min), ("most", np.max)):
        cells = "{:.2f} | {:.2f} | {:+.1e} | {:+.4f} | {:+.3f}".format(
            *of(rows, axis=0)
        )
        print(f"| {label} | | {cells} |")


if __name__ == "__main__":
    main()
