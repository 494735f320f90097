"""An estimator made ready: parameters checked, numbers plain, its seed an integer."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from sklearn.base import BaseEstimator

from hspy_cnmf.arguments import plain
from hspy_cnmf.operators import range_finder
from hspy_cnmf.solver.parameters import check_parameters


def resolve(
    estimator: BaseEstimator, keep_positions: np.ndarray, keep_pixels: np.ndarray
) -> BaseEstimator:
    """Return an estimator with checked parameters, plain numbers and a seed.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.

    Raises
    ------
    ValueError
        If a parameter does not fit the data.
    """
    parameters = plain(estimator.get_params(deep=False))
    if parameters["n_components"] is None:
        parameters["n_components"] = int(
            min(np.count_nonzero(keep) for keep in (keep_positions, keep_pixels))
        )
    estimator = changed(estimator, **parameters)
    check_parameters(estimator, keep_positions, keep_pixels)
    return with_seed(estimator)


def changed(estimator: BaseEstimator, **parameters: Any) -> BaseEstimator:
    """Return an estimator with some parameters changed, the others not copied."""
    return type(estimator)(**(estimator.get_params(deep=False) | parameters))


def with_seed(estimator: BaseEstimator) -> BaseEstimator:
    """Return an estimator whose random state is an integer: it can be repeated."""
    random_state = estimator.random_state
    if random_state is None:
        random_state = np.random.SeedSequence().generate_state(1)[0]
    elif isinstance(random_state, np.random.Generator):
        random_state = random_state.integers(2**32)
    elif isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31)
    elif isinstance(random_state, bool) or not isinstance(random_state, Integral):
        raise ValueError(
            "random_state must be None, an integer, a numpy Generator or RandomState, "
            f"got {random_state!r}."
        )
    if random_state < 0:
        raise ValueError(f"random_state must be at least 0, got {random_state}.")
    return changed(estimator, random_state=int(random_state))


def seeds_of(estimator: BaseEstimator) -> list[int]:
    """Return the seed of the sketch and that of each start."""
    sequence = np.random.SeedSequence(estimator.random_state)
    n_starts = estimator.n_init if isinstance(estimator.init, str) else 1
    return sequence.generate_state(n_starts + 1).tolist()


def random_patterns(
    estimator: BaseEstimator,
    rank: int,
    keep_pixels: np.ndarray,
    dtype: DTypeLike = float,
) -> np.ndarray:
    """Return the random test matrix of an estimator's sketch, shape (rank, n_pixels).

    The estimator has a seed; see `with_seed`. That of a pixel is the same whichever
    others take part.
    """
    keep, seed = keep_pixels.ravel(), seeds_of(estimator)[0]
    return range_finder.random_patterns(rank, keep.size, seed, keep, dtype)
