"""Number of components that a scan suggests, against the truth, and its time.

``python -m benchmarks.selection`` prints both tables; ``--help`` tells what can be left
out. ``python -m benchmarks.selection --elsewhere`` prints what each criterion says of
the scans and spectra of `benchmarks.other_scenes`, and how many principal components
are above noise, if that is of counts (Marchenko & Pastur).
"""

import argparse
import warnings
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.other_scenes import KINDS, signal_of
from benchmarks.quality import DATA
from benchmarks.speed.timing import QUIET, print_times, timed
from hspy_cnmf import data, structure_mask


@dataclass(frozen=True)
class Trial:
    """Scans of one data set, whose number of components is known.

    Parameters
    ----------
    name : str
        One of `benchmarks.quality.DATA`.
    numbers : range
        Numbers of components tried.
    size : dict
        Arguments of the data set.
    within : int
        Largest distance from the truth at which a suggestion counts as right.
    """

    name: str
    numbers: range
    size: dict
    within: int = 0

    def scan(self, seed, **settings):
        """Return the true number of components, and the scan."""
        make, _ = DATA[self.name]
        signal, truth = make(random_state=seed, return_truth=True, **self.size)
        mask = structure_mask(signal)
        scan = signal.scan_output_dimension(
            self.numbers,
            signal_mask=mask,
            random_state=seed,
            **QUIET,
            **settings,
        )
        return n_distinct(truth.factors.data[:, ~mask.data]), scan


def n_distinct(factors):
    """Return how many of some patterns can be told apart.

    Precipitates are turned at random, so that two of a family may all but coincide: a
    pattern counts if less than 95 % of it is a mixture of those before it.
    """
    distinct = np.linalg.qr((factors / np.linalg.norm(factors, axis=1)[:, None]).T)
    return int(np.count_nonzero(np.abs(np.diag(distinct.R)) > np.sqrt(1 - 0.95**2)))


#: The glass is small: with 20 precipitates a scan of 30 numbers takes an hour.
TRIALS = (
    Trial("four_phases", range(1, 11), {}),
    Trial("twinned_silver", range(2, 13), {}, within=1),
    Trial(
        "metallic_glass",
        range(2, 15),
        {"shape": (40, 40), "detector_shape": (64, 64), "n_precipitates": 8},
    ),
)

QUICK_TRIALS = (
    Trial("four_phases", range(2, 6), {"detector_shape": (48, 48)}),
    Trial("twinned_silver", range(4, 8), {"shape": (40, 80), "binning": 4}, within=1),
)


def suggestions(trial, n_seeds, **settings):
    """Print what each criterion says for each seed, and how often it is right."""
    print(f"\n### {trial.name}, {trial.numbers[0]} to {trial.numbers[-1]} components\n")
    print(
        "| seed | truth | suggested | more than noise | held-out | PCA left after "
        "| restarts agree to |"
    )
    print("|---|---|---|---|---|---|---|")
    n_right = 0
    for seed in range(n_seeds):
        truth, scan = trial.scan(seed, **settings)
        n_right += abs(scan.suggested - truth) <= trial.within
        choices = " | ".join(
            str(value) for value in scan.parameters["choices"].values()
        )
        print(f"| {seed} | {truth} | {scan.suggested} | {choices} |", flush=True)
    print(f"\nright, or within {trial.within}: {n_right} of {n_seeds}", flush=True)


def above_noise(counts):
    """Return how many principal components of counts, (n, m), are above their noise."""
    seen = counts[counts.any(axis=1)][:, counts.any(axis=0)].astype(float)
    mean = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    values = np.linalg.svd(seen / np.sqrt(mean), compute_uv=False)
    return int(np.count_nonzero(values > sum(np.sqrt(seen.shape))))


def elsewhere(kinds, seeds):
    """Print what each criterion says of scans and spectra of other simulations."""
    heads = "suggested", "more than noise", "held-out", "PCA left after"
    heads = *heads, "restarts agree to", "above noise"
    print(f"| kind | seed | truth | {' | '.join(heads)} |\n|---|---|---{'|---' * 6}|")
    right = np.zeros(len(heads), int)
    for kind in kinds:
        for seed in seeds:
            signal, mask, pixels, factors, *_ = signal_of(kind, seed)
            n = len(factors)
            scan = signal.scan_output_dimension(
                range(1, n + 6), signal_mask=mask, random_state=0, **QUIET
            )
            counts = signal.data[..., pixels].reshape(-1, np.count_nonzero(pixels))
            said = [scan.suggested, *scan.parameters["choices"].values()]
            said.append(above_noise(counts))
            right += np.array([number == n for number in said])
            print(
                f"| {kind} | {seed} | {n} | {' | '.join(map(str, said))} |", flush=True
            )
    print(f"| right | | {len(kinds) * len(seeds)} | {' | '.join(map(str, right))} |")


def time_ratio(signal, numbers, n_init):
    """Print the time of a scan, and of one HyperSpy NMF with the most components."""
    mask = structure_mask(signal)
    single = signal.deepcopy()
    single.change_dtype("float32")

    def scan():
        signal.scan_output_dimension(
            numbers, signal_mask=mask, n_init=n_init, random_state=0, **QUIET
        )

    def peer(**masks):
        single.decomposition(
            algorithm="NMF", output_dimension=numbers[-1], print_info=False, **masks
        )

    warm = data.four_phases((9, 9), detector_shape=(16, 16), random_state=0)
    warm.scan_output_dimension([2], n_init=1, max_iter=2, **QUIET)  # compiles
    title, shape = signal.metadata.General.title, signal.data.shape
    print(f"\n### {title}, {shape}, {n_init} starts of ")
    print(
        f"{numbers[0]} to {numbers[-1]} components\n\n| | time | ratio |\n|---|---|---|"
    )
    peers = f"HyperSpy NMF, {numbers[-1]} components, one run"
    print_times(
        {
            "scan": timed(scan),
            f"{peers}, no mask": timed(peer),
            f"{peers}, same mask": timed(lambda: peer(signal_mask=mask)),
        }
    )


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [trial.name for trial in TRIALS]
    parser.add_argument("--data", nargs="*", default=names, choices=names)
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--dose", type=float, help="electrons a pattern")
    parser.add_argument("--no-time", action="store_true")
    parser.add_argument("--elsewhere", nargs="*", choices=KINDS, help="other scans")
    parser.add_argument(
        "--quick", action="store_true", help="little data, only to see that it runs"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.quick:
        for trial in QUICK_TRIALS:
            suggestions(trial, 1, n_init=2)
        small = data.four_phases((20, 20), detector_shape=(32, 32), random_state=0)
        time_ratio(small, range(2, 5), 2)
        return
    if arguments.elsewhere is not None:
        elsewhere(arguments.elsewhere or KINDS, range(arguments.seeds))
        return
    dose = {"dose": arguments.dose} if arguments.dose else {}
    for trial in TRIALS:
        if trial.name in arguments.data:
            trial = replace(trial, size=trial.size | dose)
            suggestions(trial, arguments.seeds)
    if not arguments.no_time:
        size = {"shape": (58, 58), "detector_shape": (128, 128), "random_state": 0}
        time_ratio(data.four_phases(**size), range(2, 21), 5)
        time_ratio(data.metallic_glass(n_precipitates=6, **size), range(2, 21), 5)


if __name__ == "__main__":
    main()
