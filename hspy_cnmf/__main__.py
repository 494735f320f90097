"""Constrained NMF and maps of domains from the shell: ``python -m hspy_cnmf``."""

import logging
import sys
import warnings

import matplotlib

from hspy_cnmf.cli import arguments, jobs, opening, output
from hspy_cnmf.cli.input_error import InputError


def main(command_line=None):
    """Run the command line and return its exit code.

    Parameters
    ----------
    command_line : list of str, optional
        Default: that of the process.

    Returns
    -------
    int
        0; 2 if the input does not make sense; 130 after an interrupt.
    """
    options = arguments.parse(command_line)
    try:
        _run(options)
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written.", file=sys.stderr)
        return 130
    except MemoryError:
        message = "the data do not fit into memory: add --lazy"
    except (InputError, OSError) as error:
        message = error
    else:
        return 0
    print(f"python -m hspy_cnmf: error: {message}", file=sys.stderr)
    return 2


def _run(options):
    """Open, do the job and write, saying what is being done."""
    job = jobs.factorise if options.domains is None else jobs.map_domains
    with output.output_folder(options.output, options.overwrite) as folder:
        signal = _open(options)
        print(f"Data: {signal!r}")
        written = job(signal, options, folder)
    print(f"Written to {options.output.resolve()}: {', '.join(written)}")


def _open(options):
    if options.file is not None:
        return opening.load(options.file, options.lazy, options.signal_type)
    return opening.simulate(
        options.data, options.lazy, options.scan_shape, options.seed
    )


def _prepare_process():
    """Leave out windows, and what a user of the shell cannot do anything about."""
    matplotlib.use("Agg")
    # How the run ended is printed anyway.
    logging.getLogger("hspy_cnmf.decomposition").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(hyperspy|rsciio|zarr|pyxem)\b")


if __name__ == "__main__":
    _prepare_process()
    sys.exit(main())
