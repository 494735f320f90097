"""The command ``hspy-cnmf``, which is also ``python -m hspy_cnmf``."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout

import matplotlib
from hyperspy.defaults_parser import preferences

from hspy_cnmf.cli import arguments, opening, output
from hspy_cnmf.cli.factorise import factorise
from hspy_cnmf.cli.input_error import InputError
from hspy_cnmf.cli.interrupts import Terminated, listen, recognised
from hspy_cnmf.cli.map_domains import map_domains
from hspy_cnmf.cli.output_folder import OutputFolder
from hspy_cnmf.cli.saying import say
from hspy_cnmf.cli.storage_error import words_on_storage
from hspy_cnmf.operators.memory import share_one_arena


def main(command_line: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    command_line : sequence of str, optional
        Default: that of the process.

    Returns
    -------
    int
        0; 2 if the input does not make sense; 130 after an interrupt, 143 if the
        process was asked to end.
    """
    options = arguments.parse(command_line)
    folder = output.output_folder(options.output, options.overwrite)
    message: object
    try:
        with recognised(), _manners(options):
            _run(options, folder)
    except KeyboardInterrupt as error:
        is_terminated = isinstance(error, Terminated)
        head = "Asked to end" if is_terminated else "Interrupted"
        say(f"\n{head}: {folder.words()}", file=sys.stderr)
        return 143 if is_terminated else 130
    except MemoryError:
        message = "the data do not fit into memory: add --lazy"
    except InputError as error:
        message = error
    except Exception as error:
        message = words_on_storage(error)
        if not message:
            raise
    else:
        return 0
    say(f"{arguments.program()}: error: {message}", file=sys.stderr)
    if folder.published:
        say(f"What was finished before is {folder.words()}", file=sys.stderr)
    return 2


def run() -> None:
    """Run the command of the process, and end it with its exit code."""
    share_one_arena()
    matplotlib.use("Agg")
    listen()
    sys.exit(main())


def _run(options: argparse.Namespace, folder: OutputFolder) -> None:
    """Open, do the job and write, saying what is being done."""
    job = factorise if options.domains is None else map_domains
    with folder:
        data = opening.open_signal(options)
        say(f"Data: {data!r}")
        job(data, options, folder)
    words = folder.words()
    say(f"{words[0].upper()}{words[1:]}")


@contextmanager
def _manners(options: argparse.Namespace) -> Iterator[None]:
    """Leave out what a user of the shell did not ask for, or can do nothing about."""
    bars = preferences.General.show_progressbar
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module=r"(hyperspy|rsciio|zarr|pyxem)\b")
        if options.quiet:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(_errors_only("hspy_cnmf"))
        # How the run ended is printed anyway, and so is what a reader raises.
        stack.enter_context(_errors_only("hspy_cnmf.decomposition"))
        stack.enter_context(_errors_only("rsciio", logging.CRITICAL))
        preferences.General.show_progressbar = options.show_progressbar
        try:
            yield
        finally:
            preferences.General.show_progressbar = bars


@contextmanager
def _errors_only(name: str, level: int = logging.ERROR) -> Iterator[None]:
    """Have a logger say no less than errors."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)
