"""Run of a plan on arrays: the first reading, the factorisation, what masks hide."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from tqdm.auto import tqdm

from hspy_cnmf.decomposition.first_reading import FirstReading, read_first
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.reprojection import expand_and_reproject
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.factorise import changed

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run found, and as HyperSpy has it.

    Parameters
    ----------
    result : Result
    factors : numpy.ndarray, shape (n_pixels of the detector, n_components)
        NaN where masked, unless filled in.
    loadings : numpy.ndarray, shape (n_positions of the scan, n_components)
        The same.
    bad_pixels : numpy.ndarray of bool
        Pixels that took no part, though no mask excluded them.
    """

    result: Result
    factors: np.ndarray
    loadings: np.ndarray
    bad_pixels: np.ndarray


def run(plan: Plan, operator: StreamedOperator) -> Outcome:
    """Decompose the data behind an operator as planned.

    Parameters
    ----------
    plan : Plan
    operator : StreamedOperator
        That of the plan; see `Plan.operator`.

    Raises
    ------
    ValueError
        If the data cannot be decomposed, or a kept sketch is one of other data.
    """
    plan.try_constraints(operator.dtype)
    reading = read_first(plan, operator)
    result = _factorise(plan, reading)
    masked = plan.masks[1]
    if masked is None:
        masked = np.zeros(operator.keep_pixels.shape, bool)
    factors, loadings = expand_and_reproject(
        reading.source,
        reading.scales,
        changed(
            reading.estimator,
            loading_constraint=result.parameters["loading_constraint"],
        ),
        result,
        plan.reproject,
        reading.inspection.maximum,
        masked,
    )
    bad = ~(reading.source.keep_pixels | masked)
    parameters = result.parameters | plan.settings() | {"notes": list(reading.notes)}
    parameters["bad_pixels"] = int(np.count_nonzero(bad))
    return Outcome(replace(result, parameters=parameters), factors, loadings, bad)


def _factorise(plan: Plan, reading: FirstReading) -> Result:
    """Run the solver, with a progress bar, and warn if it did not converge."""
    with tqdm(
        total=plan.estimator.n_init * plan.estimator.max_iter,
        desc="Constrained NMF",
        unit="iteration",
        disable=not plan.show_progressbar,
    ) as bar:
        result = reading.factorise(plan.last_iteration, lambda n: bar.update(n - bar.n))
    if result.status[result.best] != "converged":
        _logger.warning("Constrained NMF ended with %s", result.summary())
    return result
