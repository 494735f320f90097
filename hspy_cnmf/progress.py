"""One progress bar for a call: its readings and starts, and what is done just now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import ceil

from tqdm.auto import tqdm

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n:.3g}/{total:.3g} [{elapsed}{postfix}]"

#: Called with how many more parts of a task are done.
Advance = Callable[..., object]


class Progress:
    """The bar of a call. A step of it is a reading of the data, or a start.

    Parameters
    ----------
    bar : tqdm.tqdm
    """

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar

    @contextmanager
    def task(self, label: str, n_parts: int) -> Iterator[Advance]:
        """Do a task, one step of the bar, which names it.

        Parameters
        ----------
        label : str
            What is done.
        n_parts : int
            Of how many parts the task is, as blocks that are read.

        Yields
        ------
        callable
            To be called when a part is done, or with the number of parts.
        """
        self._begin(label, 1)
        done = 0.0

        def advance(n: float = 1) -> None:
            """Count n more parts as done."""
            nonlocal done
            before, done = done, min(done + n / max(n_parts, 1), 1)
            self.skip(done - before)

        yield advance
        self.skip(1 - done)

    @contextmanager
    def starts(self, label: str, n_starts: int, max_iter: int) -> Iterator[Advance]:
        """Do a run of starts, a step each.

        Yields
        ------
        callable
            To be called with the number of iterations that are done, or that starts
            which have ended do not need.
        """
        self._begin(label, n_starts)
        done = 0.0

        def advance(n: int) -> None:
            """Count n iterations, of all starts together, as done."""
            # Readings in between, as for a sketch, are steps of their own.
            nonlocal done
            before, done = done, max(done, min(n / max_iter, n_starts))
            self.skip(done - before)

        yield advance
        self.skip(n_starts - done)

    def skip(self, n_steps: float) -> None:
        """Count steps as done, or as not needed."""
        if n_steps > 0:
            self._bar.update(n_steps)

    def finish(self) -> None:
        """End with what was done: steps that were not needed are not missing."""
        if self._bar.n > 0:
            self._bar.n = self._bar.total = round(self._bar.n)
        self._bar.set_postfix_str("")

    def _begin(self, label: str, n_steps: int) -> None:
        # A step more than was foreseen moves the end.
        self._bar.total = max(self._bar.total or 0, ceil(self._bar.n + n_steps - 1e-6))
        self._bar.set_postfix_str(label)


_current: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def one_bar(name: str, n_steps: int, shown: bool) -> Iterator[Progress]:
    """Show a bar while a call lasts; inside another call, that one's.

    Parameters
    ----------
    name : str
        What the call does.
    n_steps : int
        How many readings and starts it takes, as far as is known.
    shown : bool
        Whether there is a bar to be seen.
    """
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    with tqdm(total=n_steps, desc=name, bar_format=_FORMAT, disable=not shown) as bar:
        progress = Progress(bar)
        token = _current.set(progress)
        try:
            yield progress
        finally:
            _current.reset(token)
        progress.finish()


@contextmanager
def reading(label: str, n_blocks: int, shown: bool) -> Iterator[Advance]:
    """Read the data once, as a step of the call's bar, or with a bar of its own.

    Parameters
    ----------
    label : str
        What is read for.
    n_blocks : int
        How many blocks there are.
    shown : bool
        Whether the reading counts; many readings of one start do not.

    Yields
    ------
    callable
        To be called when a block is done.
    """
    if not shown:
        yield lambda n=1: None
        return
    with one_bar(label, 1, shown) as bar, bar.task(label, n_blocks) as advance:
        yield advance


def can_be_seen() -> bool:
    """Whether a bar would be seen: in a terminal or a notebook, not in a file."""
    in_notebook = any("notebook" in kind.__module__ for kind in tqdm.__mro__)
    return in_notebook or bool(getattr(sys.stderr, "isatty", bool)())
