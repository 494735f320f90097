"""Patterns fitted with equal weights, of components that were found with others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver.half_steps import half_step, nonnegative_least_squares
from hspy_cnmf.solver.iteration import Configuration, State, mean_squared_error
from hspy_cnmf.solver.loop import run
from hspy_cnmf.solver.purest import without_the_strongest
from hspy_cnmf.solver.revision import Revision
from hspy_cnmf.solver.smoothing_share import pixel_noise

#: Iterations with equal weights: enough for patterns to come apart, and too few for
#: components that these weights do not see to get lost.
ITERATIONS = 100

#: How much less than without them such iterations may describe, of what a component of
#: noise explains, for each component. 0.6 where they merge components of noise, 1.0 and
#: more where they lose true ones.
_LOST = 0.75

#: How often patterns of equal weights are fitted to maps of normalised noise.
_N_FITS = 2


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
    the normalised noise, and patterns are fitted to them at last. While both change,
    factors are fitted with the weights of the smoothing (see
    `hspy_cnmf.solver.iteration.update_factors`), as smoothed maps would turn them away
    from the truth; how much is then in the patterns of others is chosen as in
    `hspy_cnmf.solver.purest`. Where components got lost on the way, as the normalised
    noise tells, patterns are fitted to the maps that it had found.

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
    fit = _Fit(sketch, data, by_position, by_pixel, configuration, len(state.factors))
    (last,) = run(data, [begin], equal)
    found, without = (fit(one.factors, one.loadings) for one in (last, begin))
    revision = Revision(sketch, len(there), configuration.project_loadings)
    lost = (found[2] - without[2]) * prod(sketch.shape)
    if lost > _LOST * len(there) * revision.strongest(len(there)):
        found = without
    factors, loadings = np.zeros_like(state.factors), np.zeros_like(state.loadings)
    factors[there], loadings[there] = found[:2]
    return replace(state, factors=factors, loadings=loadings, products=None)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Patterns of equal weights for maps of normalised noise, as pure as can be."""

    sketch: LowRankOperator
    data: LowRankOperator
    by_position: np.ndarray
    by_pixel: np.ndarray
    configuration: Configuration
    n_components: int

    def __call__(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return factors and loadings of the sketch, and their mean squared error.

        Those to begin with are in the units of the data.
        """
        maps = loadings
        for _ in range(_N_FITS):
            _, maps, _ = self._with_maps(factors, maps)
            maps = maps * self.by_position.astype(maps.dtype)
            factors = half_step(
                nonnegative_least_squares,
                self.data.patterns(maps),
                gram_of_rows(maps),
                factors,
                held=self.configuration.held.factors(len(factors)),
            )
        return self._with_maps(*without_the_strongest(factors, maps, self.noise))

    @cached_property
    def noise(self) -> np.ndarray:
        """Variance of the noise of each pixel of the data, (n_pixels,)."""
        noise = pixel_noise(self.sketch, self.n_components) * np.square(self.by_pixel)
        return noise * np.square(self.by_position, dtype=float).mean()

    def _with_maps(
        self, factors: np.ndarray, loadings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return factors and loadings of the sketch, and their error, of factors."""
        factors = (factors / self.by_pixel).astype(self.sketch.dtype)
        products = gram_of_rows(factors)
        images = self.sketch.images(factors)
        loadings = half_step(
            nonnegative_least_squares,
            images,
            products,
            (loadings / self.by_position).astype(self.sketch.dtype),
            self.configuration.project_loadings,
            self.configuration.held.loadings(len(factors)),
        )
        error = mean_squared_error(self.sketch, products, loadings, images)
        return factors, loadings, error
