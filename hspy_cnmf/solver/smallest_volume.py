"""Among solutions that data do not tell apart, one of small volume.

Where spectra vary, or a model is not exact otherwise, it leaves over more than noise,
and solutions whose errors differ by less than that are as good as each other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.outcome import principal_squares

#: Weight of the volume that is tried.
_WEIGHT = 20.0

#: Part of what the faintest component explains that a small volume may cost.
_PART = 0.25


def of_small_volume(
    operator: StreamedOperator | LowRankOperator,
    sketch: LowRankOperator,
    state: State,
    begin: State,
    configuration: Configuration,
) -> tuple[State, Configuration]:
    r"""Return a start that has gone on to a small volume, if data bear it.

    Parameters
    ----------
    operator : StreamedOperator or LowRankOperator
        What iterations work on.
    sketch : LowRankOperator
        Of the same data.
    state : State
        The best one, that has ended.
    begin : State
        At the purest positions: from where a start has ended, it would hardly move.
    configuration : Configuration

    Returns
    -------
    state : State
        The very same if the error of a small volume is too high, or if components are
        left empty.
    configuration : Configuration
        With the weight that the volume has.

    Notes
    -----
    An error is too high that exceeds the least one by more than what a further
    component would explain, :math:`\lambda_{n+1}`. Where the model leaves over nothing
    but noise, that is a component of noise, and no smaller volume is as good. Nor may
    it be near to what the faintest component explains, :math:`\lambda_n`: that would
    be gone, and the volume smallest.
    """
    n, squares = len(state.factors), principal_squares(sketch)
    if not state.factors.any(axis=1).all() or n >= len(squares):
        return state, configuration
    weighted = replace(configuration, volume_weight=_WEIGHT, revise=None)
    (small,) = run(operator, [begin], weighted)
    rise = small.history[-1][0] - state.history[-1][0]
    if rise * np.prod(operator.shape) > min(squares[n], _PART * squares[n - 1]):
        return state, configuration
    return small, replace(configuration, volume_weight=_WEIGHT)
