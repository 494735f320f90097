"""The job that maps the domains of a scan."""

from __future__ import annotations

import argparse

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.cli import opening, output
from hspy_cnmf.cli.input_error import input_errors
from hspy_cnmf.cli.masking import signal_mask
from hspy_cnmf.cli.output_folder import OutputFolder
from hspy_cnmf.cli.saying import say


def map_domains(
    signal: BaseSignal, options: argparse.Namespace, folder: OutputFolder
) -> None:
    """Map domains with confidence and write them, saying what is being done.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        What an earlier factorisation left in it stays, and is in the report.
    options : argparse.Namespace
        From `hspy_cnmf.cli.arguments.parse`.
    folder : OutputFolder
        Where to.

    Raises
    ------
    InputError
        If the signal or an option does not make sense.
    """
    has_mask = not options.no_mask
    say(opening.assumptions_on_domains(signal, has_mask), flush=True)
    with input_errors():
        domains = signal.map_domains(
            n_domains=None if options.domains == "auto" else options.domains,
            signal_mask=signal_mask(signal, has_mask),
            latent_dimension=options.latent_dimension,
            rotation_invariant=options.rotation_invariant,
            max_rounds=options.rounds,
            random_state=options.seed,
            print_info=False,
            show_progressbar=options.show_progressbar,
        )
    say(domains.summary())
    say("Writing ...", flush=True)
    output.write_signal(signal, folder, options.show_progressbar)
    try:
        output.write_domains(domains, folder)
        output.finish(signal, folder)
    except BaseException:
        folder.publish()
        raise
