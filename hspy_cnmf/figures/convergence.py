"""How the starts of a constrained NMF settled."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex, write_title
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.copies import COPY

_CHANGES = {
    "factor_change_history": "relative change\nof factors",
    "loading_change_history": "relative change\nof loadings",
}


@without_tex
def plot_convergence(
    signal_or_result: BaseSignal | Result, figure: AnyFigure | None = None
) -> AnyFigure:
    """Plot how the error, the factors and the loadings of every start settled.

    Parameters
    ----------
    signal_or_result : hyperspy.signal.BaseSignal or Result
        A signal after ``decomposition(algorithm="constrained_nmf")``, also one that
        was saved and loaded, or what `get_result` returns.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Three axes from top to bottom: the error, the relative L1 change of the
        factors and that of the loadings, each against the iteration. The start that
        won is in colour.

    Raises
    ------
    RuntimeError
        If the signal's last decomposition was not a constrained NMF.

    Notes
    -----
    After Fig. 7 of Kimoto et al., Sci. Rep. (2025), doi:10.1038/s41598-025-23541-7.
    With constraints the error may rise again after its minimum; the changes of
    factors and loadings tell whether a start has converged.
    """
    result = signal_or_result
    if not isinstance(result, Result):
        result = get_result(signal_or_result)
    if figure is None:
        figure = new_figure("Convergence", figsize=(5.5, 6.5), layout="constrained")
    axes = figure.subplots(3, sharex=True)
    _plot_starts(axes[0], result.error_history, result.best)
    axes[0].set(
        xscale="log",
        ylabel=_error_label(result),
        ylim=_error_limits(result.error_history),
    )
    axes[0].ticklabel_format(axis="y", useOffset=False)
    for ax, (name, label) in zip(axes[1:], _CHANGES.items(), strict=True):
        _plot_starts(ax, getattr(result, name), result.best)
        ax.set(yscale="log", ylabel=label)
        _mark_tolerance(ax, result.parameters.get("tol"))
    axes[0].legend(loc="upper right", frameon=False)
    axes[-1].set_xlabel("iteration")
    write_title(figure, _ending(result))  # above a power of ten at the axis
    return figure


def _error_label(result: Result) -> str:
    """Name the error: iterations on a sketch do not know that of the data."""
    rank = result.parameters.get("compression_rank")
    label = "mean squared error"
    return label if rank is None else f"{label}\n(sketch of rank {rank})"


def _plot_starts(ax: Axes, histories: np.ndarray, best: int) -> None:
    iterations = np.arange(1, histories.shape[1] + 1)
    label: str | None = "other starts"
    for i, history in enumerate(histories):
        if i != best:
            ax.plot(iterations, history, color="0.65", linewidth=0.8, label=label)
            label = None
    ax.plot(iterations, histories[best], color="C3", label="best start")
    # A mark at the end shows where it stopped, even after a single iteration.
    last = np.flatnonzero(np.isfinite(histories[best]))[-1:]
    ax.plot(iterations[last], histories[best][last], "o", color="C3", markersize=4)


def _error_limits(histories: np.ndarray) -> tuple[float, float]:
    """Return limits that show where errors settle rather than how high they began."""
    starts = [history[np.isfinite(history)] for history in histories]
    ends = [start[-1] for start in starts]
    lowest = min(start.min() for start in starts)
    highest = max(start.max() for start in starts)
    # The tenth iteration is about where a constrained error has its minimum.
    settled = max(max(start[:10].min() for start in starts), *ends, lowest)
    top = min(lowest + 3 * (settled - lowest), highest)
    margin = 0.06 * (top - lowest) or 0.01 * abs(top) or 1.0
    return lowest - margin, top + margin


def _mark_tolerance(ax: Axes, tolerance: float | None) -> None:
    if tolerance:
        ax.axhline(tolerance, color="0.3", linestyle="--", linewidth=0.8)
        ax.annotate(
            "tol",
            (0.01, tolerance),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            fontsize="small",
        )


def _ending(result: Result) -> str:
    n_starts, n_copies = len(result.status), result.status.count(COPY)
    copies = f", {n_copies} ended as copies" if n_copies else ""
    return (
        f"{result.status.count('converged')} of {n_starts} "
        f"start{'' if n_starts == 1 else 's'} converged{copies}; "
        f"error of the data {result.error:.6g}"
    )
