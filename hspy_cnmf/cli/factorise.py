"""The job that factorises a scan, groups its components and checks them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D, PolarDiffraction2D
from hspy_cnmf.cli import opening, output
from hspy_cnmf.cli.input_error import InputError, input_errors
from hspy_cnmf.cli.masking import signal_mask
from hspy_cnmf.cli.output_folder import OutputFolder
from hspy_cnmf.cli.saying import say
from hspy_cnmf.cli.suggesting import suggest
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.phases.candidates import as_phases
from hspy_cnmf.phases.group_spots import checked_calibration
from hspy_cnmf.report.measurements import measure, measure_phases


def factorise(
    signal: BaseSignal, options: argparse.Namespace, folder: OutputFolder
) -> None:
    """Factorise, group and verify, and write all that, saying what is being done.

    Once the factorisation is written, nothing that comes after takes it away: what is
    finished appears in the folder, also after an interrupt or an error.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
    options : argparse.Namespace
        From `hspy_cnmf.cli.arguments.parse`.
    folder : OutputFolder
        Where to.

    Raises
    ------
    InputError
        If the signal or an option does not make sense.
    """
    if options.identification:
        _check_phases(signal, **options.identification)
    say(opening.assumptions(signal, not options.no_mask))
    is_clustered = _is_clustered(signal, options)
    n_found = _decompose(signal, options)
    output.write_signal(signal, folder, options.show_progressbar)
    # Maps are blurred twice: by the probe, and by the smoothing to its width.
    blur = 2**0.5 * (options.probe_fwhm or 0)
    notes: list[str] = []
    try:
        output.write_components(signal, folder)
        if is_clustered:
            _cluster(signal, n_found, options, blur, notes, folder)
        if nodes.is_kept(signal, nodes.CLUSTERS) and options.identification:
            _identify(signal, options.identification, blur, notes, folder)
        if not options.no_verification:
            _verify(signal, n_found, options.max_memory, notes)
            output.write_findings(signal, folder)
    except BaseException as error:
        folder.publish()
        notes.append(f"The analysis was not finished: {_words_on(error)}.")
        output.finish(signal, folder, notes, blur)
        raise
    say("Writing ...", flush=True)
    output.finish(signal, folder, notes, blur)


def _words_on(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    return f"{type(error).__name__}: {error}".rstrip(".")


def _is_clustered(signal: BaseSignal, options: argparse.Namespace) -> bool:
    """Say before the factorisation if components will not be grouped, and why."""
    if options.no_clustering:
        return False
    reason = _reason_not_to_cluster(signal, options.components)
    if reason is None:
        return True
    if options.clustering:
        raise InputError(f"the components cannot be grouped as asked for: {reason}.")
    say(f"Components will not be grouped: {reason}.")
    return False


def _has_spots(signal: BaseSignal) -> bool:
    return isinstance(signal, (Diffraction2D, PolarDiffraction2D))


def _reason_not_to_cluster(signal: BaseSignal, n_components: int | str) -> str | None:
    """Return why the components of a signal of this kind are not grouped, or None."""
    if not _has_spots(signal):
        reason = "only diffraction patterns are compared whichever way they are turned"
        if signal.axes_manager.signal_dimension == 2:
            reason += " (add --signal-type electron_diffraction if these are some)"
        return reason
    return "there is only one" if n_components == 1 else None


def _decompose(signal: BaseSignal, options: argparse.Namespace) -> int:
    """Factorise, say how that went, and return how many components were found.

    Their number is the one given, or suggested.
    """
    settings = {
        "signal_mask": signal_mask(signal, not options.no_mask, options.max_memory),
        "loading_constraint": _loading_constraint(options.probe_fwhm),
        "n_init": options.restarts,
        "max_iter": options.iterations,
        "random_state": options.seed,
        "solver": options.solver,
        "compression": options.compression,
        "device": options.device,
        "normalize_poissonian_noise": options.poisson or "auto",
        "max_memory": options.max_memory,
        "show_progressbar": options.show_progressbar,
    }
    number, sketch = options.components, None
    with input_errors():
        if number == "auto":
            scan, sketch = suggest(signal, options.most_components, **settings)
            say(scan.summary(), flush=True)
            number = scan.suggested
        result: Any = decompose(
            signal,
            output_dimension=number,
            tol=options.tolerance,
            missing=options.missing,
            sketch=sketch,
            print_info=False,
            return_info=True,
            **settings,
        )
    say(f"Status: {result.summary()}")
    say(f"Agreement: {result.agreement_summary()}", flush=True)
    return result.n_found


def _loading_constraint(probe_fwhm: float | None) -> GaussianSmoothing | str:
    try:
        return "auto" if probe_fwhm is None else GaussianSmoothing(fwhm=probe_fwhm)
    except ValueError as error:
        raise InputError(f"--probe-fwhm: {error}") from error


def _cluster(
    signal: BaseSignal,
    n_found: int,
    options: argparse.Namespace,
    blur: float,
    notes: list[str],
    folder: OutputFolder,
) -> None:
    """Group the components, say what was found and write it.

    A clustering that fails does not take the factorisation with it.
    """
    try:
        # How many there are is known only now that they were found.
        reason = _reason_not_to_cluster(signal, n_found)
        if reason is not None:
            raise InputError(f"{reason}.")
        with input_errors():
            clusters = signal.cluster_diffraction(
                print_info=False,
                show_progressbar=options.show_progressbar,
                **options.clustering,
            )
    except InputError as error:
        _note(f"Components are not grouped: {error}", notes)
        return
    say(clusters.summary())
    tables, reasons = measure(clusters, blur)
    for name in ("lattice_distances", "mean_particle_diameters"):
        title = name.replace("_", " ").capitalize()
        if name in reasons:
            say(f"{title}: not measured. {reasons[name]}")
        elif len(tables[name]):
            say(f"{title}:\n{tables[name]}")
        else:
            say(f"{title}: none found.")
    output.write_findings(signal, folder)
    output.write_groups(clusters, tables, folder)


def _check_phases(
    signal: BaseSignal, phases: list[str], calibrate_from: str | None = None, **_
) -> None:
    """Raise before any work what would keep phases from being identified."""
    with input_errors():
        names = [phase.name for phase in as_phases(phases)]
        checked_calibration(signal)
        if calibrate_from is not None and calibrate_from not in names:
            raise ValueError(f"--calibrate-from {calibrate_from} is none of {names}.")


def _identify(
    signal: BaseSignal,
    settings: dict,
    blur: float,
    notes: list[str],
    folder: OutputFolder,
) -> None:
    """Identify the phases of the groups, say what was found and write it.

    An identification that fails does not take the groups with it.
    """
    say("Identifying phases ...", flush=True)
    try:
        with input_errors():
            phases = signal.identify_phases(**settings)
    except InputError as error:
        _note(f"Phases are not identified: {error}", notes)
        return
    say(phases.summary())
    output.write_findings(signal, folder)
    output.write_phases(phases, measure_phases(phases, blur)[0], folder)


def _verify(
    signal: BaseSignal,
    n_found: int,
    max_memory: int | str | None,
    notes: list[str],
) -> None:
    """Find residuals and overlap, check components, and say what was found."""
    room = {"max_memory": max_memory}
    steps: dict[str, Callable[[], str]] = {
        "Residuals": lambda: _find_residual(signal, room)
    }
    if _has_spots(signal):
        steps["Check of components"] = lambda: str(
            signal.check_components(**room).table
        )
    if n_found > 1:
        steps["Overlap"] = lambda: signal.get_component_fractions(**room).summary()
    else:
        say("Overlap: there is only one component.")
    reasons: dict[str, list[str]] = {}
    for title, step in steps.items():
        try:
            with input_errors():
                say(f"{title}:\n{step()}", flush=True)
        except InputError as error:
            reasons.setdefault(str(error), []).append(title)
    for reason, titles in reasons.items():
        _note(f"{', '.join(titles)}: left out. {reason}", notes)


def _find_residual(signal: BaseSignal, room: dict[str, Any]) -> str:
    """Return in words what the components leave unexplained, computed."""
    try:
        return signal.get_decomposition_residual(**room).summary()
    except BaseException:
        # A lazy one that is not computed would keep the report waiting.
        nodes.forget(signal, nodes.RESIDUAL)
        raise


def _note(text: str, notes: list[str]) -> None:
    """Say what could not be done, here and in the report."""
    say(text)
    notes.append(text)
