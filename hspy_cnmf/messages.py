"""Messages that would be said again at every call, said once."""

from __future__ import annotations

import logging
import weakref

import numpy as np

#: What was said of objects that are alive, by their identity.
_said: dict[int, set[str]] = {}


def warn_once(
    logger: logging.Logger, subject: object, text: str, kind: str | None = None
) -> None:
    """Log a warning, unless the same was said of the same object before.

    Parameters
    ----------
    logger : logging.Logger
    subject : object
        What the warning is about, as a signal.
    text : str
    kind : str, optional
        What makes two warnings the same, if it is not the text: numbers in it may
        differ a little from call to call.
    """
    said, kind = _said_of(subject), text if kind is None else kind
    if kind not in said:
        said.add(kind)
        logger.warning(text)


def said_before(subject: object, other: object) -> None:
    """Let what was said of one object count as said of another.

    Parameters
    ----------
    subject, other : object
        What the warnings are about, as a signal and what was made of it.
    """
    _said_of(other).update(_said_of(subject))


def _said_of(subject: object) -> set[str]:
    key = id(subject)
    if key not in _said:
        _said[key] = set()
        weakref.finalize(subject, _said.pop, key, None)
    return _said[key]


def owner(array: np.ndarray) -> np.ndarray:
    """Return the array whose values a view shows: that of all views of a result."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
