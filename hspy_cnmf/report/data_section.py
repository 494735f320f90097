"""Section on the data: size, calibration, masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.store import get_notes
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.panels import name_of, units_of
from hspy_cnmf.report.elements import paragraph, table
from hspy_cnmf.report.page import Section
from hspy_cnmf.tables import Table


def data_section(
    signal: BaseSignal, kept: dict[str, tuple[np.ndarray, np.ndarray]]
) -> Section:
    """Return the section on the data; they are not read.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
    kept : dict of str to tuple of numpy.ndarray of bool
        Positions and pixels that took part, by the name of the analysis.
    """
    masks = {name: _masks(*keeps) for name, keeps in kept.items()}
    navigation, pattern = (
        " × ".join(map(str, shape)) or "1"
        for shape in (
            signal.axes_manager.navigation_shape,
            signal.axes_manager.signal_shape,
        )
    )
    lazy = ", lazy" if signal._lazy else ""
    finding = (
        f"{type(signal).__name__} ({signal.data.dtype.name}{lazy}), {navigation} "
        f"positions of {pattern} pixels each; {_words(masks)}."
    )
    parts = [
        *map(paragraph, get_notes(signal)),
        table(_axes(signal), "Axes of the data, navigation axes (the scan) first."),
        *(
            table(rows, f"What took part in the {name}; the rest was masked.")
            for name, rows in masks.items()
        ),
    ]
    instrument = signal.metadata.get_item("Acquisition_instrument")
    if instrument is not None:
        rows = _leaves(instrument.as_dictionary())
        caption = "Acquisition, from the metadata of the signal."
        parts.append(table(_two_columns(rows), caption))
    return Section("data", "Data", finding, tuple(parts))


def _axes(signal: BaseSignal) -> Table:
    axes = signal.axes_manager.navigation_axes + signal.axes_manager.signal_axes
    ends = [axis.axis[[0, -1]] for axis in axes]
    return Table.from_columns(
        axis=[name_of(axis, "unnamed") for axis in axes],
        of=["scan" if axis.navigate else "signal" for axis in axes],
        size=[axis.size for axis in axes],
        step=[axis.scale if axis.is_uniform else np.nan for axis in axes],
        first=[float(end[0]) for end in ends],
        last=[float(end[1]) for end in ends],
        units=[units_of(axis) or "none" for axis in axes],
    )


def _masks(*kept: np.ndarray) -> Table:
    used = np.array([np.count_nonzero(keep) for keep in kept])
    total = np.array([keep.size for keep in kept])
    return Table.from_columns(
        of=["positions", "pixels"], used=used, masked=total - used, all=total
    )


def _words(masks: dict[str, Table]) -> str:
    """Say what is masked, and in which analysis where they differ."""
    words = {name: _words_on_mask(rows) for name, rows in masks.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{text} in the {name}" for name, text in words.items())


def _words_on_mask(rows: Table) -> str:
    if not rows["masked"].any():
        return "nothing is masked"
    return " and ".join(
        f"{row['masked']} of {row['all']} {row['of']}" for row in rows if row["masked"]
    ) + (" are masked")


def _leaves(tree: dict, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names, with those of the nodes before them, and values of a dictionary."""
    for name, value in tree.items():
        name = f"{path} {name}".strip()
        if isinstance(value, dict):
            yield from _leaves(value, name)
        elif isinstance(value, (bool, int, float, str, np.number)):
            yield name.replace("_", " "), value


def _two_columns(rows: Iterable[tuple[str, Any]]) -> Table:
    rows = list(rows)
    return Table.from_columns(
        name=[name for name, _ in rows],
        value=[f"{v:.6g}" if isinstance(v, float) else str(v) for _, v in rows],
    )
