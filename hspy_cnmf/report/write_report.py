"""Write all that is known of an analysis to one HTML page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import plain, real_number
from hspy_cnmf.report.component_sections import (
    component_section,
    restart_section,
    scan_section,
)
from hspy_cnmf.report.data_section import data_section
from hspy_cnmf.report.domain_section import domain_masks, domain_section
from hspy_cnmf.report.elements import let_go_of_figures
from hspy_cnmf.report.group_section import group_section
from hspy_cnmf.report.page import Section, page
from hspy_cnmf.report.phase_section import phase_section
from hspy_cnmf.report.run_section import run_section
from hspy_cnmf.report.verification_sections import (
    band_section,
    check_section,
    overlap_section,
    residual_section,
)
from hspy_cnmf.verification.decomposed import read_model
from hspy_cnmf.whole_file import whole_file, writable_path

#: What was done, by its name in the section on the data.
_FACTORISATION, _DOMAINS = "factorisation", "map of domains"
_SUBTITLES = {
    _FACTORISATION: "constrained non-negative matrix factorisation",
    _DOMAINS: "map of domains",
}


def write_report(
    signal: BaseSignal,
    path: str | os.PathLike,
    *,
    title: str | None = None,
    notes: Sequence[str] = (),
    blur: float = 0.0,
) -> Path:
    """Write a report on an analysed signal: one HTML page that needs nothing else.

    It shows what the signal has: data, factors and maps, agreement between restarts,
    parameters and versions; and of what was found with its methods
    ``scan_output_dimension``, ``cluster_diffraction``, ``identify_phases``,
    ``get_decomposition_residual``, ``check_components``, ``get_component_fractions``,
    ``get_solution_bands`` and ``map_domains``, what is there.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        A signal after ``decomposition(algorithm="constrained_nmf")``, ``map_domains``
        or both, lazy or not, also one that was saved and loaded. Its data are not
        read, unless a lazy residual has not been computed: that is done, and stays in
        the signal.
    path : path-like
        Where to, such as "report.html"; a file that is there is replaced. It is there
        whole or not at all.
    title : str, optional
        Heading. Default: the title of the signal.
    notes : sequence of str, default ()
        Remarks for the reader, shown in the summary.
    blur : float, default 0
        Full width at half maximum of what blurred the maps, in the units of the scan,
        for the diameters of particles; see `DiffractionClusters.particle_diameters`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    RuntimeError
        If the signal's last decomposition was not a constrained NMF, and it has no
        map of domains either.
    TypeError
        If an argument is of another kind.
    ValueError
        If there is no such folder, or `path` is one, or the signal has changed shape
        since it was analysed; nothing is written.

    Examples
    --------
    >>> import hspy_cnmf
    >>> s = hspy_cnmf.data.four_phases((16, 16), random_state=0)
    >>> s.decomposition(algorithm="constrained_nmf", output_dimension=4, n_init=2)
    >>> s.get_decomposition_residual()
    >>> hspy_cnmf.write_report(s, "report.html")
    """
    _check(signal, path, title, notes)
    blur = real_number("blur", plain(blur))
    path = Path(path)
    writable_path(path)  # or says why not, before figures are drawn
    kept = _used(signal)
    # Figures neither pop up nor look as the user's own are set to.
    with plt.ioff(), plt.style.context("default"):
        sections = _sections(signal, kept, blur)
    title = title or signal.metadata.get_item("General.title", "") or "Untitled data"
    day = datetime.now(timezone.utc).date()
    subtitle = " and ".join(_SUBTITLES[name] for name in kept)
    subtitle = f"{subtitle[0].upper()}{subtitle[1:]}; report of {day}"
    with whole_file(path) as file:
        file.write(page(title, subtitle, sections, notes).encode("utf-8"))
    del sections  # with all images
    let_go_of_figures(signal.axes_manager.navigation_size)
    return path


def _check(signal: Any, path: Any, title: Any, notes: Any) -> None:
    """Raise a TypeError for arguments of a kind that is not meant."""
    if not isinstance(signal, BaseSignal):
        raise TypeError(f"A report is on a HyperSpy signal, not on {signal!r:.60}.")
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f'path must be one, such as "report.html", not {path!r:.60}.')
    if not isinstance(title, (str, type(None))):
        raise TypeError(f"title must be text or None, not {title!r:.60}.")
    is_listed = isinstance(notes, (list, tuple))
    if not is_listed or not all(isinstance(note, str) for note in notes):
        raise TypeError(f"notes must be a list of texts, not {notes!r:.60}.")


def _used(
    signal: BaseSignal,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the positions and pixels that took part in each analysis there is."""
    kept, has_domains = {}, nodes.is_kept(signal, nodes.DOMAINS)
    if store.get_run(signal) or not has_domains:
        get_result(signal)  # or says what is missing
        model = read_model(signal)
        kept[_FACTORISATION] = model.keep_positions, model.keep_pixels
    if has_domains:
        kept[_DOMAINS] = domain_masks(signal)
    return kept


def _sections(signal: BaseSignal, kept: dict, blur: float) -> list[Section]:
    """Return the sections that a signal has something for, in order."""
    choices: list[tuple[str | None, Callable[..., Section]]] = [
        (None, partial(data_section, kept=kept))
    ]
    if _FACTORISATION in kept:
        choices += [
            (nodes.SCAN, scan_section),
            (None, component_section),
            (nodes.CLUSTERS, partial(group_section, blur=blur)),
            (nodes.PHASES, partial(phase_section, blur=blur)),
            (nodes.RESIDUAL, residual_section),
            (None, restart_section),
            (nodes.CHECK, check_section),
            (nodes.FRACTIONS, overlap_section),
            (nodes.BANDS, band_section),
        ]
    choices.append((nodes.DOMAINS, domain_section))
    made = [
        section(signal)
        for node, section in choices
        if node is None or nodes.is_kept(signal, node)
    ]
    return [*made, run_section(signal, made)]
