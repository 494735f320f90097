"""Requests to end the process: they are not lost, and can be put off."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds after which a request to end that was lost is made again.
_SHORTLY = 0.05

#: Requests that came since `recognised` was begun.
_heard: list[type[KeyboardInterrupt]] = []


class Terminated(KeyboardInterrupt):
    """The process is asked to end, as by SIGTERM: it cleans up as after Ctrl-C."""


def listen() -> None:
    """Have requests to end raise, and none of them lost.

    What a signal raises inside of a callback of C, or while an object is destroyed,
    goes no further, and the program would go on as if nobody had asked. C may also
    make another error of it: see `recognised`.
    """
    for number in _numbers("SIGTERM", "SIGHUP"):
        signal.signal(number, _terminate)
    # Of what runs in the background it may be ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _ask_again


@contextmanager
def recognised() -> Iterator[None]:
    """Raise a request to end where an error was made of it.

    Conversions in C take any exception for a value that does not suit, and raise
    what they raise of those: a ``TypeError`` about arguments that are right.

    Raises
    ------
    KeyboardInterrupt
        Instead of an error that came after a request to end.
    """
    _heard.clear()
    try:
        yield
    except Exception as error:
        if _heard:
            raise _heard[-1] from error
        raise


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off interrupts of the main thread until what is inside is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late: list[int] = []
    before = {
        n: signal.signal(n, lambda number, _: late.append(number))
        for n in _numbers("SIGINT", "SIGTERM", "SIGHUP")
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for missed in late:
            signal.raise_signal(missed)


def _numbers(*names: str) -> list[int]:
    """Return the numbers of signals, of those that the system knows."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _interrupt(*_: object) -> None:
    _heard.append(KeyboardInterrupt)
    raise KeyboardInterrupt


def _terminate(*_: object) -> None:
    _heard.append(Terminated)
    raise Terminated


def _ask_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat a request to end that went no further; say what else did not."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    is_terminated = issubclass(lost.exc_type, Terminated)
    number = signal.SIGTERM if is_terminated else signal.SIGINT
    # Not here, where it would be lost again.
    again = threading.Timer(_SHORTLY, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
