"""Error for input that cannot be analysed; its message is all that a user sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """What the user gave cannot be analysed; the message says why."""


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn what is raised for input that does not make sense into `InputError`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
