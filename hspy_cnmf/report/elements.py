"""Paragraphs, tables and images of a page, as HTML."""

from __future__ import annotations

import base64
import gc
import re
from collections.abc import Sequence
from io import BytesIO
from math import prod

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure, FigureBase

from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.plain_text import html_text
from hspy_cnmf.tables import Table

#: Dots per inch of images.
_RESOLUTION = 150

#: Values of images from which on figures are not left until they are collected as
#: garbage: their parts refer to each other, so that they stay a while.
_MANY_VALUES = 2**19

#: Positions of maps from which on this is worth its time in the end.
_MANY_POSITIONS = 2**16

#: Tables of up to so many rows are not torn apart by the end of a page.
_SHORT = 12

#: Names of columns that take more than spaces.
_HEADS = {
    "output_dimension": "number of components",
    "pca_error": "PCA error",
    "held_out_error": "held-out error",
    "percent_of_counts": "% of counts",
    "percent_of_positions": "% of positions",
    "confident_percent": "% of these confident",
    "found_again_by_percent": "found again by (%)",
}

#: How truth and numbers that are not known are written.
_WORDS = {"True": "yes", "False": "no", "nan": "–"}


def sentence(text: str) -> str:
    """Return a text with the first letter large and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{html_text(text)}</p>"


def table(
    rows: Table,
    caption: str,
    digits: int = 4,
    *,
    chosen: Sequence[bool] | None = None,
    doubtful: Sequence[bool] | None = None,
) -> str:
    """Return a table.

    Parameters
    ----------
    rows : hspy_cnmf.tables.Table
        Names of columns become their heads, in words.
    caption : str
        What it shows, with units.
    digits : int, default 4
        Significant digits of numbers that are not whole.
    chosen, doubtful : sequence of bool, optional
        Which rows are to be seen at once, as they were chosen or are doubtful.

    Returns
    -------
    str
    """
    names, *lines = rows.cells(digits)
    kinds = [rows[name].dtype.kind for name in names]
    styles = [' class="number"' * (kind in "iuf") for kind in kinds]
    head = "".join(
        f'<th scope="col"{style}>{html_text(_words(name))}</th>'
        for name, style in zip(names, styles, strict=True)
    )
    marks = [""] * len(lines)
    for name, which in (("chosen", chosen), ("doubtful", doubtful)):
        for i in np.flatnonzero(which) if which is not None else ():
            marks[i] = f' class="{name}"'
    body = "".join(
        f"<tr{mark}>{_cells(line, styles, kinds)}</tr>"
        for line, mark in zip(lines, marks, strict=True)
    )
    size = " short" * (len(lines) <= _SHORT)
    return (
        f'<div class="table{size}"><table><caption>{html_text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _words(name: str) -> str:
    return _HEADS.get(name, re.sub("^n_", "number_of_", name).replace("_", " "))


def _cells(texts: list[str], styles: list[str], kinds: Sequence[str]) -> str:
    return "".join(
        f"<td{style}>{html_text(text if kind == 'U' else _WORDS.get(text, text))}</td>"
        for text, style, kind in zip(texts, styles, kinds, strict=True)
    )


def image(figure: FigureBase, caption: str, alternative: str) -> str:
    """Return a figure as an image with a caption, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        To be drawn.
    caption : str
        What is to be seen, with units.
    alternative : str
        What a reader who does not see the image is told.

    Returns
    -------
    str
    """
    assert isinstance(figure, Figure)  # not a part of one
    if _n_values(figure) > _MANY_VALUES:
        gc.collect()  # those before it
    with BytesIO() as file:
        # Without the name of the software, which comes with an address.
        figure.savefig(file, dpi=_RESOLUTION, format="png", metadata={"Software": None})
        data = base64.b64encode(file.getvalue()).decode("ascii")
    width = round(96 * figure.get_figwidth())
    plt.close(figure)
    give_back()  # copies of maps, and the canvas
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{width}" '
        f'alt="{html_text(alternative)}"><figcaption>{html_text(caption)}</figcaption>'
        "</figure>"
    )


def let_go_of_figures(n_positions: int) -> None:
    """Give back what figures of maps of many positions have left, all of them drawn."""
    if n_positions >= _MANY_POSITIONS:
        gc.collect()
        give_back()


def _n_values(figure: Figure) -> int:
    """Return how many values the images of a figure have."""
    return sum(prod(shown.get_size()) for ax in figure.axes for shown in ax.images)


def parts_of(n: int, size: int) -> list[np.ndarray]:
    """Return the numbers from 0 to n - 1 in as few even parts as `size` allows."""
    return np.array_split(np.arange(n), -(-n // size)) if n else []
