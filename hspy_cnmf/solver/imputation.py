r"""Missing values: replaced by those of the model, until neither changes.

With M the values that are missing, the factorisation of

.. math:: X_f = X + M \circ (H^T W - X)

by the next W and H never raises the squared error over the values that are known
(expectation maximisation; Zhang et al., SIAM Data Mining 2006, 549). The difference to
where it ends falls with each round by the share that is missing, or faster.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.base import BaseEstimator

from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.factorise import factorise_resolved
from hspy_cnmf.solver.resolution import changed
from hspy_cnmf.solver.result import Result

#: Relative change of the model in a round below which the next would change nothing
#: that noise leaves to be seen, and the largest number of rounds.
_SETTLED, _MAX_ROUNDS = 5e-3, 20


def impute(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    result: Result,
    sketch: LowRankOperator | None,
    last_iteration: str = "data",
) -> tuple[Result, int]:
    """Return a result that what is missing has no part in.

    Parameters
    ----------
    operator : StreamedOperator
        The data, which can be filled in.
    estimator : hspy_cnmf.ConstrainedNMF
        Resolved.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    result : Result
        Of data that were filled in some other way; where to begin.
    sketch : LowRankOperator or None
        Of those data. Another is made in every round, by two readings; None for
        iterations on the data.
    last_iteration : {"data", "sketch"}
        What the last iteration of the last round reads.

    Returns
    -------
    result : Result
        Components in the order in which they were.
    n_rounds : int
    """
    n_found = max(result.n_found, 1)
    model = replace(
        result, factors=result.factors[:n_found], loadings=result.loadings[:n_found]
    )
    # Iterations would put the matrix back into other patterns: it is taken out at last.
    inner = changed(estimator, matrix=None)
    n_rounds, change = 0, np.inf
    while n_rounds < _MAX_ROUNDS and change >= _SETTLED:
        n_rounds += 1
        new, sketch = _round(operator, inner, scales, model, sketch, "sketch")
        change = max(
            _change(new.factors, model.factors), _change(new.loadings, model.loadings)
        )
        model = new
    model, _ = _round(operator, estimator, scales, model, sketch, last_iteration)
    n_empty = ((0, len(result.factors) - n_found), (0, 0))
    return (
        replace(
            result,
            factors=np.pad(model.factors, n_empty),
            loadings=np.pad(model.loadings, n_empty),
            error=model.error,
            square_norm=model.square_norm,
        ),
        n_rounds,
    )


def _round(
    operator: StreamedOperator,
    estimator: BaseEstimator,
    scales: Scales,
    model: Result,
    sketch: LowRankOperator | None,
    last_iteration: str,
) -> tuple[Result, LowRankOperator | None]:
    """Fill in with a model, and go on from it; return the next, and the sketch."""
    filled = operator.filled(model.loadings, model.factors)
    if sketch is not None:
        sketch = compress.sketch_again(filled, sketch.basis_images)
    loadings = model.loadings.astype(float)
    if scales[0] is not None:
        loadings = loadings / scales[0]
    own = changed(
        estimator,
        n_components=len(loadings),
        n_init=1,
        init=loadings,
        loading_constraint=model.parameters["loading_constraint"],
    )
    new = factorise_resolved(filled, own, scales, sketch, last_iteration=last_iteration)
    return _in_order(new, model), sketch


def _in_order(new: Result, model: Result) -> Result:
    """Return a result with its components in the order of another's."""
    norms = [np.linalg.norm(r.factors, axis=1, keepdims=True) for r in (new, model)]
    unit = [
        r.factors / np.where(norm > 0, norm, 1)
        for r, norm in zip((new, model), norms, strict=True)
    ]
    _, order = linear_sum_assignment(-(unit[1] @ unit[0].T))
    return replace(new, factors=new.factors[order], loadings=new.loadings[order])


def _change(new: np.ndarray, old: np.ndarray) -> float:
    """Return the largest relative change of a component, in the L2 norm."""
    norm = np.linalg.norm(old, axis=1)
    change = np.linalg.norm(new - old, axis=1)
    return float(np.max(change / np.where(norm > 0, norm, 1)))
