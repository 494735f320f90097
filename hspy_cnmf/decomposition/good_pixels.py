"""Pixels that are good, and what the reading that finds them tells of their data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf._hyperspy.checks import check_counts
from hspy_cnmf.decomposition.detector import (
    bad_pixels_of,
    confirm_hot_pixels,
    find_flicker,
    suspected_pixels,
    taking_part,
)
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.open_span import OpenSpan
from hspy_cnmf.patterns.bad_pixels import BadPixels
from hspy_cnmf.solver.resolution import random_patterns


def inspect_good(
    plan: Plan, operator: StreamedOperator, rank: int | None
) -> tuple[StreamedOperator, BadPixels | None, Inspection, np.ndarray]:
    """Read the data once and raise if they are not counts; without bad pixels.

    Parameters
    ----------
    plan : Plan
    operator : StreamedOperator
        That of the plan.
    rank : int or None
        Number of random patterns.

    Returns
    -------
    operator : StreamedOperator
        Of the pixels that are left, as if a mask had excluded the others.
    found : BadPixels or None
        None where pixels were named.
    inspection : Inspection
    span : numpy.ndarray, shape (rank, n_pixels)
        What random patterns span.

    Raises
    ------
    ValueError
        If the data are no counts, or no pixel is good.
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
    return random_patterns(plan.estimator, rank, operator.keep_pixels, operator.dtype)


def _left(
    plan: Plan, told: OpenSpan, operator: StreamedOperator, bad: np.ndarray
) -> tuple[OpenSpan, StreamedOperator]:
    """Return what is told of the pixels that are not bad, and their operator.

    The data are read again only where that is not known.
    """
    own = bad[operator.keep_pixels]
    smaller = without(plan, operator, bad)
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


def without(
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
