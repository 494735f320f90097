"""The tables of ``python -m benchmarks.speed``.

Ours and the peer run in turn; medians and their ratio are printed. Names of tables
print these alone; ``--quick`` prints all of little data, only to see that it runs.
"""

import argparse
import logging
import tempfile
import warnings
from functools import partial

from benchmarks.speed import files, in_memory
from benchmarks.speed.profile import print_profile


def profile(folder, memory, lazy):
    """Where the time goes of the runs in memory and from a file."""
    shape, detector_shape, n_components, iterations = memory
    scan, mask = in_memory.make_scan(shape, detector_shape)
    in_memory.run_starts(scan, mask, n_components, 2, n_init=1)  # compiles
    print(f"\n{shape} positions x {detector_shape} pixels in memory, {n_components}")
    print("components. One processor,", end=" ")
    print(f"{in_memory.N_STARTS} starts, {iterations} iterations.\n")
    print_profile(partial(in_memory.run_starts, scan, mask, n_components, iterations))
    files.profile(folder, *lazy)


def tables(folder, quick, repeats, side=128):
    """Return a function that prints each table, by its name.

    Parameters
    ----------
    folder : str
        Where files are made.
    quick : bool
        Whether data are little.
    repeats : int
        How often each run is timed.
    side : int
        Positions, and pixels, along each axis of the scan that is read from a file.
    """
    if quick:
        memory, sides = ((20, 20), (32, 32), 4, 3), (32,)
        scan = (32, 32), (32, 32), 3
    else:
        memory, sides = ((58, 58), (128, 128), 30, 500), (64, 128, 256)
        scan = (side, side), (side, side), 10
    _, *detector = scan
    return {
        "in_memory": partial(in_memory.in_memory, *memory, repeats),
        "lazy": partial(files.lazy, folder, *scan, repeats),
        "limit": partial(files.limit, folder, *scan, repeats),
        "exact": partial(in_memory.exact, *scan, repeats),
        "scaling": partial(files.scaling, folder, sides, *detector),
        "profile": partial(profile, folder, memory, scan),
    }


def main():
    """Run from the command line."""
    names = list(tables("", True, 1))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"of {', '.join(names)}; default all"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--side", type=int, default=128, help="of positions and of pixels in a file"
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = set(arguments.tables) - set(names)
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")
    logging.getLogger("hspy_cnmf").setLevel(logging.ERROR)  # runs that do not converge
    if arguments.child:
        path, kind, n_components = arguments.child
        files.child(path, kind, int(n_components))
        return
    repeats = 1 if arguments.quick else arguments.repeats
    with tempfile.TemporaryDirectory() as folder:
        prints = tables(folder, arguments.quick, repeats, arguments.side)
        for name in arguments.tables or names:
            prints[name]()


if __name__ == "__main__":
    main()
