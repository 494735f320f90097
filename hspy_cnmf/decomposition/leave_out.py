"""Missing values left out of a decomposition: filled in by the model, in rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from hspy_cnmf.decomposition.first_reading import FirstReading
from hspy_cnmf.decomposition.plan import Plan
from hspy_cnmf.operators import SeriesOperator, StreamedOperator
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.imputation import impute
from hspy_cnmf.solver.resolution import changed

_Operator = TypeVar("_Operator", StreamedOperator, SeriesOperator)


def leave_out_missing(plan: Plan, operator: _Operator) -> tuple[Plan, _Operator]:
    """Return plan and operator of what is known, the rest filled in for a start.

    Where there is no value at all, a position or a pixel is masked.

    Parameters
    ----------
    plan : Plan
    operator : StreamedOperator or SeriesOperator
        That of the plan; read once, unless missing values are to be refused.

    Raises
    ------
    ValueError
        If too little is known for so many components.
    """
    if plan.missing is False:
        return plan, operator
    told = operator.known()
    known = [counts > 0 for _, counts in told]
    plan = _masked(plan, known)
    if not all(k.all() for k in known):
        operator = operator.part(plan.keep_positions, plan.keep_pixels)
    n_values = np.prod(plan.shape, dtype=float)
    plan = replace(plan, missing_share=float(1 - told[0][1].sum() / n_values))
    means = [sums[k] / counts[k] for (sums, counts), k in zip(told, known, strict=True)]
    overall = max(told[0][0].sum() / told[0][1].sum(), 1e-300)
    return plan, operator.filled(means[0][np.newaxis] / overall, means[1][np.newaxis])


def _masked(plan: Plan, known: list[np.ndarray]) -> Plan:
    """Return a plan whose masks exclude what nothing is known of."""
    n_components = plan.n_components
    if min(np.count_nonzero(k) for k in known) < n_components:
        counts = [int(np.count_nonzero(k)) for k in known]
        raise ValueError(
            f"There are values at {counts[0]} positions and in {counts[1]} pixels "
            f"only, too few for {n_components} components: the others are missing. "
            "Ask for fewer components, or check missing=..."
        )
    keeps, masks = [], []
    kept = plan.keep_positions, plan.keep_pixels
    for keep, mask, k in zip(kept, plan.masks, known, strict=True):
        without = np.zeros_like(keep)
        without[keep] = ~k
        keeps.append(keep & ~without)
        if without.any():
            mask = without if mask is None else mask | without
        masks.append(mask)
    return replace(
        plan, keep_positions=keeps[0], keep_pixels=keeps[1], masks=(masks[0], masks[1])
    )


def without_missing(
    plan: Plan,
    reading: FirstReading,
    factorise: Callable[[FirstReading], Result],
) -> Result:
    """Return a result that what is missing has no part in.

    Parameters
    ----------
    plan : Plan
    reading : FirstReading
        Of data that are filled in.
    factorise : callable
        Returns what is found in a reading.
    """
    # The matrix is taken out of other patterns once, at the end.
    whole = replace(reading, estimator=changed(reading.estimator, matrix=None))
    result, n_rounds = impute(
        reading.operator,
        reading.estimator,
        reading.scales,
        factorise(whole),
        None if reading.sketch is None else reading.sketch.operator,
        plan.last_iteration,
    )
    share = plan.missing_share
    told = {"missing_share": share, "missing_rounds": n_rounds}
    # What is filled in has no error.
    return replace(
        result,
        error=result.error / (1 - share),
        parameters=result.parameters | {"matrix": reading.estimator.matrix} | told,
    )
