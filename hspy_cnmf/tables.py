"""Tables of measurements: structured arrays that can be read and written."""

from __future__ import annotations

import csv
import math
import os
from io import TextIOWrapper

import numpy as np
from numpy.typing import ArrayLike

from hspy_cnmf.plain_text import html_text, plain_text, spreadsheet_cell
from hspy_cnmf.whole_file import whole_file

#: Name of the column that belongs to the one before it.
_UNCERTAINTY = "uncertainty"


class Table(np.recarray):
    """A structured array, one row for each thing measured, that prints as a table.

    Columns are fields: ``table["diameter"]``, or ``table.diameter``. For pandas,
    ``pandas.DataFrame(table)``.

    Attributes
    ----------
    note : str
        What has to be known to read it, shown below it; no part of files.
    """

    note: str = ""

    @classmethod
    def from_columns(cls, **columns: ArrayLike) -> Table:
        """Make a table of columns of equal length, by their names."""
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        dtype = [(name, array.dtype) for name, array in arrays.items()]
        table = np.recarray(len(next(iter(arrays.values()))), dtype).view(cls)
        for name, array in arrays.items():
            table[name] = array
        return table

    #: Its name before; scripts have it.
    of = from_columns

    def rows(self, which: np.ndarray) -> Table:
        """Return some of the rows, by their numbers or by a mask, as a table."""
        some = self[which].view(Table)
        some.note = self.note
        return some

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.dtype.names or ())

    def save(self, path: str | os.PathLike) -> None:
        """Write the table to a file of comma-separated values, names first.

        The file is there whole or not at all; text that a spreadsheet would take for
        a formula begins with an apostrophe.

        Raises
        ------
        ValueError
            If the path is that of no ordinary file.
        """
        rows = (map(spreadsheet_cell, row) for row in np.atleast_1d(self).tolist())
        with whole_file(path) as file:
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            writer = csv.writer(text)
            writer.writerow(map(spreadsheet_cell, self.names))
            writer.writerows(rows)
            text.detach()

    def __str__(self) -> str:
        cells = self.cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
            for row in cells
        ]
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        head, *body = (
            "".join(f"<{tag}>{html_text(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(self), self.cells(), strict=True)
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        note = f"<p>{html_text(self.note)}</p>" if self.note else ""
        table = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        return f"<table>{table}</table>{note}"

    def cells(self, digits: int = 4) -> list[list[str]]:
        """Return names and values as text, row by row.

        A column "uncertainty" goes with the one before it, as in 0.25640(13): so
        values have the digits that their uncertainty earns. What is not known is a
        dash.

        Parameters
        ----------
        digits : int, default 4
            Significant digits of other numbers that are not whole.
        """
        names, cells = self.names, []
        for k, name in enumerate(names):
            values = np.atleast_1d(self[name]).tolist()
            if name == _UNCERTAINTY and k:
                continue
            if names[k + 1 : k + 2] == [_UNCERTAINTY]:
                errors = np.atleast_1d(self[_UNCERTAINTY]).tolist()
                pairs = zip(values, errors, strict=True)
                texts = [with_uncertainty(*pair, digits=digits) for pair in pairs]
            else:
                texts = [_text(value, digits) for value in values]
            cells.append([name, *texts])
        return [list(row) for row in zip(*cells, strict=True)]


def with_uncertainty(value: float, uncertainty: float, digits: int = 4) -> str:
    """Return a number and its uncertainty as text, such as 0.25640(13).

    Parameters
    ----------
    value, uncertainty : float
        The uncertainty has two digits, in units of the last two of the value.
    digits : int, default 4
        Significant digits where the uncertainty is not known.
    """
    if not (math.isfinite(value) and 0 < uncertainty < math.inf):
        return _text(float(value), digits)
    size = max(abs(value), uncertainty)
    power = _exponent(size) if not 1e-4 <= size < 1e6 else 0
    value, uncertainty = value / 10.0**power, uncertainty / 10.0**power
    last = _exponent(float(f"{uncertainty:.1e}")) - 1
    decimals = max(-last, 0)
    error = round(uncertainty / 10.0**last) * 10 ** max(last, 0)
    text = f"{round(value, -last):.{decimals}f}({error})"
    return f"{text}e{power}" if power else text


def _exponent(value: float) -> int:
    return math.floor(math.log10(value))


def _text(value: object, digits: int) -> str:
    if not isinstance(value, float):
        return plain_text(str(value))
    return "–" if math.isnan(value) else f"{value:.{digits}g}"
