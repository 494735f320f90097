"""Iterations on a GPU against two processors, and against what the card can move.

``python -m benchmarks.device``, with CuPy and a GPU. Each row is one decomposition on a
sketch, ten starts to the last iteration. The loop alone is compared, and the call.
"""

import os
import time

import cupy
import numpy as np

from benchmarks.likeness import cosines
from hspy_cnmf import data, get_result
from hspy_cnmf.operators.range_finder import automatic_rank
from hspy_cnmf.solver import factorise, loop

N_STARTS, N_ITERATIONS = 10, 100


def scans():
    """Return the scans, and how many components are sought in each."""
    glass = data.metallic_glass(n_precipitates=20, random_state=0)
    large = data.four_phases((256, 256), detector_shape=(128, 128), random_state=0)
    return {
        "metallic_glass, 58 x 58 x 128 x 128": (glass, 30),
        "four_phases, 256 x 256 x 128 x 128": (large, 10),
    }


def bandwidth():
    """Return how many bytes a second the card copies, read and written, in itself."""
    source = cupy.ones(2**28, np.float32)
    target = cupy.empty_like(source)
    best = np.inf
    for _ in range(5):
        cupy.cuda.Device().synchronize()
        begin = time.perf_counter()
        target[...] = source
        cupy.cuda.Device().synchronize()
        best = min(best, time.perf_counter() - begin)
    return 2 * source.nbytes / best


def decomposed(signal, n_components, device, **settings):
    """Return the result, seconds of the call and of the loop, and iterations done."""
    seconds, n_done = [], []

    def timed_run(operator, starts, *rest):
        begin = time.perf_counter()
        states = loop.run(operator, starts, *rest)
        seconds.append(time.perf_counter() - begin)
        n_done.append(sum(len(state.history) for state in states))
        return states

    factorise.run = timed_run
    begin = time.perf_counter()
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        n_init=N_STARTS,
        device=device,
        random_state=0,
        show_progressbar=False,
        print_info=False,
        **settings,
    )
    total = time.perf_counter() - begin
    factorise.run = loop.run
    return get_result(signal), total, sum(seconds), sum(n_done)


def moved(result, n_done):
    """Return the bytes that iterations move at the least: bases and stacks, once each.

    Bases are read twice an iteration of all starts together; of each start factors,
    maps, and products of both are read and written once.
    """
    rank = automatic_rank(len(result.factors))
    n_columns = result.factors.shape[1] + result.loadings.shape[1]
    n = len(result.factors)
    return 4 * n_columns * (2 * rank * n_done / N_STARTS + 4 * n * n_done)


def main():
    """Print the table."""
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    speed = bandwidth()
    n_processors = len(os.sched_getaffinity(0))
    print(f"{name}, copies {speed / 1e12:.2f} TB/s; {n_processors} processors\n")
    head = "| | device | call | loop | an iteration of a start | of the bandwidth |"
    print(head + "\n|---|---|---|---|---|---|")
    for title, (signal, n) in scans().items():
        found = {}
        for device in ("gpu", "cpu"):
            decomposed(signal, n, device, max_iter=2)  # compiles
            settings = {"prune": False, "tol": 0, "max_iter": N_ITERATIONS}
            found[device], *times = decomposed(signal, n, device, **settings)
            print_times(
                f"{title}, {n}, prune=False", device, found[device], times, speed
            )
        print_differences(*(found[device] for device in ("cpu", "gpu")))
        result, *times = decomposed(signal, n, "gpu")
        print_times(f"{title}, {n}", "gpu", result, times, speed)


def print_times(title, device, result, times, speed):
    """Print a row: what the loop takes, and how much of what the card can move."""
    total, seconds, n_done = times
    share = moved(result, n_done) / seconds / speed
    print(
        f"| {title} | {device} | {total:.1f} s | {seconds:.1f} s "
        f"| {1e3 * seconds / n_done:.2f} ms | {share:.3f} |",
        flush=True,
    )


def print_differences(one, other):
    """Print by how much factors and maps differ: one minus cosines, the worst."""
    worst = []
    for name in ("factors", "loadings"):
        a, b = getattr(one, name), getattr(other, name)
        there = a.any(axis=1) & b.any(axis=1)
        worst.append(1 - cosines(a[there], b[there]).diagonal().min())
    factors, maps = worst
    print(
        f"| differ by (1 - cosine) | factors {factors:.1e} | maps {maps:.1e} "
        f"| errors {one.error:.8g}, {other.error:.8g} "
        f"| found {one.n_found}, {other.n_found} | |",
        flush=True,
    )


if __name__ == "__main__":
    main()
