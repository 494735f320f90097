"""Data in memory: against scikit-learn and pyMCR, and a sketch against the data."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec

import numpy as np
from sklearn.decomposition import NMF

from benchmarks.speed.timing import decompose, in_turn, print_times, timed
from hspy_cnmf import data, make_sketch, structure_mask
from hspy_cnmf.operators.range_finder import automatic_rank
from hspy_cnmf.operators.threads import n_processors, single_threaded_blas

N_STARTS = 10

#: Iterations of what is too slow for as many as the others have.
_FEW_ITERATIONS = 5


def make_scan(shape, detector_shape):
    """Return the scan in single precision, and the mask of what is not structure."""
    scan = data.metallic_glass(
        shape, detector_shape=detector_shape, n_precipitates=6, random_state=0
    )
    scan.change_dtype("float32")
    return scan, structure_mask(scan)


def run_starts(scan, mask, n_components, max_iter, n_init=N_STARTS, **settings):
    """Run the starts to the last iteration."""
    decompose(
        scan,
        n_components,
        signal_mask=mask,
        n_init=n_init,
        max_iter=max_iter,
        tol=0,
        **settings,
    )


def in_memory(shape, detector_shape, n_components, iterations, repeats):
    """Ten restarts with both constraints against one of scikit-learn with none."""
    scan, mask = make_scan(shape, detector_shape)
    keep = ~mask.data
    matrix = scan.data[..., keep].reshape(-1, keep.sum())
    ours = partial(run_starts, scan, mask, n_components, iterations)
    theirs = NMF(
        n_components,
        init="random",
        solver="cd",
        tol=0,
        max_iter=iterations,
        random_state=0,
    )
    rank = automatic_rank(n_components)
    sketch = make_sketch(scan, rank, signal_mask=mask, show_progressbar=False)
    run_starts(scan, mask, n_components, 2, n_init=1)  # compiles
    print(f"\n{matrix.shape[0]} positions x {matrix.shape[1]} pixels, {n_components}")
    print(f"components, {iterations} iterations, float32 in memory\n")
    print("| | median time | ratio |\n|---|---|---|")
    all_components = f"ours, {N_STARTS} starts, both constraints, prune=False"
    products = f"their products with the sketch of rank {sketch.rank} alone"
    runs = {
        f"ours, {N_STARTS} starts, both constraints": ours,
        all_components: partial(ours, prune=False),
        products: partial(_products, sketch.operator, n_components, iterations),
        "scikit-learn NMF, cd, one start, no constraints": partial(
            theirs.fit_transform, matrix
        ),
    }
    times = in_turn(runs, repeats)
    print_times(times)
    n_iterations = N_STARTS * iterations
    _print_iterations(
        {
            "ours, prune=False": times[all_components] / n_iterations,
            "its products with the sketch alone": times[products] / n_iterations,
            **_few_iterations(matrix, n_components),
        }
    )


def _products(sketch, n_components, iterations):
    """Multiply with a sketch as often as all starts do, and do nothing else."""

    def one_start(seed):
        rng = np.random.default_rng(seed)
        loadings, factors = (
            rng.random((n_components, n), dtype=np.float32) for n in sketch.shape
        )
        for _ in range(iterations):
            sketch.patterns(loadings)
            sketch.images(factors)

    with single_threaded_blas(), ThreadPoolExecutor(n_processors()) as pool:
        list(pool.map(one_start, range(N_STARTS)))


def _few_iterations(matrix, n_components):
    """Return the seconds of one iteration of what needs no more to be known."""
    rng = np.random.default_rng(0)
    loadings, factors = (
        rng.random((n_components, n), dtype=np.float32) for n in matrix.shape
    )

    def products():
        for _ in range(_FEW_ITERATIONS):
            loadings @ matrix
            factors @ matrix.T

    runs = {"products with the data themselves, no sketch": products}
    if find_spec("pymcr"):
        runs["pyMCR (OLS, non-negative)"] = partial(_pymcr, matrix, n_components)
    return {name: timed(run) / _FEW_ITERATIONS for name, run in runs.items()}


def _pymcr(matrix, n_components):
    from pymcr.mcr import McrAR

    start = np.random.default_rng(0).random((len(matrix), n_components))
    McrAR(max_iter=_FEW_ITERATIONS, tol_increase=1e9, tol_n_increase=100).fit(
        matrix, C=start
    )


def _print_iterations(times):
    ours = next(iter(times.values()))
    print("\n| an iteration of one start | time | ratio |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {1e3 * seconds:.2f} ms | {seconds / ours:.2f} |", flush=True)


def exact(shape, detector_shape, n_components, repeats):
    """One start on a sketch against the same start on the data in memory."""
    scan = data.four_phases(shape, detector_shape=detector_shape, random_state=0)
    errors = {}

    def ours(compression):
        result = decompose(scan, n_components, n_init=1, compression=compression)
        errors[compression] = result.error

    print(f"\n{shape} positions x {detector_shape} pixels in memory, {n_components}")
    print("components, one start to convergence\n")
    print("| | median time | ratio |\n|---|---|---|")
    runs = {"on a sketch": partial(ours, "auto"), "on the data": partial(ours, None)}
    print_times(in_turn(runs, repeats))
    ratio = errors["auto"] / errors[None]
    print(f"\nThe error is {ratio:.5f} times that of the run on the data.")
