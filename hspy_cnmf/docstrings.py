"""Docstrings of functions, and the entries of their parameters (numpydoc)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What a docstring says of a parameter, or of several alike.

    Parameters
    ----------
    names : tuple of str
    kind : str
        Type and default, the part after the colon.
    lines : tuple of str
        The text, with its indentation.
    """

    names: tuple[str, ...]
    kind: str
    lines: tuple[str, ...]

    @classmethod
    def parse(cls, lines: Sequence[str]) -> Entry:
        """Return the entry that begins with its heading."""
        names, _, kind = lines[0].partition(" : ")
        return cls(tuple(names.split(", ")), kind, tuple(lines[1:]))

    def with_default(self, default: Any) -> Entry:
        """Return the entry with another default in its heading."""
        value = f'"{default}"' if isinstance(default, str) else repr(default)
        kind = re.sub(r", default .*", "", self.kind) + f", default {value}"
        return replace(self, kind=kind)

    @property
    def reference(self) -> str:
        """Name of the function where the text is, "" where it is here."""
        found = re.match(r"\s*See `([\w.]+)`", "\n".join(self.lines))
        return found[1] if found else ""

    def __str__(self) -> str:
        heading = ", ".join(self.names) + (f" : {self.kind}" if self.kind else "")
        return "\n".join([heading, *self.lines])


@dataclass(frozen=True)
class Documentation:
    """A docstring, parted at its parameters.

    Parameters
    ----------
    before, after : str
        The text around them.
    entries : tuple of Entry
    """

    before: str
    entries: tuple[Entry, ...]
    after: str

    @classmethod
    def parse(cls, text: str | None) -> Documentation:
        """Return the parts of a docstring; without parameters all is before them."""
        lines = inspect.cleandoc(text or "").split("\n")
        start = _section(lines, "Parameters")
        if start is None:
            return cls("\n".join(lines), (), "")
        stop = next(
            (i for i in range(start + 2, len(lines)) if _is_heading(lines, i)),
            len(lines),
        )
        body = "\n".join(lines[start + 2 : stop]).rstrip().split("\n")
        heads = [i for i, line in enumerate(body) if line and line[0] != " "]
        entries = tuple(
            Entry.parse(body[i:j])
            for i, j in zip(heads, [*heads[1:], len(body)], strict=True)
        )
        before = "\n".join(lines[:start]).rstrip()
        return cls(before, entries, "\n".join(lines[stop:]))

    def by_name(self) -> dict[str, Entry]:
        """Return the entry of each parameter, alone."""
        return {
            name: replace(entry, names=(name,))
            for entry in self.entries
            for name in entry.names
        }

    def replace(self, name: str, others: Iterable[Entry]) -> Documentation:
        """Return it with other entries in the place of a name's; none drop it."""
        found: list[Entry] = []
        for entry in self.entries:
            if name not in entry.names:
                found.append(entry)
                continue
            i = entry.names.index(name)
            parts = [
                [replace(entry, names=entry.names[:i])] if i else [],
                others,
                [replace(entry, names=rest)] if (rest := entry.names[i + 1 :]) else [],
            ]
            found.extend(chain.from_iterable(parts))
        return replace(self, entries=tuple(found))

    def __str__(self) -> str:
        parts = [self.before]
        if self.entries:
            listed = "\n".join(map(str, self.entries))
            parts.append(f"Parameters\n----------\n{listed}")
        return "\n\n".join(part for part in [*parts, self.after] if part) + "\n"


def _is_heading(lines: Sequence[str], i: int) -> bool:
    """Return whether a line is underlined."""
    below = lines[i + 1] if i + 1 < len(lines) else ""
    return bool(lines[i].strip()) and bool(re.fullmatch(r"-{3,}", below))


def _section(lines: Sequence[str], title: str) -> int | None:
    """Return the line of a section's heading, or None."""
    for i, line in enumerate(lines):
        if line == title and _is_heading(lines, i):
            return i
    return None
