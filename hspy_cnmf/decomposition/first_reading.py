"""First reading of a scan: what is checked, found and sketched before iterations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hspy_cnmf.constraints import RadialFloor
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.constraints.several import first_of
from hspy_cnmf.decomposition.clipped import clipping_note
from hspy_cnmf.decomposition.constraints import with_center
from hspy_cnmf.decomposition.good_pixels import inspect_good, without
from hspy_cnmf.decomposition.movement import movement_notes
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.weights import (
    ends_with_equal_weights,
    normalizes,
    note_of_choice,
    tells_most,
    weight_note,
)
from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.operators.weights import Weights, noise_scales
from hspy_cnmf.patterns.bad_pixels import BadPixels
from hspy_cnmf.patterns.bright_frames import bright_frames_note
from hspy_cnmf.patterns.center import doubt_of_center
from hspy_cnmf.patterns.dark_level import dark_level_note
from hspy_cnmf.patterns.few_counts import are_counts
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.solver.factorise import factorise_resolved
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.resolution import changed


@dataclass(frozen=True, eq=False)
class FirstReading:
    """What the first reading of the data tells, or a sketch that was kept.

    Parameters
    ----------
    operator : StreamedOperator
        The data without bad pixels, divided by `scales`.
    source : StreamedOperator
        The same, not divided.
    bad_pixels : BadPixels or None
        What was found; None where pixels were named, or a sketch was kept.
    sketch : Sketch or None
        None where iterations work on the data themselves.
    inspection : Inspection
        Sums and limits of the data, which were checked.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels are divided by.
    estimator : ConstrainedNMF
        That of the plan, whose constraints know the centre, too.
    doubts : tuple of str
        How far patterns move, where their centre is known, what tells against the one
        that constraints were given by the calibration, what was made of bright pixels,
        whether there is a dark level, and which patterns are far brighter than those
        around; none of those of which nothing is to be told.
    equal_weights : bool
        Whether patterns end with equal weights, though noise is normalised.
    """

    operator: StreamedOperator
    source: StreamedOperator
    bad_pixels: BadPixels | None
    sketch: Sketch | None
    inspection: Inspection
    scales: Scales
    estimator: ConstrainedNMF
    doubts: tuple[str, ...]
    equal_weights: bool

    @property
    def weights(self) -> Weights:
        """How much positions and pixels weigh."""
        return "normalised" if self.normalized else "equal"

    @property
    def normalized(self) -> bool:
        """Whether Poisson noise is normalised."""
        return self.scales[1] is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the data, in sentences."""
        notes = []
        if self.bad_pixels is not None and self.bad_pixels.all.any():
            notes.append(
                f"Bad pixels were left out: {self.bad_pixels.summary()}. Say which are "
                "bad with bad_pixels=, or None for none."
            )
        return (*notes, *self.doubts)

    def require_sketch(self) -> Sketch:
        """Return the sketch, of a plan that needs one."""
        if self.sketch is None:
            raise ValueError("Iterations work on the data: there is no sketch.")
        return self.sketch

    def factorise(
        self,
        last_iteration: str,
        progress: Callable[[int], object],
        most_summed: int = 1,
        **parameters: Any,
    ) -> Result:
        """Factorise the data, with other parameters of the estimator if some are given.

        See `factorise_resolved` for `most_summed`.
        """
        estimator = changed(self.estimator, **parameters)
        return factorise_resolved(
            self.operator,
            estimator,
            self.scales,
            None if self.sketch is None else self.sketch.operator,
            progress,
            last_iteration,
            self.equal_weights,
            most_summed,
        )


def read_first(plan: Plan, operator: StreamedOperator) -> FirstReading:
    """Read the data for a sketch, or for the checks alone; or check a kept sketch.

    Parameters
    ----------
    plan : Plan
    operator : StreamedOperator
        That of the plan.

    Returns
    -------
    FirstReading

    Raises
    ------
    ValueError
        If the data cannot be decomposed, or a kept sketch is one of other data.
    """
    found, sketch = None, plan.sketch
    if sketch is not None:
        operator = without(plan, operator, sketch.bad_pixels)
        sketch.check(operator, plan.normalized)
        inspection, weights = sketch.inspection, sketch.weights
    elif plan.rank is not None:
        sketch, operator, found = sketch_data(
            plan, operator, plan.rank, plan.estimator.n_components
        )
        inspection, weights = sketch.inspection, sketch.weights
        if plan.path is not None:
            sketch.save(plan.path)
    else:
        operator, found, inspection, _ = inspect_good(plan, operator, None)
        weights = _weights(plan, operator, inspection)
    scales, normalized = noise_scales(inspection, weights), weights == "normalised"
    mean_pattern = _mean_pattern(operator, inspection)
    estimator = _with_center(plan, mean_pattern)
    weighted = operator.expecting(inspection).divide(*scales)
    doubts = (
        *_movement(weighted, sketch, scales, estimator),
        _doubt_of_center(plan, estimator, mean_pattern),
        weight_note(plan.normalized, normalized, mean_pattern),
        note_of_choice(plan.normalized, weights, mean_pattern),
        dark_level_note(mean_pattern, inspection.minimum),
        bright_frames_note(
            inspection.position_sums,
            operator.keep_positions,
            1.0 if found is None else found.gain,
        ),
        clipping_note(operator.data_dtype, inspection.maximum),
    )
    return FirstReading(
        weighted,
        operator,
        found,
        sketch,
        inspection,
        scales,
        estimator,
        tuple(filter(None, doubts)),
        ends_with_equal_weights(plan.normalized, normalized, mean_pattern),
    )


def sketch_data(
    plan: Plan, operator: StreamedOperator, rank: int, n_components: int
) -> tuple[Sketch, StreamedOperator, BadPixels | None]:
    """Return a sketch of the data, what it is one of, and what was found to be bad.

    Two readings, of which the first checks the data, some that refine the span of few
    data, one more where pixels are bad that the first did not suspect, and those of
    another sketch where other weights than equal ones may tell more of so many
    components; twice as many where chunks divide patterns.
    """
    operator, found, inspection, span = inspect_good(plan, operator, rank)
    weights = _weights(plan, operator, inspection)
    scales = noise_scales(inspection, weights)
    if scales[1] is not None:
        span = span / scales[1]
    weighted = operator.expecting(inspection).divide(*scales)
    basis = compress.orthonormal_rows(span, weighted.dtype)
    del span
    approximation = compress.sketch_from(weighted, basis)
    is_open = plan.normalized is None and weights == "equal"
    if is_open and are_counts(operator.data_dtype):
        estimator = changed(plan.estimator, n_components=n_components)
        equal = Problem.of(weighted, estimator, scales, approximation)
        approximation, weights = tells_most(equal, basis, inspection)
    sketch = Sketch(
        approximation,
        inspection,
        operator.keep_positions,
        operator.keep_pixels,
        operator.data_dtype,
        weights,
        plan.estimator.random_state,
        None if found is None else found.all,
    )
    return sketch, operator, found


def _weights(plan: Plan, operator: StreamedOperator, inspection: Inspection) -> Weights:
    """Return the weights that a plan asks for, or those that pixels ask for."""
    mean_pattern = _mean_pattern(operator, inspection)
    return "normalised" if normalizes(plan.normalized, mean_pattern) else "equal"


def _with_center(plan: Plan, mean_pattern: np.ndarray) -> ConstrainedNMF:
    """Return the estimator of a plan, whose constraint knows the centre if it asks."""
    estimator = plan.estimator
    if plan.find_center is None:
        return estimator
    center = plan.find_center(mean_pattern)
    constraint = with_center(estimator.factor_constraint, center)
    return changed(estimator, factor_constraint=constraint)


def _doubt_of_center(
    plan: Plan, estimator: ConstrainedNMF, mean_pattern: np.ndarray
) -> str:
    """Return what tells against a centre that was not given as an argument."""
    floor = first_of(estimator.factor_constraint, RadialFloor)
    if plan.find_center is None or floor is None or floor.center is None:
        return ""
    return doubt_of_center(floor.center, mean_pattern)


def _mean_pattern(operator: StreamedOperator, inspection: Inspection) -> np.ndarray:
    """Return the mean pattern of what was read, NaN where masked."""
    mean = inspection.pixel_sums / operator.shape[0]
    return expand(mean[np.newaxis], operator.keep_pixels)[0]


def _movement(
    operator: StreamedOperator | SeriesOperator,
    sketch: Sketch | None,
    scales: Scales,
    estimator: ConstrainedNMF,
) -> list[str]:
    """Return how patterns move, where this needs no reading of lazy data."""
    floor = first_of(estimator.factor_constraint, RadialFloor)
    if floor is None or floor.center is None:
        return []
    series = operator.operators if isinstance(operator, SeriesOperator) else [operator]
    if sketch is None and any(own.reader.is_lazy for own in series):
        return []
    return movement_notes(
        operator if sketch is None else sketch.operator,
        scales,
        [own.keep_positions for own in series],
        operator.keep_pixels,
        floor.center,
    )
