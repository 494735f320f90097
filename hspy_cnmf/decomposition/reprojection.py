"""Reprojection: values that masks left out, filled in from the data there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hspy_cnmf._hyperspy.checks import check_counts
from hspy_cnmf.constraints.base import expand, prepare
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.solver.fixed import Held, shaped
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram, half_step


def expand_and_reproject(
    operator: StreamedOperator,
    scales: Scales,
    estimator: ConstrainedNMF,
    result: Result,
    reproject: str | None,
    maximum: float,
    masked_pixels: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors and loadings as HyperSpy has them.

    Parameters
    ----------
    operator : StreamedOperator
        What was decomposed.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by while fitting.
    estimator : ConstrainedNMF
        Its constraints apply to what is filled in, too; what it knows of masked values
        is taken as it is.
    result : Result
        Factors and loadings of what takes part.
    reproject : {None, "navigation", "signal", "both"}
        Where masked values are filled in; they are NaN elsewhere.
    maximum : float
        Largest value of what was decomposed, which tells what is rounding.
    masked_pixels : numpy.ndarray of bool, optional
        Pixels that may be filled in. Default: all that take no part.

    Returns
    -------
    factors : numpy.ndarray, shape (n_pixels of the detector, n_components)
    loadings : numpy.ndarray, shape (n_positions of the scan, n_components)
    """
    factors = expand(result.factors, operator.keep_pixels)
    loadings = expand(result.loadings, operator.keep_positions)
    held = Held(
        result.parameters.get("fixed_factors", 0),
        result.parameters.get("fixed_loadings", 0),
    )
    masked = ~operator.keep_positions
    if reproject in ("navigation", "both") and masked.any():
        part = _part(operator, masked, operator.keep_pixels, (None, scales[1]), maximum)
        fixed = _divide(result.factors, scales[1])
        project = prepare(
            estimator.loading_constraint, np.ones_like(masked), "loading_constraint"
        )
        rows = np.flatnonzero(held.loadings(len(loadings)))
        known = _known(estimator.fixed_loadings, loadings, rows)
        _fill(loadings, masked, part.images(fixed), fixed, project, known)
    masked = ~operator.keep_pixels if masked_pixels is None else masked_pixels
    if reproject in ("signal", "both") and masked.any():
        part = _part(
            operator, operator.keep_positions, masked, (scales[0], None), maximum
        )
        fixed = _divide(result.loadings, scales[0])
        project = prepare(
            estimator.factor_constraint, np.ones_like(masked), "factor_constraint"
        )
        rows = np.flatnonzero(held.factors(len(factors)))
        known = _known(estimator.fixed_factors, factors, rows)
        _fill(factors, masked, part.patterns(fixed), fixed, project, known)
    return (
        factors.reshape(len(factors), -1).T,
        loadings.reshape(len(loadings), -1).T,
    )


def _divide(stack: np.ndarray, scale: np.ndarray | None) -> np.ndarray:
    return stack if scale is None else stack / scale.astype(stack.dtype)


def _part(
    operator: StreamedOperator,
    keep_positions: np.ndarray,
    keep_pixels: np.ndarray,
    scales: Scales,
    maximum: float,
) -> StreamedOperator:
    """Return the operator of another part of the same data, checked."""
    part = operator.part(keep_positions, keep_pixels)
    check_counts(part.inspect()[0], keep_positions, keep_pixels, maximum)
    return part.divide(*scales)


def _fill(
    images: np.ndarray,
    masked: np.ndarray,
    products: np.ndarray,
    fixed: np.ndarray,
    project: Callable[[np.ndarray], np.ndarray] | None,
    known: np.ndarray,
) -> None:
    """Fill the masked part of images by least squares, and constrain it.

    Images that are known there as a whole are taken as they are.
    """
    current = known[:, masked].astype(products.dtype)
    held = np.isfinite(current).all(axis=1)
    current[~held] = 0
    images[:, masked] = half_step(
        nonnegative_least_squares, products, gram(fixed), current, held=held
    )
    if project is not None:
        whole = project(images.reshape(len(images), -1)).reshape(images.shape)
        free = np.ix_(~held, masked.ravel())
        flat = images.reshape(len(images), -1)
        flat[free] = whole.reshape(flat.shape)[free]


def _known(
    given: np.ndarray | None, images: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return what is known of images, in their scale, NaN elsewhere."""
    known = np.full(images.shape, np.nan)
    if rows.size and given is not None:
        stack = shaped(given, images.shape[1:], "what is fixed")
        stack = np.where(stack >= 0, stack, np.nan)
        found = images[rows]
        axes = tuple(range(1, images.ndim))
        there = np.isfinite(found)
        sums = [np.where(there, s, 0).sum(axes, keepdims=True) for s in (found, stack)]
        known[rows] = sums[0] / sums[1] * stack
    return known
