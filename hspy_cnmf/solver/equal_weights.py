"""Patterns fitted with equal weights, of components that were found with others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.half_steps import half_step, nonnegative_least_squares
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.purest import without_the_strongest
from hspy_cnmf.solver.smoothing_share import pixel_noise

#: Iterations with equal weights: enough for patterns to come apart, and too few for
#: components that these weights do not see to get lost.
ITERATIONS = 100


def with_equal_weights(
    sketch: LowRankOperator,
    data: LowRankOperator,
    state: State,
    scales: Scales,
    configuration: Configuration,
    equal: Configuration,
) -> State:
    """Return a start with patterns that go on with equal weights, and maps of these.

    Normalised noise lets faint components be found beside bright spots, but these then
    weigh so little that much of the pattern of a crystal everywhere may be in all
    others. Equal weights see these, and faint components badly: the maps are those of
    the normalised noise. Factors are fitted with the weights of the smoothing (see
    `hspy_cnmf.solver.iteration.update_factors`), as smoothed maps would turn them away
    from the truth; how much is then in the patterns of others is chosen as in
    `hspy_cnmf.solver.purest`.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the data with normalised noise.
    data : LowRankOperator
        The same of the data as they are, an `UndividedSketch`.
    state : State
        Where the best start on it ended.
    scales : tuple of numpy.ndarray
        What positions and pixels of the data were divided by.
    configuration : Configuration
        Of normalised noise.
    equal : Configuration
        Of the data as they are, which neither replaces components nor leaves any out.

    Returns
    -------
    State
    """
    by_position, by_pixel = scales
    if by_position is None or by_pixel is None:
        return state
    there = np.flatnonzero(state.factors.any(axis=1))
    begin = State(
        state.factors[there] * by_pixel.astype(state.factors.dtype),
        state.loadings[there] * by_position.astype(state.loadings.dtype),
        state.rng,
        weighted=True,
    )
    (last,) = run(data, [begin], equal)
    noise = pixel_noise(sketch, len(state.factors)) * np.square(by_pixel)
    noise *= np.square(by_position, dtype=float).mean()
    pure = without_the_strongest(last.factors, last.loadings, noise)
    factors, loadings = np.zeros_like(state.factors), np.zeros_like(state.loadings)
    factors[there], loadings[there] = pure[0] / by_pixel, pure[1] / by_position
    loadings = half_step(
        nonnegative_least_squares,
        sketch.images(factors),
        gram_of_rows(factors),
        loadings,
        configuration.project_loadings,
        configuration.held.loadings(len(loadings)),
    )
    return replace(state, factors=factors, loadings=loadings, products=None)
