"""How near the truth each method comes, on data sets whose truth is known.

``python -m benchmarks.quality`` prints the tables; ``--help`` tells what can be left
out. Peers run where they are installed: ``pip install ".[benchmarks]"`` brings pyMCR;
``pip install --no-deps espm exspy`` brings espm, which asks for an older HyperSpy.
"""

import argparse
import time
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks import peers
from benchmarks.clustering import tables as clustering
from benchmarks.likeness import correlations, cosines
from hspy_cnmf import ConstrainedNMF, data, structure_mask
from hspy_cnmf._hyperspy.calibration import pattern_center
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.operators import StreamedOperator

DATA = {
    "four_phases": (data.four_phases, 4),
    "twinned_silver": (data.twinned_silver, 6),
    "metallic_glass": (data.metallic_glass, 30),
}

#: Published: the mean of rings, rings of the matrix left where they end, random starts.
PUBLISHED = {"init": "random", "prune": False, "solver": "als"}
BOTH = {"factor_constraint": "auto", "loading_constraint": "auto"}

OURS = {
    "primitive (als)": PUBLISHED,
    "primitive": {"init": "random", "prune": False},
    "maps only": {"loading_constraint": "auto"},
    "diffractions only": {"factor_constraint": "auto"},
    "published": PUBLISHED
    | {
        "factor_constraint": RadialFloor(level="mean"),
        "loading_constraint": GaussianSmoothing(),
        "matrix": None,
    },
    "both, mean of rings": BOTH | {"factor_constraint": RadialFloor(level="mean")},
    "both, rings left in crystals": BOTH | {"matrix": None},
    "both, random starts": BOTH | {"init": "random"},
    "both, one pure start": BOTH | {"init": "pure", "n_init": 1},
    "both, not pruned": BOTH | {"prune": False},
    "both": BOTH,
    "both, Poisson": BOTH | {"normalize_poissonian_noise": True},
}


@dataclass(frozen=True)
class Case:
    """A data set, its mask and its truth on the pixels that take part."""

    signal: object
    mask: object
    factors: np.ndarray
    loadings: np.ndarray
    n_components: int
    rings: Rings
    whole_rings: np.ndarray

    @classmethod
    def make(cls, name, seed, shape=None):
        """Simulate a data set with one seed, or a small scan of it."""
        make, n_components = DATA[name]
        size = {} if shape is None else {"shape": shape}
        signal, truth = make(random_state=seed, return_truth=True, **size)
        mask = structure_mask(signal)
        keep = ~mask.data
        center = pattern_center(signal, keep.astype(float))
        radii = pixel_radii(keep.shape, center)[keep]
        return cls(
            signal=signal,
            mask=mask,
            factors=truth.factors.data[:, keep].astype(float),
            loadings=truth.loadings.data.reshape(len(truth.families), -1),
            n_components=n_components,
            rings=Rings.from_radii(radii),
            whole_rings=radii < radii.max() - 1,
        )

    @property
    def matrix(self):
        """The data as positions x pixels that take part, in single precision."""
        keep = ~self.mask.data
        return self.signal.data[..., keep].reshape(-1, keep.sum()).astype(np.float32)

    def darkest(self, factor):
        """Return the darkest pixel over the level of its ring, in [0, 1]."""
        level = self.rings.interpolate(self.rings.means(factor))
        return float((factor / np.maximum(level, 1e-30))[self.whole_rings].min())


@dataclass(frozen=True)
class Score:
    """Agreement with the truth, component by component in the order of the truth."""

    cosines: np.ndarray
    correlations: np.ndarray
    darkest: float
    error: float
    seconds: float
    near_best: str = ""

    @classmethod
    def of(cls, case, factors, loadings, seconds, near_best=""):
        """Match components by the cosine of their factors and score them."""
        cosine = cosines(case.factors, factors)
        true, found = linear_sum_assignment(-cosine)
        correlation = correlations(case.loadings, loadings)
        amorphous = 0 if len(case.factors) != 6 else 5
        model = loadings.T @ factors
        return cls(
            cosines=cosine[true, found],
            correlations=correlation[true, found],
            darkest=case.darkest(factors[found[amorphous]]),
            error=float(np.mean((case.matrix - model) ** 2)),
            seconds=seconds,
            near_best=near_best,
        )

    def row(self):
        """Return the score as a line of a table."""
        if len(self.cosines) > 8:
            cosines = (
                f"min {self.cosines.min():.3f} median {np.median(self.cosines):.3f}"
            )
            maps = (
                f"first {self.correlations[0]:.3f} median "
                f"{np.median(self.correlations):.3f}"
            )
        else:
            cosines = " ".join(f"{c:.4f}" for c in self.cosines)
            maps = " ".join(f"{c:.4f}" for c in self.correlations)
        return (
            f"{cosines} | {maps} | {self.darkest:.3f} | {self.error:.5g} | "
            f"{self.near_best} | {self.seconds:.1f}"
        )


def run_ours(case, seed, n_init, **settings):
    """Decompose the signal as a user does and return factors, loadings, the result."""
    settings = {
        "factor_constraint": None,
        "loading_constraint": None,
        "output_dimension": case.n_components,
        "n_init": n_init,
    } | settings
    result = case.signal.decomposition(
        algorithm="constrained_nmf",
        signal_mask=case.mask,
        random_state=seed,
        print_info=False,
        return_info=True,
        show_progressbar=False,
        **settings,
    )
    return result


def near_best(result):
    """Return how many starts ended within 0.1 % of the lowest error."""
    last = result.last_errors
    return f"{np.count_nonzero(last <= 1.001 * last.min())}/{len(last)}"


def oracle(case):
    """Return factors and loadings that least squares gives where the other is known."""
    keep = np.ones(case.loadings.shape[1], bool), np.ones(case.factors.shape[1], bool)
    operator = StreamedOperator(case.matrix, *keep)
    estimator = ConstrainedNMF()
    estimator.components_ = case.factors
    estimator.n_features_in_ = case.factors.shape[1]
    loadings = estimator.transform(case.matrix).T
    gram = case.loadings @ case.loadings.T
    factors = np.linalg.solve(gram, operator.patterns(case.loadings))
    return np.maximum(factors, 0), loadings


def benchmark(name, seed, n_init, with_peers, shape=None):
    """Print the table of one data set."""
    case = Case.make(name, seed, shape)
    print(f"\n### {name}, seed {seed}, {case.n_components} components\n")
    print("method | cosine of factors | correlation of maps | darkest | MSE | ", end="")
    print("starts within 0.1 % | s\n--- | --- | --- | --- | --- | --- | ---")
    for method, settings in OURS.items():
        start = time.perf_counter()
        result = run_ours(case, seed, **{"n_init": n_init} | settings)
        seconds = time.perf_counter() - start
        score = Score.of(
            case, result.factors, result.loadings, seconds, near_best(result)
        )
        print(f"{method} | {score.row()}", flush=True)
    if with_peers:
        for method, run in peers.available().items():
            start = time.perf_counter()
            factors, loadings = run(case.matrix, case.n_components, seed)
            seconds = time.perf_counter() - start
            score = Score.of(case, factors, loadings, seconds)
            print(f"{method} | {score.row()}", flush=True)
    if case.n_components == len(case.factors):
        score = Score.of(case, *oracle(case), 0.0)
        print(f"(the other side known) | {score.row()}", flush=True)


def exactness(seed):
    """Print how far a sketch is from the data, and lazy signals from eager ones."""
    case = Case.make("four_phases", seed)
    init = np.random.default_rng(seed).random((4, case.loadings.shape[1]))
    settings = OURS["both"] | {"init": init, "tol": 1e-6, "matrix": None}
    exact = run_ours(case, seed, 1, **settings, compression=None)
    rough = run_ours(case, seed, 1, **settings)
    cosine = cosines(exact.factors, rough.factors)
    order = linear_sum_assignment(-cosine)
    factors = cosine[order].min()
    maps = correlations(exact.loadings, rough.loadings)[order].min()
    print(f"\nsketch against data, same start: cosine of factors >= {factors:.6f},")
    print(f"correlation of maps >= {maps:.6f}")
    lazy = data.four_phases(random_state=seed, lazy=True, chunks=(7, 11))
    lazy_case = Case(**(vars(case) | {"signal": lazy}))
    both = [run_ours(c, seed, 10, **OURS["both"]) for c in (case, lazy_case)]
    models = [result.loadings.T @ result.factors for result in both]
    difference = np.linalg.norm(models[0] - models[1]) / np.linalg.norm(models[0])
    print(f"lazy against eager: relative difference of W H {difference:.1e}")


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")
    parser.add_argument("--starts", type=int, default=10, help="starts of our method")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument(
        "--clustering",
        action="store_true",
        help="the tables of benchmarks.clustering instead",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a small scan, only to see that it runs"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.quick:
        benchmark("four_phases", 0, 2, with_peers=False, shape=(12, 12))
        clustering.main(["--quick"])
        return
    if arguments.clustering:
        clustering.main([])
        return
    for name in arguments.data:
        for seed in range(arguments.seeds):
            benchmark(name, seed, arguments.starts, not arguments.no_peers)
    if "four_phases" in arguments.data:
        exactness(0)


if __name__ == "__main__":
    main()
