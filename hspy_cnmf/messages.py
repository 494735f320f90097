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
    key, kind = id(subject), text if kind is None else kind
    if key not in _said:
        _said[key] = set()
        weakref.finalize(subject, _said.pop, key, None)
    if kind not in _said[key]:
        _said[key].add(kind)
        logger.warning(text)


def owner(array: np.ndarray) -> np.ndarray:
    """Return the array whose values a view shows: that of all views of a result."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
