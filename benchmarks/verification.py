"""Whether residuals, checks and uncertainties say what is true, on simulated data.

``python -m benchmarks.verification`` prints the table of ten seeds.
"""

import argparse
import warnings
from dataclasses import dataclass

import numpy as np

from hspy_cnmf import data, structure_mask
from hspy_cnmf.verification.fitted_fractions import fit_fractions
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.noise import PoissonNoise

#: Data sets with their arguments and their number of components.
CASES = {
    "four_phases": (data.four_phases, {}, 4),
    "four_phases, 1000 electrons": (data.four_phases, {"dose": 1e3}, 4),
    "twinned_silver": (data.twinned_silver, {}, 6),
}

QUICK = {"four_phases": (data.four_phases, {"detector_shape": (64, 64)}, 4)}


@dataclass(frozen=True)
class Case:
    """A simulated scan with its truth."""

    signal: object
    truth: object
    mask: object
    n_components: int

    @classmethod
    def make(cls, make, arguments, n_components, seed):
        """Simulate a scan with one seed."""
        signal, truth = make(random_state=seed, return_truth=True, **arguments)
        return cls(signal, truth, structure_mask(signal), n_components)

    def decompose(self, n_components, seed, n_init):
        """Decompose with the default constraints."""
        self.signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            signal_mask=self.mask,
            random_state=seed,
            n_init=n_init,
            print_info=False,
            show_progressbar=False,
        )

    def most_flagged(self, flagged):
        """Return the largest share that is flagged of where one component is strong.

        That is where it has more than half of its highest fraction.
        """
        loadings = self.truth.loadings.data
        fractions = loadings / loadings.sum(axis=0)
        strong = [f > 0.5 * f.max() for f in fractions]
        return max(flagged[image].mean() for image in strong)

    def pulls(self):
        """Return errors of fractions over their uncertainties, with known factors.

        At positions where a component has more than five times its uncertainty, and
        another one has, too.
        """
        keep = ~self.mask.data
        truth = self.truth.loadings.data
        factors = self.truth.factors.data[:, keep].astype(float)
        loadings = truth.reshape(len(truth), -1).astype(float)
        everywhere = np.ones(truth.shape[1:], bool)
        model = FittedModel(factors, loadings, keep, everywhere, "truth")
        maps = fit_fractions(self.signal.data, model, PoissonNoise(), None)
        found, uncertainty = (stack.reshape(len(stack), -1) for stack in maps)
        loadings = loadings * factors.sum(axis=1, keepdims=True)
        true = loadings / loadings.sum(axis=0)
        strong = true > 5 * np.median(uncertainty, axis=0)
        strong &= strong.sum(axis=0) > 1
        return ((found - true) / uncertainty)[strong]


def measure(name, case_arguments, seed, n_init):
    """Return the numbers of one seed by what they are."""
    case = Case.make(*case_arguments, seed)
    case.decompose(case.n_components, seed, n_init)
    residual = case.signal.get_decomposition_residual(significance=0.01)
    rare = (residual.probability.data < 1e-3).mean()
    table = case.signal.check_components().table
    spotted = table["n_own_spots"] > 0
    share = table["correlation"] / table["possible_correlation"]
    case.decompose(case.n_components - 1, seed, n_init)
    poorer = case.signal.get_decomposition_residual()
    found = case.most_flagged(poorer.flagged.data)
    doubtful = len(case.signal.check_components().to_look_at) > 0
    return {
        "chi-square": residual.chi_square.data.mean(),
        "flagged at 1 %": 100 * residual.flagged.data.mean(),
        "at 0.1 %": 100 * rare,
        "dark field": share[spotted].min(initial=1),
        "to look at": table["look_again"].sum(),
        "pulls": case.pulls().std(),
        "n - 1: flagged": poorer.flagged.data.sum(),
        "of where it is": found,
        "n - 1: to look at": doubtful,
        "n - 1: found": found > 0.5,
    }


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--starts", type=int, default=5, help="starts of each run")
    parser.add_argument("--data", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--quick", action="store_true", help="one seed of a small scan")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = QUICK if arguments.quick else {n: CASES[n] for n in arguments.data}
    seeds, starts = (1, 2) if arguments.quick else (arguments.seeds, arguments.starts)
    for name, case in cases.items():
        rows = [measure(name, case, seed, starts) for seed in range(seeds)]
        heads = list(rows[0])
        print(f"\n### {name}\n\n| seed | {' | '.join(heads)} |")
        print(f"|---{'|---' * len(heads)}|")
        for seed, row in enumerate(rows):
            print(f"| {seed} | {' | '.join(f'{float(v):.4g}' for v in row.values())} |")
        means = [np.mean([row[head] for row in rows]) for head in heads]
        print(f"| mean | {' | '.join(f'{m:.4g}' for m in means)} |", flush=True)


if __name__ == "__main__":
    main()
