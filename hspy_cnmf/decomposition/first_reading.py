"""First reading of a scan: what is checked, found and sketched before iterations."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf._hyperspy.checks import check_counts
from hspy_cnmf.constraints import RadialFloor
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.constraints.several import first_of
from hspy_cnmf.decomposition.clipped import clipping_note
from hspy_cnmf.decomposition.constraints import with_center
from hspy_cnmf.decomposition.detector import (
    bad_pixels_of,
    confirm_hot_pixels,
    find_flicker,
    measure_movement,
    suspected_pixels,
    taking_part,
)
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.decomposition.weights import normalizes, weight_note
from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.open_span import OpenSpan
from hspy_cnmf.operators.sketch import Sketch, noise_scales
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.patterns.bad_pixels import BadPixels
from hspy_cnmf.patterns.center import doubt_of_center
from hspy_cnmf.patterns.dark_level import dark_level_note
from hspy_cnmf.patterns.descan import Descan
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.solver.factorise import factorise_resolved
from hspy_cnmf.solver.resolution import changed, random_patterns

_logger = logging.getLogger(__name__)


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
    movement : Descan or None
        How far patterns move over the scan, where their centre is known.
    doubts : tuple of str
        What tells against the centre that constraints were given by the calibration,
        what was made of bright pixels, and whether there is a dark level; none of those
        of which nothing is to be told.
    """

    operator: StreamedOperator
    source: StreamedOperator
    bad_pixels: BadPixels | None
    sketch: Sketch | None
    inspection: Inspection
    scales: Scales
    estimator: ConstrainedNMF
    movement: Descan | None
    doubts: tuple[str, ...]

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
        if self.movement is not None and self.movement.is_significant:
            notes.append(self.movement.summary())
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
        operator = _without(plan, operator, sketch.bad_pixels)
        sketch.check(operator, plan.normalized)
        inspection, normalized = sketch.inspection, sketch.normalized
    elif plan.rank is not None:
        sketch, operator, found = sketch_data(plan, operator, plan.rank)
        inspection, normalized = sketch.inspection, sketch.normalized
        if plan.path is not None:
            sketch.save(plan.path)
    else:
        operator, found, inspection, _ = _inspect(plan, operator, None)
        normalized = normalizes(plan.normalized, inspection)
    scales = noise_scales(inspection, normalized)
    mean_pattern = _mean_pattern(operator, inspection)
    estimator = _with_center(plan, mean_pattern)
    weighted = operator.expecting(inspection).divide(*scales)
    movement = _movement(weighted, sketch, scales, estimator)
    doubts = (
        _doubt_of_center(plan, estimator, mean_pattern),
        weight_note(plan.normalized, normalized, inspection, mean_pattern.ndim),
        dark_level_note(mean_pattern, inspection.minimum),
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
        movement,
        tuple(filter(None, doubts)),
    )


def sketch_data(
    plan: Plan, operator: StreamedOperator, rank: int
) -> tuple[Sketch, StreamedOperator, BadPixels | None]:
    """Return a sketch of the data, what it is one of, and what was found to be bad.

    Two readings, of which the first checks the data, and one more where pixels are bad
    that it did not suspect; twice as many where chunks divide patterns.
    """
    operator, found, inspection, span = _inspect(plan, operator, rank)
    normalized = normalizes(plan.normalized, inspection)
    scales = noise_scales(inspection, normalized)
    if scales[1] is not None:
        span = span / scales[1]
    weighted = operator.expecting(inspection).divide(*scales)
    sketch = Sketch(
        compress.sketch(weighted, span),
        inspection,
        operator.keep_positions,
        operator.keep_pixels,
        operator.data_dtype,
        normalized,
        plan.estimator.random_state,
        None if found is None else found.all,
    )
    return sketch, operator, found


def _inspect(
    plan: Plan, operator: StreamedOperator, rank: int | None
) -> tuple[StreamedOperator, BadPixels | None, Inspection, np.ndarray]:
    """Read the data once and raise if they are not counts; without bad pixels.

    With a rank, what as many random patterns span is found, too. It belongs to the
    pixels that are left, as if a mask had excluded the others.
    """
    finds = plan.bad_pixels is None
    suspects = suspected_pixels(operator) if finds else np.empty(0, int)
    told = OpenSpan.read(operator, _patterns(plan, operator, rank), suspects)
    found = None
    if finds:
        keep, n_positions = operator.keep_pixels, operator.shape[0]
        found = bad_pixels_of(told.inspection, keep, n_positions)
        found = confirm_hot_pixels(found, told.inspection, keep, n_positions)
        told, operator = _left(plan, told, operator, found.all)
        found, flicker = find_flicker(operator, found, told.inspection)
        if flicker is not None:
            told = told.suspecting(flicker)
            told, operator = _left(plan, told, operator, found.all)
        if found.all.any():
            _check_good(found, told.inspection)
    inspection, n_pixels = told.inspection, operator.shape[1]
    _check_counts(operator, inspection)
    span = compress.without_noise(told.close(operator), told.patterns, inspection)
    return operator, found, inspection, span[:n_pixels]


def _patterns(plan: Plan, operator: StreamedOperator, rank: int | None) -> np.ndarray:
    """Return the random patterns of a sketch, none without a rank."""
    if rank is None:
        return np.empty((0, operator.shape[1]))
    rank = min(rank, operator.shape[1])
    return random_patterns(plan.estimator, rank, operator.keep_pixels)


def _left(
    plan: Plan, told: OpenSpan, operator: StreamedOperator, bad: np.ndarray
) -> tuple[OpenSpan, StreamedOperator]:
    """Return what is told of the pixels that are not bad, and their operator.

    The data are read again only where that is not known.
    """
    own = bad[operator.keep_pixels]
    smaller = _without(plan, operator, bad)
    if told.knows(own):
        return told.without(own), smaller
    patterns = told.patterns[:, ~own]
    return OpenSpan.read(smaller, patterns, np.empty(0, int)), smaller


def _check_counts(
    operator: StreamedOperator | SeriesOperator, inspection: Inspection
) -> None:
    """Raise if data are no counts; of a series, say which scan holds NaN first."""
    if isinstance(operator, SeriesOperator) and inspection.first_not_finite:
        row, pixel = inspection.first_not_finite
        ends = np.cumsum([own.shape[0] for own in operator.operators])
        i = int(np.searchsorted(ends, row, side="right"))
        own = operator.operators[i]
        first = row - int(ends[i]) + own.shape[0], pixel
        told = replace(inspection, first_not_finite=first)
        try:
            check_counts(told, own.keep_positions, own.keep_pixels)
        except ValueError as error:
            raise ValueError(f"Scan {i}: {error}") from error
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)


def _check_good(found: BadPixels, inspection: Inspection) -> None:
    """Raise a ValueError if pixels that are not bad have no counts."""
    if inspection.maximum == 0:
        raise ValueError(
            "All pixels but those that look bad are zero everywhere. Left out were: "
            f"{found.summary()}. Set bad_pixels=None if they are good."
        )


def _without(
    plan: Plan, operator: StreamedOperator, bad: np.ndarray | None
) -> StreamedOperator:
    """Return the operator of the pixels that are not bad."""
    if bad is None or plan.bad_pixels is not None or not bad.any():
        return operator
    good = plan.keep_pixels & ~bad
    n_good = np.count_nonzero(good)
    if not n_good:
        raise ValueError(
            "No pixel is good: all are NaN, zero or the same at every position. Check "
            "the data, or set bad_pixels=None."
        )
    if n_good < plan.n_components:
        raise ValueError(
            f"Only {n_good} of {np.count_nonzero(plan.keep_pixels)} pixels are good, "
            f"fewer than the {plan.n_components} components asked for. Set "
            "bad_pixels=None if the others are good, too."
        )
    return taking_part(operator, operator.keep_positions, good)


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
    operator: StreamedOperator,
    sketch: Sketch | None,
    scales: Scales,
    estimator: ConstrainedNMF,
) -> Descan | None:
    """Return how far patterns move, where this needs no reading of lazy data."""
    floor = first_of(estimator.factor_constraint, RadialFloor)
    if floor is None or floor.center is None:
        return None
    if not isinstance(operator, StreamedOperator):
        return None  # Patterns of several scans need not move alike.
    if sketch is None and operator.reader.is_lazy:
        return None
    return measure_movement(
        operator if sketch is None else sketch.operator,
        scales,
        operator.keep_positions,
        operator.keep_pixels,
        floor.center,
    )
