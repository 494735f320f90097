"""Tables of measurements: structured arrays that can be read and written."""

from __future__ import annotations

import csv
import html
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike


class Table(np.recarray):
    """A structured array, one row for each thing measured, that prints as a table.

    Columns are fields: ``table["diameter"]``, or ``table.diameter``. For pandas,
    ``pandas.DataFrame(table)``.
    """

    @classmethod
    def of(cls, **columns: ArrayLike) -> Table:
        """Make a table of columns of equal length, by their names."""
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        dtype = [(name, array.dtype) for name, array in arrays.items()]
        table = np.recarray(len(next(iter(arrays.values()))), dtype).view(cls)
        for name, array in arrays.items():
            table[name] = array
        return table

    def save(self, path: str | PathLike) -> None:
        """Write the table to a file of comma-separated values, names first."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.dtype.names or ())
            writer.writerows(self.tolist())

    def __str__(self) -> str:
        cells = self.cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
            for row in cells
        )

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        head, *body = (
            "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(self), self.cells(), strict=True)
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def cells(self, digits: int = 4) -> list[list[str]]:
        """Return names and values as text, row by row.

        Parameters
        ----------
        digits : int, default 4
            Significant digits of numbers that are not whole.
        """
        rows = np.atleast_1d(self).tolist()
        texts = ([_text(value, digits) for value in row] for row in rows)
        return [list(self.dtype.names or ()), *texts]


def _text(value: object, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
