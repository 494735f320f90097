"""What pages consist of: paragraphs, tables and images, as HTML."""

import base64
import re
from html import escape
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np

#: Dots per inch of images.
_RESOLUTION = 150

#: Tables of up to so many rows are not torn apart by the end of a page.
_SHORT = 12

_SUPERSCRIPT = str.maketrans("-−+0123456789", "⁻⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹")

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


def sentence(text):
    """Return a text with the first letter large and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def paragraph(text):
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def table(rows, caption, digits=4, *, chosen=None, doubtful=None):
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
        f'<th scope="col"{style}>{escape(_words(name))}</th>'
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
        f'<div class="table{size}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _words(name):
    return _HEADS.get(name, re.sub("^n_", "number_of_", name).replace("_", " "))


def _cells(texts, styles, kinds):
    return "".join(
        f"<td{style}>{escape(text if kind == 'U' else _WORDS.get(text, text))}</td>"
        for text, style, kind in zip(texts, styles, kinds, strict=True)
    )


def image(figure, caption, alternative):
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
    for text in figure.texts:
        text.set_parse_math(False)  # titles are the user's, whatever is in them
    with BytesIO() as file:
        # Without the name of the software, which comes with an address.
        figure.savefig(file, dpi=_RESOLUTION, format="png", metadata={"Software": None})
        data = base64.b64encode(file.getvalue()).decode("ascii")
    width = round(96 * figure.get_figwidth())
    plt.close(figure)
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{width}" '
        f'alt="{escape(alternative)}"><figcaption>{escape(caption)}</figcaption>'
        "</figure>"
    )


def plain_units(units):
    """Return units as plain text: powers that HyperSpy writes in TeX, as characters."""
    return re.sub(
        r"\$\^\{?([-−+\d]+)\}?\$",
        lambda found: found[1].translate(_SUPERSCRIPT),
        units,
    )


def parts_of(n, size):
    """Return the numbers from 0 to n - 1 in as few even parts as `size` allows."""
    return np.array_split(np.arange(n), -(-n // size)) if n else []
