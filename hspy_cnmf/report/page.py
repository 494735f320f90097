"""The page: sections between a head and a foot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import Any

from hspy_cnmf.plain_text import html_text


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    name : str
        Name in addresses within the page: one word.
    title : str
        Heading.
    finding : str
        What was found, in a sentence or two.
    parts : tuple of str
        HTML of what shows it, from `hspy_cnmf.report.elements`.
    parameters : dict, optional
        With what it was found, to be listed at the end.
    """

    name: str
    title: str
    finding: str
    parts: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)


def page(
    title: str, subtitle: str, sections: Sequence[Section], notes: Sequence[str] = ()
) -> str:
    """Return a report as HTML that refers to nothing outside of it.

    Parameters
    ----------
    title, subtitle : str
        What was analysed, and what this is.
    sections : sequence of Section
        In order.
    notes : sequence of str
        What a reader must know before, such as what could not be found out.

    Returns
    -------
    str
    """
    folder = files("hspy_cnmf.report")
    template = Template(folder.joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        title=html_text(title, 200),
        subtitle=html_text(subtitle),
        style=folder.joinpath("style.css").read_text("utf-8"),
        summary="".join(map(_summary, sections)),
        notes="".join(f'<p class="note">{html_text(note)}</p>' for note in notes),
        sections="\n".join(map(_section, sections)),
    )


def _summary(section: Section) -> str:
    link = f'<a href="#{section.name}">{html_text(section.title)}</a>'
    return f"<dt>{link}</dt><dd>{html_text(section.finding)}</dd>"


def _section(section: Section) -> str:
    return (
        f'<section id="{section.name}"><h2>{html_text(section.title)}</h2>'
        f"<p>{html_text(section.finding)}</p>{''.join(section.parts)}</section>"
    )
