"""Constraints on images that each stand alone: copies of all maps are large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.device.arrays import namespace


@dataclass(frozen=True)
class EachAlone:
    """A prepared constraint that takes each image of a stack by itself.

    Parameters
    ----------
    function : callable
        Of values, shape (n, n_kept), of an array that the result is written to, which
        may be the very same, and of the number of the first image in its stack; returns
        the result.
    """

    function: Callable[[np.ndarray, np.ndarray, int], np.ndarray]

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the result, with the values left as they are."""
        return self.function(values, namespace(values).empty_like(values), 0)


#: A constraint as a function of values that take part.
Projection = Callable[[np.ndarray], np.ndarray]


def overwritten(project: Projection, values: np.ndarray) -> np.ndarray:
    """Return the result of a prepared constraint, in the place of values if it can."""
    if isinstance(project, EachAlone):
        return project.function(values, values, 0)
    return project(values)


def one_by_one(project: Projection, values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images of the result of a prepared constraint.

    Those of all are not there at the same time if each stands alone.
    """
    if not isinstance(project, EachAlone):
        yield from project(values)
        return
    for k in range(len(values)):
        own = values[k : k + 1]
        yield project.function(own, namespace(own).empty_like(own), k)[0]
