"""The page: sections between a head and a foot."""

from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template


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
    parts: tuple
    parameters: dict = field(default_factory=dict)


def page(title, subtitle, sections, notes=()):
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
        title=escape(title),
        subtitle=escape(subtitle),
        style=folder.joinpath("style.css").read_text("utf-8"),
        summary="".join(map(_summary, sections)),
        notes="".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        sections="\n".join(map(_section, sections)),
    )


def _summary(section):
    link = f'<a href="#{section.name}">{escape(section.title)}</a>'
    return f"<dt>{link}</dt><dd>{escape(section.finding)}</dd>"


def _section(section):
    return (
        f'<section id="{section.name}"><h2>{escape(section.title)}</h2>'
        f"<p>{escape(section.finding)}</p>{''.join(section.parts)}</section>"
    )
