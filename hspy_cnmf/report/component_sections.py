"""Sections on the number of components, factors and maps, and restarts."""

from __future__ import annotations

import numpy as np

from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures import plot_components, plot_convergence
from hspy_cnmf.report.elements import image, parts_of, table
from hspy_cnmf.report.page import Section
from hspy_cnmf.selection import get_scan
from hspy_cnmf.solver.result import SAME, Result
from hspy_cnmf.tables import Table

#: How many are in one figure, so that it fits on a page.
_COMPONENTS = 24


def scan_section(signal: BaseSignal) -> Section:
    """Return the section on the number of components."""
    scan = get_scan(signal)
    caption = (
        "Against the number of components n: mean squared error of NMF (a point for "
        "each start) and of PCA, with the noise floor expected of counts; by how much "
        "the best error of NMF is above that of PCA; agreement of starts (cosine of "
        "factors) on the component that they agree on least; error on data that were "
        "left out, above the lowest, with its standard error. Dotted: the number "
        "suggested. Errors are in units of the data squared."
    )
    alternative = (
        f"Four curves against the number of components, from "
        f"{scan.output_dimensions[0]} to {scan.output_dimensions[-1]}; "
        f"{scan.suggested} components are suggested."
    )
    rows = scan.table()
    chosen = rows["output_dimension"] == scan.suggested
    caption_of_table = (
        "The curves in numbers; the number suggested is marked. Spread: highest less "
        "lowest error of the starts."
    )
    return Section(
        "scan",
        "Number of components",
        f"Suggested are {scan.reason}",
        (
            image(scan.plot(), caption, alternative),
            table(rows, caption_of_table, 6, chosen=chosen),
        ),
        {name: v for name, v in scan.parameters.items() if name != "reason"},
    )


def component_section(signal: BaseSignal) -> Section:
    """Return the section on factors and maps."""
    result = get_result(signal)
    caption = (
        "Factors w (patterns, each of unit sum) and beside each its loading h (map, in "
        "units of the data), on scales common to the figure. Percentages are shares of "
        "the counts; a fraction such as 3/4 tells how many other starts found the "
        "component again, in red where most did not. Masked is grey."
    )
    parts = list(parts_of(result.n_found, _COMPONENTS))
    figures = [
        image(
            # All that were found, which the figure then says, or a part of them.
            plot_components(signal, some if len(parts) > 1 else None),
            caption,
            f"Factors and maps of components {some[0]} to {some[-1]}.",
        )
        for some in parts
    ]
    n_empty = len(result.factors) - result.n_found
    left_out = f" Not shown: {n_empty} that were left empty." if n_empty else ""
    return Section(
        "components",
        "Factors and maps",
        f"{result.n_found} component{'' if result.n_found == 1 else 's'}; mean squared "
        f"error {result.error:.6g}.{left_out}",
        (*figures, table(_component_rows(result), "Counts in each component.")),
    )


def _component_rows(result: Result) -> Table:
    counts = np.nansum(result.factors, axis=1) * np.nansum(result.loadings, axis=1)
    return Table.from_columns(
        component=np.arange(result.n_found),
        counts=counts[: result.n_found],
        percent_of_counts=100 * counts[: result.n_found] / counts.sum(),
    )


def restart_section(signal: BaseSignal) -> Section:
    """Return the section on how the starts settled, and whether they agree."""
    result = get_result(signal)
    figure = image(
        plot_convergence(result),
        "Mean squared error (in units of the data squared), and relative change of "
        "factors and loadings, against the iteration. The start that is kept is red.",
        f"Three curves for each of {len(result.status)} starts. {result.summary()}",
    )
    starts = Table.from_columns(
        start=np.arange(1, len(result.status) + 1),
        seed=[str(seed) for seed in result.seeds],
        iterations=result.n_iter,
        ended=result.status,
        last_error=result.last_errors,
    )
    is_best = np.arange(len(starts)) == result.best
    parts = [
        figure,
        table(
            starts,
            "Starts; the one that is kept is marked. Errors are those before the last "
            "iteration.",
            6,
            chosen=is_best,
        ),
    ]
    if result.agreement is not None and len(result.agreement) > 1:
        found = slice(result.n_found)
        again = result.found_again[found]
        rows = Table.from_columns(
            component=np.arange(result.n_found),
            found_again_by_percent=100 * again,
            median_agreement=result.median_agreement[found],
        )
        caption = (
            "How many of the other starts found each component again (cosine of "
            f"factors of at least {SAME}), and the median cosine; marked where most "
            "did not."
        )
        parts.append(table(rows, caption, doubtful=(again < 0.5).tolist()))
    finding = f"Status: {result.summary()}. Agreement: {result.agreement_summary()}."
    return Section("restarts", "Agreement between restarts", finding, tuple(parts))
