"""Checks of the parameters of a factorisation, with errors that name them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from hspy_cnmf.arguments import real_number
from hspy_cnmf.device.choice import check_device
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.fixed import fixed_of

#: What ``init`` may name, and which of the starts begin at the purest positions: one in
#: so many, none for 0.
STARTS = {"auto": 2, "pure": 1, "random": 0}

#: Largest weight of the volume: from some thousands on, nothing but it would count.
_HEAVIEST = 1e6


def check_parameters(
    estimator: BaseEstimator, keep_positions: np.ndarray, keep_pixels: np.ndarray
) -> None:
    """Raise a ValueError that names the first parameter that does not make sense.

    A TypeError where one that is to be numbers is none.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.
    """
    shape = np.count_nonzero(keep_positions), np.count_nonzero(keep_pixels)
    n_positions, n_pixels = shape
    _check_integer("n_components (output_dimension)", estimator.n_components)
    _check_integer("n_init", estimator.n_init)
    _check_integer("max_iter", estimator.max_iter)
    if estimator.n_components > min(shape):
        raise ValueError(
            f"n_components (output_dimension) is {estimator.n_components}, but data of "
            f"{n_positions} positions and {n_pixels} pixels (masked ones not counted) "
            f"have room for at most {min(shape)}. Ask for fewer components."
        )
    real_number("tol", estimator.tol)
    if not isinstance(estimator.solver, str) or (
        estimator.solver not in half_steps.SOLVERS
    ):
        known = " or ".join(map(repr, half_steps.SOLVERS))
        raise ValueError(f"solver must be {known}, got {estimator.solver!r}.")
    if not isinstance(estimator.prune, (bool, np.bool_)):
        raise ValueError(f"prune must be True or False, got {estimator.prune!r}.")
    if not (estimator.matrix is None or _is(estimator.matrix, "auto")):
        raise ValueError(f"matrix must be 'auto' or None, got {estimator.matrix!r}.")
    if not _is(estimator.volume_weight, "auto"):
        real_number("volume_weight", estimator.volume_weight, high=_HEAVIEST)
    check_device(estimator.device)
    starting_loadings(estimator, keep_positions)
    fixed_of(estimator, keep_positions, keep_pixels)
    named = isinstance(estimator.compression, str) and estimator.compression == "auto"
    if estimator.compression is not None and not named:
        _check_integer("compression (the rank of the sketch)", estimator.compression)
        if estimator.compression < estimator.n_components:
            raise ValueError(
                f"compression={estimator.compression} is a sketch of lower rank than "
                f"the {estimator.n_components} components asked for. Give at least "
                "twice as many, or 'auto', or None for no sketch."
            )


def _check_integer(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")


def _as_array(init: object) -> np.ndarray | None:
    """Return loadings as an array of floats, or None if they are no numbers."""
    if isinstance(init, (str, bytes)):
        return None
    try:
        return np.asarray(init, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def starting_loadings(estimator: BaseEstimator, keep: np.ndarray) -> np.ndarray | None:
    """Return the loadings that the argument ``init`` gives, None where it gives none.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep : numpy.ndarray of bool
        Positions that take part.

    Returns
    -------
    numpy.ndarray, shape (n_components, n_positions), or None

    Raises
    ------
    ValueError
        If ``init`` is neither one of `STARTS` nor loadings.
    """
    init = estimator.init
    if isinstance(init, str) and init in STARTS:
        return None
    shape = (estimator.n_components, *keep.shape)
    values = _as_array(init)
    if values is not None and values.shape == shape:
        values = values[:, keep]
    if (
        values is None
        or values.shape != (shape[0], np.count_nonzero(keep))
        or not np.all((values >= 0) & np.isfinite(values))
    ):
        got = repr(init) if values is None else f"an array of shape {values.shape}"
        raise ValueError(
            f"init must be {', '.join(map(repr, STARTS))} or finite, non-negative "
            f"loadings of shape {shape}, got {got}."
        )
    return values


def _is(value: object, word: str) -> bool:
    """Return whether a parameter is a word; arrays are not compared."""
    return isinstance(value, str) and value == word
