"""Messages that would be said again at every call, said once."""

from __future__ import annotations

import logging
import weakref

#: What was said of objects that are alive, by their identity.
_said: dict[int, set[str]] = {}


def warn_once(logger: logging.Logger, subject: object, text: str) -> None:
    """Log a warning, unless the same was said of the same object before.

    Parameters
    ----------
    logger : logging.Logger
    subject : object
        What the warning is about, as a signal.
    text : str
    """
    key = id(subject)
    if key not in _said:
        _said[key] = set()
        weakref.finalize(subject, _said.pop, key, None)
    if text not in _said[key]:
        _said[key].add(text)
        logger.warning(text)
