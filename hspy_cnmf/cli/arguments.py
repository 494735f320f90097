"""The arguments of the command ``hspy-cnmf``."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from hspy_cnmf._hyperspy.negative import NEGATIVE
from hspy_cnmf.cli import opening
from hspy_cnmf.cli.argument_types import (
    count,
    count_or_auto,
    distance,
    memory,
    number_of_domains,
    rank,
)
from hspy_cnmf.cli.saying import say
from hspy_cnmf.cli.settling import MOST_COMPONENTS, settle
from hspy_cnmf.device.choice import DEVICES
from hspy_cnmf.domains import map_domains
from hspy_cnmf.patterns.agglomeration import LINKAGES
from hspy_cnmf.solver import ConstrainedNMF, half_steps

_DESCRIPTION = """\
Find the diffraction patterns in a 4D-STEM scan and where they are, by constrained
non-negative matrix factorisation, and group those that are the same crystal, turned;
or, with --domains, map the domains of the scan. Without FILE, an embedded data set is
analysed. The analysed signal, figures, tables of lattice distances and particle
diameters (or the trained model of domains), and a report are written to a folder."""

_EXAMPLES = """\
examples:
  {program} --data metallic_glass
  {program} scan.zspy --components auto --lazy --output results
  {program} scan.zspy --domains 5 --lazy --output domains
"""

Add = Callable[..., argparse.Action]


def program() -> str:
    """Return how the command was called."""
    name = Path(sys.argv[0]).stem
    return name if name == "hspy-cnmf" else "python -m hspy_cnmf"


class _Parser(argparse.ArgumentParser):
    """A parser whose message is not buried under the list of all options."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with the code 2."""
        say(
            f"{self.prog}: error: {message}\n({self.prog} --help lists all options.)",
            file=sys.stderr,
        )
        sys.exit(2)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of a run, those left out filled in.

    Parameters
    ----------
    arguments : sequence of str, optional
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
    parser = _Parser(
        prog=program(),
        usage="%(prog)s [FILE] [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(program=program()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"hspy-cnmf {version('hspy-cnmf')}",
        help="show the version and exit",
    )
    _add_input(parser.add_argument_group("input").add_argument)
    _add_preparation(parser.add_argument_group("preparation of the data").add_argument)
    _add_output(parser.add_argument_group("output").add_argument)
    defaults = {}
    for job, add in (("factorisation", _add_factorisation), ("domains", _add_domains)):
        add(parser)
        of_job = argparse.ArgumentParser(add_help=False)
        add(of_job)
        defaults[job] = vars(of_job.parse_args([]))
    options = parser.parse_args(arguments)
    settle(parser, options, defaults)
    options.show_progressbar = not options.quiet and sys.stderr.isatty()
    return options


def _add_input(add: Add) -> None:
    add("file", metavar="FILE", nargs="?", type=Path, help="anything HyperSpy loads")
    add(
        "--data",
        choices=opening.DATA_SETS,
        help=f"embedded data set (default {opening.DEFAULT_DATA_SET})",
    )
    add(
        "--scan-shape",
        nargs=2,
        type=count,
        metavar=("ROWS", "COLUMNS"),
        help="size of the scan: of the embedded data set, or of a FILE that holds a "
        "stack of patterns",
    )
    add(
        "--signal-type",
        metavar="TYPE",
        help="signal type to set, such as electron_diffraction, if FILE holds none",
    )
    add(
        "--reader",
        metavar="NAME",
        help="reader for FILE, such as quantumdetector, if its extension does not tell",
    )
    add("--lazy", action="store_true", help="do not load the data into memory")


def _add_preparation(add: Add) -> None:
    add(
        "--center",
        action="store_true",
        help="move each pattern, by whole pixels, so that its direct beam is in the "
        "middle",
    )
    add(
        "--negative",
        choices=NEGATIVE,
        default=NEGATIVE[0],
        help="negative values: refuse them, clip them to zero, or shift all values so "
        "that the lowest is zero (default %(default)s)",
    )
    add(
        "--no-mask",
        action="store_true",
        help="use direct beam and corners of diffraction patterns too",
    )


def _add_output(add: Add) -> None:
    add(
        "--output",
        type=Path,
        default=Path("hspy_cnmf_results"),
        metavar="DIR",
        help="folder for the results (default ./%(default)s)",
    )
    add("--overwrite", action="store_true", help="replace earlier results")
    add("--seed", type=int, default=0, help="of all random numbers (default 0)")
    add(
        "--quiet",
        action="store_true",
        help="say nothing but errors; bars of progress are left out, too, where there "
        "is no terminal",
    )


def _add_factorisation(parser: argparse.ArgumentParser) -> None:
    _add_model(parser.add_argument_group("factorisation").add_argument)
    _add_iteration(parser.add_argument_group("iteration").add_argument)
    _add_clustering(parser.add_argument_group("clustering of diffraction patterns"))
    _add_phases(parser.add_argument_group("phases of the groups").add_argument)
    parser.add_argument_group("verification").add_argument(
        "--no-verification",
        action="store_true",
        help="leave out residuals and the check of components by virtual dark-field "
        "images, which read the data up to four times more",
    )


def _add_model(add: Add) -> None:
    add(
        "--components",
        type=count_or_auto,
        metavar="N",
        help="number of components, or auto to have one suggested by factorisations "
        "with 1 and more; needed with FILE",
    )
    add(
        "--most-components",
        type=count,
        metavar="N",
        help="largest number that --components auto tries, if the data have room "
        f"(default {MOST_COMPONENTS})",
    )
    add(
        "--missing",
        choices=("refuse", "ignore"),
        default="refuse",
        help="values that are NaN: refuse them, or leave them out (default "
        "%(default)s)",
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
        help="weight the data for Poisson noise; recommended for few counts (default: "
        "only where few bright pixels would hide the others)",
    )


def _add_iteration(add: Add) -> None:
    defaults = ConstrainedNMF().get_params()
    add(
        "--restarts",
        type=count,
        default=defaults["n_init"],
        metavar="N",
        help="random starts, of which the best is kept (default %(default)s)",
    )
    add(
        "--iterations",
        type=count,
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
    add(
        "--solver",
        choices=half_steps.SOLVERS,
        default=defaults["solver"],
        help="half step (default %(default)s)",
    )
    add(
        "--compression",
        type=rank,
        default=defaults["compression"],
        metavar="RANK",
        help="rank of the sketch to iterate on, auto, or none to read the data in "
        "every iteration (default %(default)s)",
    )
    add(
        "--device",
        choices=DEVICES,
        default=defaults["device"],
        help="where iterations run; auto takes a GPU where it gains (default "
        "%(default)s)",
    )
    add(
        "--max-memory",
        type=memory,
        metavar="SIZE",
        help="memory that the factorisation may take for chunks of lazy data, such as "
        "4GB (default: three quarters of what is free)",
    )


def _add_clustering(group: argparse._ArgumentGroup) -> None:
    cut = group.add_mutually_exclusive_group().add_argument
    cut(
        "--clusters",
        type=count,
        metavar="N",
        help="number of groups (default: the clearest ones)",
    )
    cut(
        "--distance-threshold",
        type=distance,
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


def _add_phases(add: Add) -> None:
    add(
        "--phases",
        nargs="+",
        metavar="CIF",
        help="files of candidate crystal structures: which of them each group is",
    )
    add(
        "--calibrate-from",
        metavar="NAME",
        help="refine the scale of the patterns from this candidate, named as its file "
        "without .cif, that is known to be there",
    )
    add(
        "--scale-uncertainty",
        type=distance,
        metavar="PART",
        help="standard deviation of the scale of the patterns (default 0.005)",
    )


def _add_domains(parser: argparse.ArgumentParser) -> None:
    defaults = inspect.signature(map_domains).parameters
    title = "maps of domains, instead of the factorisation"
    add = parser.add_argument_group(title).add_argument
    add(
        "--domains",
        nargs="?",
        type=number_of_domains,
        const="auto",
        metavar="N",
        help="map N domains, or as many as the data speak for, with the confidence of "
        "every position",
    )
    add(
        "--rotation-invariant",
        action="store_true",
        help="crystals that are turned in the plane are of one domain",
    )
    for name, argument, meaning in (
        ("--latent-dimension", "latent_dimension", "coordinates of the embedding"),
        ("--rounds", "max_rounds", "largest number of rounds of clustering"),
    ):
        add(
            name,
            type=count,
            default=defaults[argument].default,
            metavar="N",
            help=f"{meaning} (default {defaults[argument].default or 'found'})",
        )
