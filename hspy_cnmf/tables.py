"""Tables of measurements: structured arrays that can be read and written."""

from __future__ import annotations

import csv
import os
from io import TextIOWrapper

import numpy as np

from hspy_cnmf.plain_text import html_text, spreadsheet_cell
from hspy_cnmf.whole_file import whole_file


class Table(np.recarray):
    """A structured array, one row for each thing measured, that prints as a table.

    Columns are fields: ``table["diameter"]``, or ``table.diameter``. For pandas,
    ``pandas.DataFrame(table)``.
    """

    @classmethod
    def of(cls, **columns):
        """Make a table of columns of equal length, by their names."""
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        dtype = [(name, array.dtype) for name, array in arrays.items()]
        table = np.recarray(len(next(iter(arrays.values()))), dtype).view(cls)
        for name, array in arrays.items():
            table[name] = array
        return table

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
            writer.writerow(self.dtype.names or ())
            writer.writerows(rows)
            text.detach()

    def __str__(self):
        cells = self.cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
            for row in cells
        )

    def _repr_html_(self):
        """Return what notebooks show."""
        head, *body = (
            "".join(f"<{tag}>{html_text(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(self), self.cells(), strict=True)
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def cells(self, digits=4):
        """Return names and values as text, row by row.

        Parameters
        ----------
        digits : int, default 4
            Significant digits of numbers that are not whole.
        """
        rows = np.atleast_1d(self).tolist()
        texts = ([_text(value, digits) for value in row] for row in rows)
        return [list(self.dtype.names), *texts]


def _text(value, digits):
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
