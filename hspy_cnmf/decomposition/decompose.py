"""Constrained NMF of a HyperSpy signal: signals in, learning results out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.arguments import with_shared_parameters
from hspy_cnmf.decomposition.leave_out import leave_out_missing
from hspy_cnmf.decomposition.options import SHARED
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.decomposition.run import run
from hspy_cnmf.decomposition.write import tell, write
from hspy_cnmf.operators import scheduling
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.solver import ConstrainedNMF, Result

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal


@with_shared_parameters(SHARED)
def decompose(
    signal: BaseSignal,
    output_dimension: int | None = None,
    *,
    return_info: bool = False,
    print_info: bool = True,
    estimator: ConstrainedNMF | None = None,
    **shared: Any,
) -> Result | ConstrainedNMF | None:
    """Decompose a signal by constrained NMF; the results go to ``learning_results``.

    This is what ``s.decomposition(algorithm="constrained_nmf")`` calls.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    output_dimension : int
        Number of components.
    **shared
        See `hspy_cnmf.decomposition.options`.
    return_info : bool, default False
        Return the `Result`, or with `estimator` the fitted estimator.
    print_info : bool, default True
        Print how the run ended.
    estimator : ConstrainedNMF, optional
        Takes the place of its parameters, from `factor_constraint` to `random_state`;
        fitted in the end.

    Returns
    -------
    Result, ConstrainedNMF or None

    Raises
    ------
    ValueError, TypeError
        Before any work, if arguments or data do not make sense; the signal and its
        learning results stay as they were.

    See Also
    --------
    hspy_cnmf.get_result, hspy_cnmf.plot_convergence
    """
    plan = make_plan(signal, output_dimension, estimator, **shared)
    with scheduling.scheduler(plan.scheduler):
        plan, data = plan.with_remedy(aligned_data(signal))
        plan, operator = leave_out_missing(plan, plan.operator(data))
        outcome = run(plan, operator)
    give_back()  # what starts had
    write(signal, plan, outcome)
    tell(signal, outcome.result, print_info)
    if estimator is not None:
        estimator._store(outcome.result)
    if not return_info:
        return None
    return outcome.result if estimator is None else estimator
