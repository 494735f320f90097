"""Sections on trust: residuals, check of components, overlap, ambiguity."""

from __future__ import annotations

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.panels import name_of
from hspy_cnmf.report.elements import image, paragraph, parts_of, sentence, table
from hspy_cnmf.report.page import Section
from hspy_cnmf.tables import Table
from hspy_cnmf.verification import (
    ComponentCheck,
    ComponentFractions,
    Residual,
    get_bands,
    get_component_check,
    get_fractions,
    get_residual,
)

#: How many flagged positions, or pairs of components, are listed.
_LISTED = 20

_OF_FRACTIONS = (
    "Each component: at how many positions it is surely there, its mean fraction over "
    "all, and the standard uncertainty of its fractions from the counts, at single "
    "positions: as none is negative, the mean of what is nowhere there is up to 0.4 of "
    "it. Factors are taken to be known."
)

_OF_BANDS = (
    "Each component: its share of all counts, the lowest and the highest share among "
    "solutions that describe the data as well, their difference (0: determined), and "
    "the median ambiguity of the brightest pixels of its factor and of the rest."
)

#: How many columns figures have, so that they fit on a page.
_COLUMNS = 6


def residual_section(signal: BaseSignal) -> Section:
    """Return the section on what the components leave unexplained."""
    residual = get_residual(signal)
    finding = sentence(residual.summary())
    figure = image(
        residual.plot(),
        "Left: reduced chi-square of each position, 1 where the model is right; "
        "flagged positions are circled in red. Middle: mean residual pattern (data "
        "less model, in units of the data), positive where components lack something. "
        "Right: "
        "probability that chance gives so large a residual; a correct model has all "
        "probabilities equally often (line). Masked is grey.",
        "Map of the reduced chi-square, mean residual pattern, and histogram of "
        f"probabilities. {finding}",
    )
    rows = _flagged_rows(residual)
    if len(rows):
        caption = (
            "Flagged positions, by index and place on the axes of the scan, least "
            "probable first"
        )
        more = residual.n_flagged - len(rows)
        caption += f"; {more} more are not listed." if more else "."
        listed = table(rows, caption)
    else:
        listed = paragraph("No position is flagged.")
    parts = figure, listed
    return Section("residuals", "Residuals", finding, parts, residual.parameters)


def _flagged_rows(residual: Residual) -> Table:
    flagged, probability, chi_square = (
        np.asarray(aligned_data(getattr(residual, name)))
        for name in ("flagged", "probability", "chi_square")
    )
    places = np.argwhere(flagged)
    order = np.argsort(probability[tuple(places.T)], kind="stable")[:_LISTED]
    places = places[order]
    # HyperSpy counts axes from the last of the array.
    axes = residual.flagged.axes_manager.signal_axes
    columns = {}
    for k, axis in enumerate(axes):
        name = name_of(axis, f"axis_{k}")
        if name in columns:
            name += f"_{k}"  # two may have the same
        index = places[:, -1 - k]
        columns[f"index_{name}"], columns[name] = index, axis.axis[index]
    where = tuple(places.T)
    return Table.from_columns(
        **columns,
        reduced_chi_square=chi_square[where],
        probability=probability[where],
    )


def check_section(signal: BaseSignal) -> Section:
    """Return the section on maps and virtual dark-field images of the same spots."""
    check = get_component_check(signal)
    kind, *_ = check.table.cells()[0]
    shown = _found_rows(signal, check)
    rows = check.table[shown]
    doubtful = rows[kind][rows["look_again"]].tolist()
    listed = ", ".join(map(str, doubtful))
    seen = (
        f"The {kind} is seen where its map is."
        if len(rows) == 1
        else f"All {len(rows)} {kind}s are seen where their maps are."
    )
    finding = f"Look again at {kind}s: {listed}." if doubtful else seen
    figures = [
        image(
            check.plot(shown[some]),
            "Above, map of each " + kind + "; below, virtual dark-field image from its "
            "own spots, straight from the data, on the same scale, with the "
            "correlation of the two and what noise lets it be at most. In red: to be "
            "looked at again.",
            f"Maps and virtual dark-field images of {kind}s "
            f"{shown[some[0]]} to {shown[some[-1]]}.",
        )
        for some in parts_of(len(shown), _COLUMNS)
    ]
    caption = (
        f"Check of each {kind} by its own spots, which no other has in the same "
        "place. Agreement is that between restarts. To be looked at again: marked."
    )
    parts = (*figures, table(rows, caption, doubtful=rows["look_again"]))
    title = "Check by virtual dark-field images"
    return Section("check", title, finding, parts, check.parameters)


def _found_rows(signal: BaseSignal, check: ComponentCheck) -> np.ndarray:
    """Return the rows of a check that are not of empty components."""
    if check.table.cells()[0][0] != "component":
        return np.arange(len(check.table))
    return np.flatnonzero(check.table["component"] < get_result(signal).n_found)


def overlap_section(signal: BaseSignal) -> Section:
    """Return the section on positions where several components lie in the beam."""
    fractions = get_fractions(signal)
    finding = sentence(fractions.summary())
    n_found = min(fractions.n_components, get_result(signal).n_found)
    figures = [
        image(
            fractions.plot(some),
            "Above, fraction of the counts in each component at each position; below, "
            "its standard uncertainty from the counts; last, the number of components "
            "that are surely there.",
            f"Fractions of components {some[0]} to {some[-1]}, and their number.",
        )
        for some in parts_of(n_found, _COLUMNS - 1)
    ]
    tables = [table(_fraction_rows(fractions, n_found), _OF_FRACTIONS)]
    rows = fractions.table()
    order = np.argsort(-rows["n_positions"], kind="stable")
    order = order[rows["n_positions"][order] > 0]
    if len(order):
        listed = rows.rows(order[:_LISTED])
        caption = (
            "Pairs of components that are both surely there, at how many positions and "
            "at what fraction of all, most first"
        )
        more = len(order) - len(listed)
        caption += f"; {more} more are not listed." if more else "."
        tables.append(table(listed, caption))
    parts = (*figures, *tables)
    return Section("overlap", "Overlap", finding, parts, fractions.parameters)


def band_section(signal: BaseSignal) -> Section:
    """Return the section on other solutions that describe the data as well."""
    bands = get_bands(signal)
    n_found = min(len(bands.table), get_result(signal).n_found)
    finding = sentence(bands.finding())
    figures = [
        image(
            bands.plot(some),
            "Above, the lowest and the highest map of each component among all "
            "solutions that describe the data as well, on one scale, with the lowest "
            "and the highest share of all counts; below, the ambiguity of its factor: "
            "0 is determined by the data, 1 is open.",
            f"Bands of components {some[0]} to {some[-1]}.",
        )
        for some in parts_of(n_found, _COLUMNS)
    ]
    listed = table(bands.table.rows(np.arange(n_found)), _OF_BANDS)
    parts = (*figures, listed)
    return Section("bands", "Ambiguity", finding, parts, bands.parameters)


def _fraction_rows(fractions: ComponentFractions, n_found: int) -> Table:
    present = fractions.present()[:n_found]
    values, uncertainties = (
        np.asarray(aligned_data(signal))[:n_found].reshape(n_found, -1)
        for signal in (fractions.fractions, fractions.uncertainty)
    )
    return Table.from_columns(
        component=np.arange(n_found),
        n_positions=present.sum(axis=1),
        # One after the other: copies of all maps are large.
        mean_fraction=[np.nanmean(own, dtype=float) for own in values],
        median_uncertainty=[np.nanmedian(own) for own in uncertainties],
        largest_uncertainty=[np.nanmax(own) for own in uncertainties],
    )
