"""One factorisation of several scans: shared factors, each scan its own maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.masks import select_positions
from hspy_cnmf._hyperspy.negative import Remedy, remedy_of_part
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import real_number, with_shared_parameters
from hspy_cnmf.constraints.per_scan import PerScan
from hspy_cnmf.decomposition.constraints import resolve_loading_constraint
from hspy_cnmf.decomposition.leave_out import leave_out_missing
from hspy_cnmf.decomposition.missing import resolve_missing
from hspy_cnmf.decomposition.options import select
from hspy_cnmf.decomposition.plan import Plan, make_plan
from hspy_cnmf.decomposition.run import Outcome, run
from hspy_cnmf.decomposition.write import tell, write
from hspy_cnmf.operators import SeriesOperator, StreamedOperator, scheduling
from hspy_cnmf.operators.missing_values import missing_as_nan
from hspy_cnmf.operators.range_finder import sketch_rank
from hspy_cnmf.series.evolution import Evolution
from hspy_cnmf.series.measuring import measure_evolution
from hspy_cnmf.series.scans import check_scans, scan_names
from hspy_cnmf.solver.resolution import changed


@with_shared_parameters(
    select(
        "factor_constraint",
        "loading_constraint",
        "solver",
        "n_init",
        "max_iter",
        "tol",
        "init",
        "prune",
        "matrix",
        "fixed_factors",
        "volume_weight",
        "compression",
        "device",
        "random_state",
        "normalize_poissonian_noise",
        "signal_mask",
        "bad_pixels",
        "negative",
        "reproject",
        "last_iteration",
        "show_progressbar",
        "scheduler",
        "max_memory",
    )
)
def decompose_series(
    signals: Sequence[BaseSignal],
    output_dimension: int,
    *,
    navigation_masks: Sequence[Any] | None = None,
    missing: str | Sequence[Any] = "refuse",
    names: Sequence[str] | None = None,
    blur: float = 0.0,
    print_info: bool = True,
    **shared: Any,
) -> Evolution:
    """Decompose several scans as one, and tell how their components evolve.

    All scans have the same factors; each has its own maps, in its own
    ``learning_results``, as if it had been decomposed alone. Nothing is copied, and
    smoothing does not cross the edges of scans.

    Parameters
    ----------
    signals : sequence of hyperspy.signal.BaseSignal
        Scans of any size on the same detector, lazy or not, in any mix.
    output_dimension : int
        Number of components in all scans together.
    **shared
        See `hspy_cnmf.decomposition.options`.
    navigation_masks : sequence of (mask or None), optional
        One for each scan, as ``navigation_mask`` of ``decomposition``.
    missing : {"refuse", "ignore"} or sequence of (mask or "ignore")
        Single values that are missing, in all scans or in each, as ``missing`` of
        ``decomposition``.
    names : sequence of str, optional
        What the scans are called. Default: their titles, where these are different.
    blur : float, default 0.0
        For the diameters of particles; see `hspy_cnmf.measure_evolution`.
    print_info : bool, default True
        Print how the run ended.

    Returns
    -------
    Evolution
        Shares of counts, number densities and mean diameters, with uncertainties.

    Raises
    ------
    ValueError, TypeError
        Before any work, if arguments or data do not make sense, the scans are of
        different detectors, or one is given twice; the signals stay as they were.

    See Also
    --------
    hspy_cnmf.measure_evolution, hspy_cnmf.get_evolution

    Notes
    -----
    The rows of the data are the positions of all scans, one after the other. A scan
    counts as much as it has counts; by its noise with `normalize_poissonian_noise`, and
    by default where more components stand out so.
    Errors and iterations in the `Result` of each scan are those of the series.

    Examples
    --------
    >>> import hspy_cnmf
    >>> scans = [
    ...     hspy_cnmf.data.four_phases((n, 20), random_state=n) for n in (16, 24)
    ... ]
    >>> evolution = hspy_cnmf.decompose_series(
    ...     scans, 4, n_init=1, max_iter=20, random_state=0, print_info=False
    ... )
    >>> evolution.to_signal("share_of_counts").data.shape
    (4, 2)
    """
    scans = check_scans(signals)
    names, blur = scan_names(scans, names), real_number("blur", blur)
    masks = _masks(scans, navigation_masks)
    left_out = _missing(scans, missing)
    largest = int(np.argmax([scan.axes_manager.navigation_size for scan in scans]))
    base = make_plan(
        scans[largest],
        output_dimension,
        navigation_mask=masks[largest],
        missing="ignore" if any(own is not False for own in left_out) else "refuse",
        **shared,
    )
    with scheduling.scheduler(base.scheduler):
        keep = [
            select_positions(scan, mask)
            for scan, mask in zip(scans, masks, strict=True)
        ]
        plan = _plan(base, scans, keep, shared["loading_constraint"])
        plan = replace(plan, negative=_remedy(plan, scans, keep))
        operator = _operator(plan, scans, keep, left_out)
        plan, operator = leave_out_missing(plan, operator)
        outcome = run(plan, operator)
    keep = [own.keep_positions for own in operator.operators]
    own = _outcomes(outcome, keep)
    for scan, mask, part, there in zip(scans, masks, own, keep, strict=True):
        mask = None if mask is None and there.all() else ~there
        write(scan, replace(plan, masks=(mask, plan.masks[1])), part)
    evolution = measure_evolution(scans, names=names, blur=blur)
    tell(scans[0], outcome.result, print_info)
    if print_info:
        print(evolution.summary())
    return evolution


def _masks(scans: list[BaseSignal], given: Sequence[Any] | None) -> list[Any]:
    """Return the navigation mask of each scan, or None."""
    if given is None:
        return [None] * len(scans)
    masks = list(given) if isinstance(given, (list, tuple)) else []
    if len(masks) != len(scans):
        raise ValueError(
            f"navigation_masks must be a list of {len(scans)} masks or None, one for "
            f"each scan, not {given!r:.60}."
        )
    return masks


def _missing(scans: list[BaseSignal], given: Any) -> list[Any]:
    """Return of each scan whether NaN are left out, or the mask of what is."""
    each = [given] * len(scans) if isinstance(given, str) else given
    if not isinstance(each, (list, tuple)) or len(each) != len(scans):
        raise ValueError(
            f"missing must be 'refuse', 'ignore' or a list with a mask or 'ignore' for "
            f"each of the {len(scans)} scans, not {given!r:.60}."
        )
    return [resolve_missing(own, scan) for own, scan in zip(each, scans, strict=True)]


def _plan(
    base: Plan, scans: list[BaseSignal], keep: list[np.ndarray], constraint: Any
) -> Plan:
    """Return the plan of all scans, made of that of one of them."""
    each = tuple(resolve_loading_constraint(constraint, scan) for scan in scans)
    per_scan = PerScan(each, tuple(mask.shape for mask in keep))
    estimator = changed(
        base.estimator, loading_constraint=None if constraint is None else per_scan
    )
    keep_positions = np.concatenate([mask.ravel() for mask in keep])
    shape = int(np.count_nonzero(keep_positions)), base.shape[1]
    return replace(
        base,
        estimator=estimator,
        keep_positions=keep_positions,
        masks=(None, base.masks[1]),
        rank=sketch_rank(estimator.compression, estimator.n_components, shape),
    )


def _remedy(plan: Plan, scans: list[BaseSignal], keep: list[np.ndarray]) -> Remedy:
    """Return what is done with negative values: the same in all scans."""
    each = [
        remedy_of_part(
            plan.negative.negative,
            aligned_data(scan),
            mask,
            plan.keep_pixels,
            max_memory=plan.max_memory,
        )
        for scan, mask in zip(scans, keep, strict=True)
    ]
    return min(each, key=lambda remedy: remedy.lowest)


def _operator(
    plan: Plan, scans: list[BaseSignal], keep: list[np.ndarray], missing: list[Any]
) -> Any:
    """Return the scans as one, in the place of a plan's own operator."""
    return SeriesOperator(
        [
            StreamedOperator(
                missing_as_nan(plan.negative.apply(aligned_data(scan)), own),
                mask,
                plan.keep_pixels,
                show_progressbar=plan.show_progressbar,
                max_memory=plan.max_memory,
            )
            for scan, mask, own in zip(scans, keep, missing, strict=True)
        ]
    )


def _outcomes(outcome: Outcome, keep: list[np.ndarray]) -> list[Outcome]:
    """Return what was found in each scan."""
    edges = np.cumsum([mask.size for mask in keep])[:-1]
    inner = np.cumsum([np.count_nonzero(mask) for mask in keep])[:-1]
    parts = zip(
        np.split(outcome.loadings, edges),
        np.split(outcome.result.loadings, inner, axis=1),
        strict=True,
    )
    constraint = outcome.result.parameters["loading_constraint"]
    outcomes = []
    for i, (loadings, taking_part) in enumerate(parts):
        parameters = outcome.result.parameters | {
            "loading_constraint": constraint and constraint.constraints[i],
            "scan_of_series": [i, len(keep)],
            "part_of_series": taking_part.shape[1] / outcome.result.loadings.shape[1],
        }
        result = replace(outcome.result, loadings=taking_part, parameters=parameters)
        outcomes.append(Outcome(result, outcome.factors, loadings, outcome.bad_pixels))
    return outcomes
