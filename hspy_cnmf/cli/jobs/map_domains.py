"""The job that maps the domains of a scan."""

from hspy_cnmf.cli import opening, output, pipeline


def map_domains(signal, options, folder):
    """Map domains with confidence and write them, saying what is being done.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        What an earlier factorisation left in it stays, and is in the report.
    options : argparse.Namespace
        From `hspy_cnmf.cli.arguments.parse`.
    folder : pathlib.Path
        Where to.

    Returns
    -------
    list of str
        Names of what was written.

    Raises
    ------
    InputError
        If the signal or an option does not make sense, or the training diverged.
    """
    has_mask = not options.no_mask
    print(opening.assumptions_on_domains(signal, has_mask), flush=True)
    domains = pipeline.map_domains(
        signal,
        n_domains=None if options.domains == "auto" else options.domains,
        signal_mask=pipeline.signal_mask(signal, has_mask),
        latent_dimension=options.latent_dimension,
        rotation_invariant=options.rotation_invariant,
        max_rounds=options.rounds,
        epochs=options.epochs,
        batch_size=options.batch_size,
        random_state=options.seed,
    )
    print(domains.summary())
    print("Writing ...", flush=True)
    return output.write_domains(signal, domains, folder)
