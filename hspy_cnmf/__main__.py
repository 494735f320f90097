"""Constrained NMF from the shell: ``python -m hspy_cnmf``."""

import argparse
import logging
import sys
import warnings
from pathlib import Path

import matplotlib

from hspy_cnmf import pipeline
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.solver import ConstrainedNMF, half_steps

_DESCRIPTION = """\
Find the diffraction patterns in a 4D-STEM scan and where they are, by constrained
non-negative matrix factorisation. Without FILE, an embedded data set is analysed.
The analysed signal and figures of its components and of the convergence are written
to a folder."""

_EPILOG = """\
examples:
  python -m hspy_cnmf
  python -m hspy_cnmf --data metallic_glass
  python -m hspy_cnmf scan.zspy --components 20 --lazy --output results
"""


def main(arguments=None):
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0; 2 if the input does not make sense; 130 after an interrupt.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    _settle(parser, options)
    try:
        _run(options)
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written.", file=sys.stderr)
        return 130
    except MemoryError:
        message = "the data do not fit into memory: add --lazy"
    except (pipeline.InputError, OSError) as error:
        message = error
    else:
        return 0
    print(f"{parser.prog}: error: {message}", file=sys.stderr)
    return 2


def _run(options):
    """Open, analyse and write, saying what is being done."""
    with pipeline.output_folder(options.output, options.overwrite) as folder:
        signal = _open(options)
        print(f"Data: {signal!r}")
        print(pipeline.assumptions(signal, not options.no_mask), flush=True)
        result = pipeline.analyse(
            signal,
            mask_structure=not options.no_mask,
            output_dimension=options.components,
            loading_constraint=_loading_constraint(options.probe_fwhm),
            n_init=options.restarts,
            max_iter=options.iterations,
            tol=options.tolerance,
            random_state=options.seed,
            solver=options.solver,
            compression=options.compression,
            normalize_poissonian_noise=options.poisson,
            show_progressbar=True,
        )
        print(f"Status: {result.summary()}")
        print("Writing ...", flush=True)
        pipeline.write(signal, folder)
    print(f"Written to {options.output.resolve()}: {', '.join(pipeline.FILES)}")


def _open(options):
    if options.file is not None:
        return pipeline.load(options.file, options.lazy, options.signal_type)
    return pipeline.simulate(
        options.data, options.lazy, options.scan_shape, options.seed
    )


def _loading_constraint(probe_fwhm):
    try:
        return "auto" if probe_fwhm is None else GaussianSmoothing(fwhm=probe_fwhm)
    except ValueError as error:
        raise pipeline.InputError(f"--probe-fwhm: {error}") from error


def _settle(parser, options):
    """Refuse options that contradict each other, and fill in the rest."""
    if options.file is None:
        if options.signal_type is not None:
            parser.error("--signal-type is for a FILE: embedded data have theirs")
        options.data = options.data or pipeline.DEFAULT_DATA_SET
        options.components = options.components or pipeline.DATA_SETS[options.data]
    elif options.data is not None or options.scan_shape is not None:
        parser.error("--data and --scan-shape are for embedded data: leave out FILE")
    elif not options.file.exists():
        parser.error(f"there is no file {options.file}")
    elif options.components is None:
        parser.error("how many components? Add, for example, --components 10")


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
    return parser


def _add_input(group):
    add = group.add_argument
    add("file", metavar="FILE", nargs="?", type=Path, help="anything HyperSpy loads")
    add(
        "--data",
        choices=pipeline.DATA_SETS,
        help=f"embedded data set (default {pipeline.DEFAULT_DATA_SET})",
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
        type=_count,
        metavar="N",
        help="number of components; needed with FILE",
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
        "smoothed; 0 for no smoothing (default: over 3 x 3 positions)",
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


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small: give 1 or more")
    return number


def _rank(text):
    if text in ("auto", "none"):
        return None if text == "none" else text
    return _count(text)


# argparse names the type in its message for text that is no number.
_count.__name__ = _rank.__name__ = "number"


def _prepare_process():
    """Leave out windows, and what a user of the shell cannot do anything about."""
    matplotlib.use("Agg")
    # How the run ended is printed anyway.
    logging.getLogger("hspy_cnmf.decomposition").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(hyperspy|rsciio|zarr|pyxem)\b")


if __name__ == "__main__":
    _prepare_process()
    sys.exit(main())
