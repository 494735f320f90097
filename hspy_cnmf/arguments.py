"""The arguments of ``python -m hspy_cnmf``."""

import argparse
from math import inf
from pathlib import Path

from hspy_cnmf import opening
from hspy_cnmf.clustering.linkage import LINKAGES
from hspy_cnmf.operators.memory import memory_limit
from hspy_cnmf.settling import (
    MOST_COMPONENTS,
    settle_clustering,
    settle_components,
    settle_input,
)
from hspy_cnmf.solver import ConstrainedNMF, half_steps

_DESCRIPTION = """\
Find the diffraction patterns in a 4D-STEM scan and where they are, by constrained
non-negative matrix factorisation, and group those that are the same crystal, turned.
Without FILE, an embedded data set is analysed. The analysed signal, figures, tables
of lattice distances and particle diameters, and a report are written to a folder."""

_EPILOG = """\
examples:
  python -m hspy_cnmf
  python -m hspy_cnmf --data metallic_glass
  python -m hspy_cnmf scan.zspy --components 20 --lazy --output results
  python -m hspy_cnmf scan.zspy --components auto --most-components 30
"""


def parse(arguments=None):
    """Return the options of a run, those left out filled in.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    argparse.Namespace

    Raises
    ------
    SystemExit
        With code 2 if an option does not make sense, or two contradict each other,
        once a message is printed.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    settle_input(parser, options)
    settle_components(parser, options)
    settle_clustering(parser, options)
    return options


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m hspy_cnmf",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_input(parser.add_argument_group("input and output"))
    _add_model(parser.add_argument_group("factorisation"))
    _add_iteration(parser.add_argument_group("iteration"))
    _add_clustering(parser.add_argument_group("clustering of diffraction patterns"))
    _add_verification(parser.add_argument_group("verification"))
    return parser


def _add_input(group):
    add = group.add_argument
    add("file", metavar="FILE", nargs="?", type=Path, help="anything HyperSpy loads")
    add(
        "--data",
        choices=opening.DATA_SETS,
        help=f"embedded data set (default {opening.DEFAULT_DATA_SET})",
    )
    add(
        "--scan-shape",
        nargs=2,
        type=_count,
        metavar=("ROWS", "COLUMNS"),
        help="size of the embedded data set's scan",
    )
    add(
        "--signal-type",
        help="signal type to set, such as electron_diffraction, if FILE holds none",
    )
    add("--lazy", action="store_true", help="do not load the data into memory")
    add(
        "--max-memory",
        type=_memory,
        metavar="SIZE",
        help="memory that the factorisation may take for chunks of lazy data, such as "
        "4GB (default: three quarters of what is free)",
    )
    add(
        "--output",
        type=Path,
        default=Path("hspy_cnmf_results"),
        metavar="DIR",
        help="folder for the results (default ./%(default)s)",
    )
    add("--overwrite", action="store_true", help="replace earlier results")


def _add_model(group):
    add = group.add_argument
    add(
        "--components",
        type=_count_or_auto,
        metavar="N",
        help="number of components, or auto to have one suggested by factorisations "
        "with 2 and more; needed with FILE",
    )
    add(
        "--most-components",
        type=_count,
        metavar="N",
        help="largest number that --components auto tries, if the data have room "
        f"(default {MOST_COMPONENTS})",
    )
    add(
        "--no-mask",
        action="store_true",
        help="use direct beam and corners of diffraction patterns too",
    )
    add(
        "--probe-fwhm",
        type=float,
        metavar="WIDTH",
        help="width of the probe in units of the scan axes, to which maps are "
        "smoothed; 0 for no smoothing (default: over 3 x 3 positions). Diameters of "
        "particles are corrected for probe and smoothing if it is given",
    )
    add(
        "--poisson",
        action="store_true",
        help="weight the data for Poisson noise; recommended for few counts",
    )


def _add_iteration(group):
    add, defaults = group.add_argument, ConstrainedNMF().get_params()
    add(
        "--restarts",
        type=_count,
        default=defaults["n_init"],
        metavar="N",
        help="random starts, of which the best is kept (default %(default)s)",
    )
    add(
        "--iterations",
        type=_count,
        default=defaults["max_iter"],
        metavar="N",
        help="largest number of iterations of a start (default %(default)s)",
    )
    add(
        "--tolerance",
        type=float,
        default=defaults["tol"],
        metavar="T",
        help="relative change of factors and loadings below which a start has "
        "converged (default %(default)s)",
    )
    add("--seed", type=int, default=0, help="of all random numbers (default 0)")
    add(
        "--solver",
        choices=half_steps.SOLVERS,
        default=defaults["solver"],
        help="half step (default %(default)s)",
    )
    add(
        "--compression",
        type=_rank,
        default=defaults["compression"],
        metavar="RANK",
        help="rank of the sketch to iterate on, auto, or none to read the data in "
        "every iteration (default %(default)s)",
    )


def _add_clustering(group):
    cut = group.add_mutually_exclusive_group().add_argument
    cut(
        "--clusters",
        type=_count,
        metavar="N",
        help="number of groups (default: by the widest gap in the dendrogram)",
    )
    cut(
        "--distance-threshold",
        type=_distance,
        metavar="D",
        help="cut the dendrogram at this pseudo-distance, 1 - similarity",
    )
    add = group.add_argument
    add(
        "--linkage",
        choices=LINKAGES,
        help=f"how the most similar are joined (default {LINKAGES[0]})",
    )
    add(
        "--mirror",
        action="store_true",
        help="compare mirrored patterns too, as of crystals seen from behind",
    )
    add("--no-clustering", action="store_true", help="stop after the factorisation")


def _add_verification(group):
    group.add_argument(
        "--no-verification",
        action="store_true",
        help="leave out residuals and the check of components by virtual dark-field "
        "images, which read the data up to four times more",
    )


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small: give 1 or more")
    return number


def _count_or_auto(text):
    return text if text == "auto" else _count(text)


def _rank(text):
    if text in ("auto", "none"):
        return None if text == "none" else text
    return _count(text)


def _memory(text):
    try:
        return memory_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from error


def _distance(text):
    number = float(text)
    if not 0 <= number < inf:
        raise argparse.ArgumentTypeError(f"{number} is no distance: give 0 or more")
    return number


# argparse names the type in its message for text that is no number.
_count.__name__ = _count_or_auto.__name__ = _rank.__name__ = _distance.__name__ = (
    "number"
)
