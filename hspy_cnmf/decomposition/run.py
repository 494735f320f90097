"""Run of a plan on arrays: the first reading, the factorisation, what masks hide."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hspy_cnmf.decomposition.divided import chunk_notes
from hspy_cnmf.decomposition.first_reading import FirstReading, read_first
from hspy_cnmf.decomposition.leave_out import without_missing
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.reprojection import expand_and_reproject
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import sketch_readings
from hspy_cnmf.patterns.few_counts import advice, advised_binning, are_counts
from hspy_cnmf.progress import one_bar
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.last_iteration import readings_of_end
from hspy_cnmf.solver.resolution import changed
from hspy_cnmf.solver.starts import begins_pure

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
    n_steps = _n_readings(plan, operator.readings_of_span) + plan.estimator.n_init
    with one_bar("Constrained NMF", n_steps, plan.show_progressbar):
        return _run(plan, operator)


def _n_readings(plan: Plan, of_span: int) -> int:
    """Return how often a run reads the data outside of starts, as far as is known."""
    of_sketch = sketch_readings(plan.shape) * of_span
    if plan.sketch is not None:
        n = 0
    elif plan.rank is not None:
        n = of_sketch
    else:
        # A sketch for where to start, or to start again.
        needs_sketch = plan.estimator.prune or begins_pure(plan.estimator)
        n = 1 + needs_sketch * of_sketch
    n += _n_readings_of_end(plan)
    kept = plan.keep_positions, plan.keep_pixels
    for part, keep in zip(("navigation", "signal"), kept, strict=True):
        n += 2 * (plan.reproject in (part, "both") and not keep.all())
    return n


def _n_readings_of_end(plan: Plan) -> int:
    """Return how often the last iteration is expected to read the data."""
    if plan.rank is not None and plan.last_iteration == "sketch":
        return 0
    return readings_of_end(plan.rank, plan.shape[0])


def _run(plan: Plan, operator: StreamedOperator) -> Outcome:
    plan.try_constraints(operator.dtype)
    reading = read_first(plan, operator)
    if plan.missing_share:
        result = without_missing(plan, reading, partial(_factorise, plan))
    else:
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
    notes = [*reading.notes, *_few_counts(reading, result), *_divided(operator)]
    settings = plan.settings() | {
        "normalize_poissonian_noise": reading.normalized,
        "weights": reading.weights,
    }
    parameters = result.parameters | settings | {"notes": notes}
    parameters["bad_pixels"] = int(np.count_nonzero(bad))
    return Outcome(replace(result, parameters=parameters), factors, loadings, bad)


def most_summed(plan: Plan, reading: FirstReading) -> int:
    """Return how many pixels may be summed along each axis while components are sought.

    One alone where patterns end with equal weights, scans are several, or the plan does
    not allow for it.
    """
    operator = reading.source
    may_be_summed = (
        isinstance(operator, StreamedOperator)
        and plan.may_sum_pixels(operator.data_dtype)
        and not reading.equal_weights
    )
    if not may_be_summed:
        return 1
    return advised_binning(_counts_per_pixel(reading), operator.keep_pixels.shape)


def _counts_per_pixel(reading: FirstReading) -> float:
    return float(reading.inspection.pixel_sums.mean() / reading.source.shape[0])


def _few_counts(reading: FirstReading, result: Result) -> list[str]:
    """Return what was done, or is to be, where counts are few."""
    operator = reading.source
    if not are_counts(operator.data_dtype) or result.parameters.get("fixed_loadings"):
        return []
    text = advice(
        _counts_per_pixel(reading),
        operator.keep_pixels.shape,
        operator.keep_positions.ndim,
        result.n_found,
        len(result.loadings),
        result.parameters.get("summed_pixels"),
    )
    return [text] if text else []


def _divided(operator: StreamedOperator) -> list[str]:
    """Return what chunks that divide patterns, are small or cut cost; not of series."""
    if not isinstance(operator, StreamedOperator):
        return []
    return chunk_notes(operator.reader.data, operator.keep_positions.ndim)


def _factorise(plan: Plan, reading: FirstReading) -> Result:
    """Run the solver, as steps of the progress bar, and warn if it did not converge."""
    estimator = plan.estimator
    with (
        one_bar("Constrained NMF", estimator.n_init, plan.show_progressbar) as bar,
        bar.starts("starts", estimator.n_init, estimator.max_iter) as advance,
    ):
        result = reading.factorise(
            plan.last_iteration, advance, most_summed=most_summed(plan, reading)
        )
        bar.skip(_n_readings_of_end(plan) - result.parameters["last_readings"])
    if result.status[result.best] != "converged":
        _logger.warning("Constrained NMF ended with %s", result.summary())
    return result
