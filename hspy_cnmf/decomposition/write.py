"""Results of a run, written into a signal and told to its user."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from hspy_cnmf._hyperspy import store
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.run import Outcome
from hspy_cnmf.messages import warn_once
from hspy_cnmf.solver import Result

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal

_logger = logging.getLogger(__name__)

#: Parameters that are told.
_TOLD = (
    "normalize_poissonian_noise",
    "factor_constraint",
    "loading_constraint",
    "solver",
)

#: Numbers of components that were given, told where there are any.
_FIXED = ("fixed_factors", "fixed_loadings")


def write(signal: BaseSignal, plan: Plan, outcome: Outcome) -> None:
    """Put what a run found in a signal's ``learning_results``.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
    plan : Plan
    outcome : Outcome
    """
    store.fill_learning_results(
        signal,
        outcome.factors,
        outcome.loadings,
        (plan.masks[0], _signal_mask(plan, outcome)),
        outcome.result.parameters["normalize_poissonian_noise"],
        store.to_store(outcome.result),
    )


def _signal_mask(plan: Plan, outcome: Outcome) -> np.ndarray | None:
    """Return what took no part of patterns, bad pixels included."""
    mask = plan.masks[1]
    if not outcome.bad_pixels.any():
        return mask
    return outcome.bad_pixels if mask is None else mask | outcome.bad_pixels


def tell(signal: BaseSignal, result: Result, print_info: bool) -> None:
    """Print what was run and how it ended; or log what a user should know, once."""
    if print_info:
        print(describe(result))
        return
    said = [f"In the decomposition {note}." for note in result.remarks]
    for note in (*result.notes, *said):
        warn_once(_logger, signal, note)


def describe(result: Result) -> str:
    """Return in a few lines what was run and how it ended."""
    parameters = result.parameters
    told = [*_TOLD, *(name for name in _FIXED if parameters.get(name))]
    return "\n".join(
        [
            "Decomposition info:",
            f"  algorithm={store.ALGORITHM}",
            f"  output_dimension={parameters['n_components']}",
            *(f"  {name}={parameters[name]}" for name in told),
            f"  status={result.summary()}",
            f"  agreement={result.agreement_summary()}",
            *(f"  note: {note}" for note in result.notes),
        ]
    )
