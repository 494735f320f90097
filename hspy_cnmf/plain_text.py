"""Text from files as plain text: no markup for TeX, HTML or a spreadsheet."""

from __future__ import annotations

import html
import re

_SUPERSCRIPT = str.maketrans("-−+0123456789", "⁻⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹")

#: Powers and the micro sign as they are written in TeX, units of HyperSpy and pyxem
#: among them.
_POWER = re.compile(r"\$(\\AA|[A-Za-zÅ]*)\^\{?([-−+\d]+)\}?\$")
_ANGSTROM = ("A", r"\AA")
_MICRO = re.compile(r"\$\\(?:micro|mu)\$|\\micro\b|\\textmu\b")

#: Control characters and halves of surrogate pairs, which nothing can draw or encode.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")

#: What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@")


def plain_text(text: str, longest: int = 200) -> str:
    """Return a text of one line that anything can draw and encode.

    Parameters
    ----------
    text : str
        Title, name or units, from wherever they came.
    longest : int, default 200
        Characters that are kept; an ellipsis stands for the rest.
    """
    text = _UNPRINTABLE.sub(" ", str(text)).strip()
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def plain_units(units: str) -> str:
    """Return units as plain text: what TeX writes as markup, as characters."""
    units = _POWER.sub(_power, units)
    return plain_text(_MICRO.sub("µ", units), 30)


def _power(found: re.Match[str]) -> str:
    base = "Å" if found[1] in _ANGSTROM else found[1]
    return base + found[2].translate(_SUPERSCRIPT)


def html_text(text: str, longest: int = 10_000) -> str:
    """Return a text in which nothing is HTML."""
    return html.escape(plain_text(text, longest))


def spreadsheet_cell(value: object) -> object:
    """Return a value in which no spreadsheet sees a formula: text is quoted.

    What is not known, NaN, is an empty cell.
    """
    if not isinstance(value, str):
        return "" if value != value else value
    text = plain_text(value, 10_000)
    return f"'{text}" if text.startswith(_FORMULA) else text
