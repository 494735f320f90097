"""Maps of known factors in another scan: signals in, learning results out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf._hyperspy import bridge, store
from hspy_cnmf._hyperspy.checks import check_counts, check_signal
from hspy_cnmf._hyperspy.masks import select_pixels, select_positions
from hspy_cnmf._hyperspy.negative import remedy_of_part
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import with_shared_parameters
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.base import expand, prepare
from hspy_cnmf.decomposition.constraints import resolve_loading_constraint
from hspy_cnmf.decomposition.detector import bad_pixels_of, confirm_hot_pixels
from hspy_cnmf.decomposition.known import known_patterns
from hspy_cnmf.decomposition.options import Options, select
from hspy_cnmf.decomposition.write import tell
from hspy_cnmf.operators import StreamedOperator, scheduling
from hspy_cnmf.progress import one_bar
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.fixed import known_stack
from hspy_cnmf.solver.given_factors import fit_maps, pixel_weights, read_images
from hspy_cnmf.solver.smoothing_share import weight_of_others

if TYPE_CHECKING:
    from hspy_cnmf.operators.inspection import Inspection


@with_shared_parameters(
    select(
        "loading_constraint",
        "normalize_poissonian_noise",
        "navigation_mask",
        "signal_mask",
        "negative",
        "show_progressbar",
        "scheduler",
        "max_memory",
    )
)
def apply_factors(
    signal: BaseSignal,
    factors: Any,
    *,
    return_info: bool = False,
    print_info: bool = True,
    **shared: Any,
) -> Result | None:
    r"""Find the maps of known factors in a scan, in one reading of it.

    The results go to ``learning_results`` as those of a decomposition: plots,
    residuals, fractions and clusters are then there.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    factors : hyperspy.signal.BaseSignal or array_like
        A decomposed signal of the same detector, whose factors are taken; or patterns,
        as a signal, (n | kx, ky), or an array, shape (n, \*pattern_shape). Pixels in
        which any of them is NaN take no part: those that were masked, or found to be
        bad, where the factors come from.
    **shared
        See `hspy_cnmf.decomposition.options`.
    return_info : bool, default False
        Return the `Result`.
    print_info : bool, default True
        Print what was done.

    Returns
    -------
    Result or None
        Factors have unit sum and keep their order, so that component k is the same in
        all scans that they are applied to. Its error is that of the data, without
        weights.

    Raises
    ------
    ValueError, TypeError
        Before any work, if factors are negative, zero, twice the same, or of another
        shape or calibration; or if the data are no counts. The signal stays as it was.

    See Also
    --------
    hspy_cnmf.decompose_series

    Notes
    -----
    Non-negative least squares, then the constraint on loadings, as at the end of a
    decomposition. With `normalize_poissonian_noise` each pixel is divided by the square
    root of the counts that the factors make expect there, as the counts of the scan
    itself are not known before it is read.

    Examples
    --------
    >>> import hspy_cnmf
    >>> s = hspy_cnmf.data.four_phases(random_state=0)
    >>> s.decomposition(
    ...     algorithm="constrained_nmf", output_dimension=4, n_init=1, random_state=0,
    ...     print_info=False,
    ... )
    >>> other = hspy_cnmf.data.four_phases(random_state=1)
    >>> other.apply_factors(s, print_info=False)
    """
    check_signal(signal)
    names = set(Options.__dataclass_fields__)
    options = Options(**{n: v for n, v in shared.items() if n in names})
    options.check()
    patterns = known_patterns(factors, signal, "factors")
    if patterns is None:
        raise ValueError(
            "factors is None: give a decomposed signal, or patterns as a signal or an "
            "array."
        )
    with scheduling.scheduler(options.scheduler):
        keep_positions = select_positions(signal, options.navigation_mask)
        keep_pixels = select_pixels(signal, options.signal_mask)
        keep_pixels &= ~np.isnan(patterns).any(axis=0)
        stack = known_stack(patterns, keep_pixels, "factors")
        stack /= stack.sum(axis=1, keepdims=True)
        constraint = resolve_loading_constraint(shared["loading_constraint"], signal)
        keep = keep_positions, keep_pixels
        reading: dict[str, Any] = {
            "show_progressbar": bridge.wants_progressbar(options.show_progressbar),
            "max_memory": options.max_memory,
        }
        data = bridge.aligned_data(signal)
        remedy = remedy_of_part(options.negative, data, *keep, **reading)
        operator = StreamedOperator(remedy.apply(data), *keep, **reading)
        weights = None
        if _normalizes(factors, options):
            weights = pixel_weights(stack, _amounts(factors, len(stack)))
        result = _fit(operator, stack, weights, constraint)
        negative = [remedy.negative, remedy.lowest]
        result = replace(result, parameters=result.parameters | {"negative": negative})
    masks = (
        None if options.navigation_mask is None else ~keep_positions,
        None if keep_pixels.all() else ~keep_pixels,
    )
    store.fill_learning_results(
        signal,
        _as_columns(result.factors, keep_pixels),
        _as_columns(result.loadings, keep_positions),
        masks,
        weights is not None,
        store.to_store(result),
    )
    tell(signal, result, print_info)
    return result if return_info else None


def _fit(
    operator: StreamedOperator,
    factors: np.ndarray,
    weights: np.ndarray | None,
    constraint: Any,
) -> Result:
    """Read the data and return the result, with what is to be told of it."""
    smooth = prepare(constraint, operator.keep_positions, "loading_constraint")
    with one_bar("Maps of known factors", 1, operator.show_progressbar):
        inspection, images, weighted = read_images(operator, factors, weights)
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)
    others = None
    if isinstance(constraint, GaussianSmoothing) and constraint.tentative:
        others = weight_of_others(constraint, operator.keep_positions)
    result = fit_maps(operator, factors, images, weighted, weights, smooth, others)
    left_out = result.parameters["smoothing_left_out"]
    parameters = result.parameters | {
        "factor_constraint": None,
        "loading_constraint": None if left_out else constraint,
        "solver": "hals",
        "normalize_poissonian_noise": weights is not None,
        "notes": _notes(inspection, operator),
    }
    return replace(result, parameters=parameters)


def _notes(inspection: Inspection, operator: StreamedOperator) -> list[str]:
    """Return what a user should know of the data."""
    keep, n_positions = operator.keep_pixels, operator.shape[0]
    bad = bad_pixels_of(inspection, keep, n_positions)
    bad = confirm_hot_pixels(bad, inspection, keep, n_positions)
    if not bad.all.any():
        return []
    return [
        f"Pixels look bad, and took part: {bad.summary()}. Leave them out with "
        "signal_mask=, or by NaN in the factors."
    ]


def _normalizes(factors: Any, options: Options) -> bool:
    """Whether noise is normalised; left open, as where the factors come from."""
    if options.normalized is not None:
        return options.normalized
    if not isinstance(factors, BaseSignal):
        return False
    return bool(factors.learning_results.poissonian_noise_normalized)


def _amounts(factors: Any, n: int) -> np.ndarray:
    """Return how much of each factor there was where they come from, if it is known."""
    if isinstance(factors, BaseSignal) and factors.learning_results.factors is not None:
        loadings = np.asarray(factors.learning_results.loadings, float)[:, :n]
        return np.nanmean(loadings, axis=0)
    return np.ones(n)


def _as_columns(rows: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return images of what takes part as columns, NaN elsewhere."""
    return expand(rows, keep).reshape(len(rows), -1).T
