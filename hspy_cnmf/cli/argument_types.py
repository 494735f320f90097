"""Numbers and sizes among the arguments of the command, read from text."""

from __future__ import annotations

import argparse
from math import inf

from hspy_cnmf.operators.memory import memory_limit


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    return _at_least(1, int(text))


def count_or_auto(text: str) -> int | str:
    """Return a whole number from 1 on, or "auto"."""
    return text if text == "auto" else count(text)


def number_of_domains(text: str) -> int | str:
    """Return a whole number from 2 on, or "auto"."""
    if text == "auto":
        return text
    try:
        number = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of domains; FILE comes before --domains"
        ) from error
    return _at_least(2, number)


def rank(text: str) -> int | str | None:
    """Return a whole number from 1 on, "auto", or None for "none"."""
    if text in ("auto", "none"):
        return None if text == "none" else text
    return count(text)


def memory(text: str) -> int:
    """Return a number of bytes, from text such as "4GB"."""
    try:
        return memory_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from error


def distance(text: str) -> float:
    """Return a finite number from 0 on."""
    number = float(text)
    if not 0 <= number < inf:
        raise argparse.ArgumentTypeError(f"{number} is no distance: give 0 or more")
    return number


def _at_least(smallest: int, number: int) -> int:
    if number < smallest:
        raise argparse.ArgumentTypeError(
            f"{number} is too small: give {smallest} or more"
        )
    return number


# argparse names the type in its message for text that is no number.
for _type in (count, count_or_auto, rank, distance):
    _type.__name__ = "number"
