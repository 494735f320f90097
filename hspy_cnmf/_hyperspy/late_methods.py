"""Methods of clusters that rooms which stand on them provide, when they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

#: Functions of clusters by the name of the method; filled by the registration.
METHODS_OF_CLUSTERS: dict[str, Callable[..., Any]] = {}


class LateMethods:
    """A class whose methods are its own and those in `METHODS_OF_CLUSTERS`."""

    def __getattr__(self, name: str) -> Any:
        if name in METHODS_OF_CLUSTERS:
            return partial(METHODS_OF_CLUSTERS[name], self)
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *METHODS_OF_CLUSTERS]
