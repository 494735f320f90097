"""What a user of the shell is told about input that does not make sense."""

from contextlib import contextmanager


class InputError(ValueError):
    """What the user gave cannot be analysed; the message says why."""


@contextmanager
def input_errors():
    """Turn what is raised for input that does not make sense into `InputError`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
