"""The job that factorises a scan, groups its components and checks them."""

from hspy_cnmf.cli import opening, output, pipeline
from hspy_cnmf.cli.input_error import InputError
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.report.measurements import measure


def factorise(signal, options, folder):
    """Factorise, group and verify, and write all that, saying what is being done.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
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
        If the signal or an option does not make sense.
    """
    print(opening.assumptions(signal, not options.no_mask))
    is_clustered = _is_clustered(signal, options)
    result = _decompose(signal, options)
    print(f"Status: {result.summary()}")
    print(f"Agreement: {result.agreement_summary()}", flush=True)
    clusters, tables, notes = None, {}, []
    # Maps are blurred twice: by the probe, and by the smoothing to its width.
    blur = 2**0.5 * (options.probe_fwhm or 0)
    if is_clustered:
        clusters, tables = _cluster(signal, result, options.clustering, blur, notes)
    if not options.no_verification:
        _verify(signal, result, notes)
    print("Writing ...", flush=True)
    return output.write(signal, clusters, tables, folder, notes=notes, blur=blur)


def _is_clustered(signal, options):
    """Say before the factorisation if components will not be grouped, and why."""
    if options.no_clustering:
        return False
    reason = pipeline.reason_not_to_cluster(signal, options.components)
    if reason is None:
        return True
    if options.clustering:
        raise InputError(f"the components cannot be grouped as asked for: {reason}.")
    print(f"Components will not be grouped: {reason}.")
    return False


def _decompose(signal, options):
    """Factorise with the number of components that is given or suggested."""
    settings = {
        "signal_mask": pipeline.signal_mask(signal, not options.no_mask),
        "loading_constraint": _loading_constraint(options.probe_fwhm),
        "n_init": options.restarts,
        "max_iter": options.iterations,
        "random_state": options.seed,
        "solver": options.solver,
        "compression": options.compression,
        "normalize_poissonian_noise": options.poisson,
        "max_memory": options.max_memory,
    }
    number, sketch = options.components, None
    if number == "auto":
        scan, sketch = pipeline.suggest(signal, options.most_components, **settings)
        print(scan.summary(), flush=True)
        number = scan.suggested
    return pipeline.analyse(
        signal,
        output_dimension=number,
        tol=options.tolerance,
        sketch=sketch,
        show_progressbar=True,
        **settings,
    )


def _loading_constraint(probe_fwhm):
    try:
        return "auto" if probe_fwhm is None else GaussianSmoothing(fwhm=probe_fwhm)
    except ValueError as error:
        raise InputError(f"--probe-fwhm: {error}") from error


def _cluster(signal, result, settings, blur, notes):
    """Group the components and say what was found.

    A clustering that fails does not take the factorisation with it.
    """
    try:
        # How many there are is known only now that they were found.
        reason = pipeline.reason_not_to_cluster(signal, result.n_found)
        if reason is not None:
            raise InputError(f"{reason}.")
        clusters = pipeline.cluster(signal, **settings)
    except InputError as error:
        _note(f"Components are not grouped: {error}", notes)
        return None, {}
    print(clusters.summary())
    tables, reasons = measure(clusters, blur)
    for name in ("lattice_distances", "mean_particle_diameters"):
        title = name.replace("_", " ").capitalize()
        if name in reasons:
            print(f"{title}: not measured. {reasons[name]}")
        elif len(tables[name]):
            print(f"{title}:\n{tables[name]}")
        else:
            print(f"{title}: none found.")
    return clusters, tables


def _verify(signal, result, notes):
    """Find residuals and overlap, check components, and say what was found."""
    steps = {"Residuals": pipeline.find_residual}
    if pipeline.is_diffraction(signal):
        steps["Check of components"] = pipeline.check_components
    if result.n_found > 1:
        steps["Overlap"] = pipeline.find_overlap
    else:
        print("Overlap: there is only one component.")
    reasons = {}
    for title, step in steps.items():
        try:
            print(f"{title}:\n{step(signal)}", flush=True)
        except InputError as error:
            reasons.setdefault(str(error), []).append(title)
    for reason, titles in reasons.items():
        _note(f"{', '.join(titles)}: left out. {reason}", notes)


def _note(text, notes):
    """Say what could not be done, here and in the report."""
    print(text)
    notes.append(text)
