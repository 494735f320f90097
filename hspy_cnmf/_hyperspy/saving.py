"""Saving of a signal without a second copy of its results in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy import nodes


class _Uncopied(np.ndarray):
    """An array that is itself where copies are made of what holds it."""

    def __deepcopy__(self, memo: Any) -> _Uncopied:
        return self


@contextmanager
def uncopied_results(signal: BaseSignal) -> Iterator[None]:
    """Let HyperSpy save a signal's results from where they are.

    HyperSpy saves from a deep copy of all but the data: of a million positions, eight
    components and all that was found of them some 250 MB.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Its learning results and what it keeps in its metadata. Inside, they must be
        read only; afterwards they are the arrays that they were.
    """
    learning = vars(signal.learning_results)
    matrices = {k: v for k, v in learning.items() if isinstance(v, np.ndarray)}
    kept = [s for s in _kept_signals(signal) if isinstance(s.data, np.ndarray)]
    arrays = [s.data for s in kept]
    try:
        learning |= {k: v.view(_Uncopied) for k, v in matrices.items()}
        for one, array in zip(kept, arrays, strict=True):
            one.data = array.view(_Uncopied)
        yield
    finally:
        learning |= matrices
        for one, array in zip(kept, arrays, strict=True):
            one.data = array


def _kept_signals(signal: BaseSignal) -> Iterator[BaseSignal]:
    """Yield the signals among the results that a signal keeps, and those in them."""
    for node in nodes.NODES:
        for item in nodes.get_items(signal, node).values():
            yield from _signals_in(item)


def _signals_in(item: Any) -> Iterator[BaseSignal]:
    if isinstance(item, BaseSignal):
        yield item
        item = item.metadata
    if hasattr(item, "keys") and hasattr(item, "get_item"):  # a part of metadata
        for name in item.keys():
            yield from _signals_in(item.get_item(name))
