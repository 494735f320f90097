"""Run of a plan on arrays: the first reading, the factorisation, what masks hide."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hspy_cnmf._hyperspy.checks import check_counts
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.reprojection import Scales, expand_and_reproject
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.sketch import Sketch, noise_scales
from hspy_cnmf.progress import one_bar
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.solver.factorise import changed, factorise_resolved, random_patterns

if TYPE_CHECKING:
    from hspy_cnmf.operators.inspection import Inspection

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FirstReading:
    """What the first reading of the data tells, or a sketch that was kept.

    Parameters
    ----------
    operator : StreamedOperator
        The data, divided by `scales`.
    sketch : Sketch or None
        None where iterations work on the data themselves.
    inspection : Inspection
        Sums and limits of the data, which were checked.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels are divided by.
    estimator : ConstrainedNMF
        That of the plan, whose constraints know the centre, too.
    """

    operator: StreamedOperator
    sketch: Sketch | None
    inspection: Inspection
    scales: Scales
    estimator: ConstrainedNMF

    def require_sketch(self) -> Sketch:
        """Return the sketch, of a plan that needs one."""
        if self.sketch is None:
            raise ValueError("Iterations work on the data: there is no sketch.")
        return self.sketch

    def factorise(
        self,
        last_iteration: str,
        progress: Callable[[int], object],
        n_components: int | None = None,
    ) -> Result:
        """Factorise the data, with another number of components if one is given."""
        estimator = self.estimator
        if n_components is not None:
            estimator = changed(estimator, n_components=n_components)
        return factorise_resolved(
            self.operator,
            estimator,
            self.scales,
            None if self.sketch is None else self.sketch.operator,
            progress,
            last_iteration,
        )


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
    """

    result: Result
    factors: np.ndarray
    loadings: np.ndarray


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
    n_steps = _n_readings(plan) + plan.estimator.n_init
    with one_bar("Constrained NMF", n_steps, plan.show_progressbar):
        return _run(plan, operator)


def _n_readings(plan: Plan) -> int:
    """Return how often a run reads the data outside of starts, as far as is known."""
    if plan.sketch is not None:
        n = 0
    elif plan.rank is not None:
        n = 3
    else:
        n = 4 if plan.estimator.prune else 1  # a sketch for where to start again
    n += 2 * (plan.rank is None or plan.last_iteration == "data")
    kept = plan.keep_positions, plan.keep_pixels
    for part, keep in zip(("navigation", "signal"), kept, strict=True):
        n += 2 * (plan.reproject in (part, "both") and not keep.all())
    return n


def _run(plan: Plan, operator: StreamedOperator) -> Outcome:
    plan.try_constraints(operator.dtype)
    reading = read_first(plan, operator)
    result = _factorise(plan, reading)
    factors, loadings = expand_and_reproject(
        operator,
        reading.scales,
        reading.estimator,
        result,
        plan.reproject,
        reading.inspection.maximum,
    )
    parameters = result.parameters | plan.settings()
    return Outcome(replace(result, parameters=parameters), factors, loadings)


def read_first(plan: Plan, operator: StreamedOperator) -> FirstReading:
    """Read the data for a sketch, or for the checks alone; or check a kept sketch."""
    sketch = plan.sketch
    if sketch is not None:
        sketch.check(operator, plan.normalized)
    elif plan.rank is not None:
        sketch = sketch_data(plan, operator, plan.rank)
        if plan.path is not None:
            sketch.save(plan.path)
    if sketch is None:
        inspection = _inspect(operator)[0]
    else:
        inspection = sketch.inspection
    scales = noise_scales(inspection, plan.normalized)
    estimator = plan.estimator
    if plan.find_center is not None:
        center = plan.find_center(_mean_pattern(operator, inspection))
        floor = replace(estimator.factor_constraint, center=center)
        estimator = changed(estimator, factor_constraint=floor)
    weighted = operator.expecting(inspection).divide(*scales)
    return FirstReading(weighted, sketch, inspection, scales, estimator)


def sketch_data(plan: Plan, operator: StreamedOperator, rank: int) -> Sketch:
    """Return a sketch of the data; three readings, of which the first checks them."""
    inspection, images = _inspect(
        operator, random_patterns(plan.estimator, rank, operator.shape[1])
    )
    scales = noise_scales(inspection, plan.normalized)
    if scales[0] is not None:
        images = images / scales[0]
    return Sketch(
        compress.sketch(operator.divide(*scales), images),
        inspection,
        operator.keep_positions,
        operator.keep_pixels,
        operator.data.dtype.name,
        plan.normalized,
        plan.estimator.random_state,
    )


def _inspect(
    operator: StreamedOperator, patterns: np.ndarray | None = None
) -> tuple[Inspection, np.ndarray]:
    """Read the data once, raise if they are not counts; images of patterns, too."""
    inspection, images = operator.inspect(patterns)
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)
    return inspection, images


def _mean_pattern(operator: StreamedOperator, inspection: Inspection) -> np.ndarray:
    """Return the mean pattern of what was read, NaN where masked."""
    mean = inspection.pixel_sums / operator.shape[0]
    return expand(mean[np.newaxis], operator.keep_pixels)[0]


def _factorise(plan: Plan, reading: FirstReading) -> Result:
    """Run the solver, as steps of the progress bar, and warn if it did not converge."""
    estimator = plan.estimator
    with (
        one_bar("Constrained NMF", estimator.n_init, plan.show_progressbar) as bar,
        bar.starts("starts", estimator.n_init, estimator.max_iter) as advance,
    ):
        result = reading.factorise(plan.last_iteration, advance)
    if result.status[result.best] != "converged":
        _logger.warning("Constrained NMF ended with %s", result.summary())
    return result
