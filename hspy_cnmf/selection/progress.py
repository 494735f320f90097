"""One progress bar over many runs."""

from __future__ import annotations

from collections.abc import Callable

from tqdm.auto import tqdm


def advance(bar: tqdm) -> Callable[[int], None]:
    """Return what the next run calls with the number of iterations that it has done."""
    before = bar.n
    return lambda n: bar.update(before + n - bar.n)
