"""What is timed, in turn, and how times are printed."""

from statistics import median
from time import perf_counter

QUIET = {"print_info": False, "show_progressbar": False}


def decompose(scan, n_components, **settings):
    """Run constrained NMF from one seed, and return its result."""
    return scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        random_state=0,
        return_info=True,
        **settings,
        **QUIET,
    )


def timed(function):
    """Return the seconds that a call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def in_turn(functions, repeats):
    """Return the median time of each function by its name, run in turn."""
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            times[name].append(timed(function))
    return {name: median(values) for name, values in times.items()}


def print_times(times):
    """Print times, and how many times that of the last each is."""
    *_, peer = times.values()
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.2f} s | {seconds / peer:.2f} |", flush=True)
