"""The last iteration: on the data themselves, without a reading if that is enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np

from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.corrected import CorrectedSketch
from hspy_cnmf.operators.low_rank import gram_of_rows, inverse_of_gram
from hspy_cnmf.solver import half_steps, unseen
from hspy_cnmf.solver.iteration import (
    Configuration,
    State,
    gram,
    mean_squared_error,
    update_factors,
)
from hspy_cnmf.solver.pattern_totals import Noise, with_totals_of_least_squares

#: One minus the correlation of a map with that of a further reading, as expected, up
#: to which this is spared.
_SPARED = 3e-4

#: One minus the cosine, likewise. What is not noise in the pixels, as where a detector
#: saturates, is not foreseen: a fifth of what would matter.
_SPARED_OF_FACTORS = 1e-4

#: Positions from which on no reading is expected: noise of factors, which decides,
#: falls with their number.
_MANY_POSITIONS = 2**16


#: Positions below which two readings are made: they cost nothing.
_FEW_POSITIONS = 2**10


def readings_of_end(rank: int | None, n_positions: int) -> int:
    """Return how often the last iteration is expected to read the data.

    Parameters
    ----------
    rank : int or None
        Of the sketch; None where iterations work on the data.
    n_positions : int
    """
    if rank is None or n_positions < _FEW_POSITIONS:
        return 2
    return 0 if n_positions >= _MANY_POSITIONS else 1


@dataclass(frozen=True, eq=False)
class End:
    """What a run ends with.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
    loadings : numpy.ndarray, shape (n_components, n_positions)
    error : float
        Mean squared error.
    n_readings : int
        How often the data were read for it.
    """

    factors: np.ndarray
    loadings: np.ndarray
    error: float
    n_readings: int


def end_on_sketch(
    operator: LowRankOperator,
    state: State,
    configuration: Configuration,
    noise: Noise | None = None,
) -> End:
    """Return one more iteration on a sketch, with loadings that have settled.

    See `end_on_data` for the parameters.
    """
    patterns = operator.patterns(state.loadings)
    factors, start = _factors(configuration, state, patterns, noise)
    images = operator.images(factors)
    return _with_loadings(operator, factors, start, images, configuration, 0)


def end_on_data(
    operator: StreamedOperator,
    state: State,
    configuration: Configuration,
    sketch: LowRankOperator | None,
    noise: Noise | None = None,
) -> End:
    """Return one more iteration on the data themselves.

    What a sketch left out of the data comes in here. The matrix is taken out of other
    patterns here, before the loadings are solved for. These are, until they settle,
    whichever the solver, so that without a constraint they are those that
    ``transform`` finds.

    Parameters
    ----------
    operator : StreamedOperator
    state : State
        Of the best start.
    configuration : Configuration
    sketch : LowRankOperator or None
        What the iterations worked on, if not on the data.
    noise : Noise, optional
        Of the pixels of the data, where it is to add nothing to the totals of patterns;
        see `hspy_cnmf.solver.pattern_totals`.

    Returns
    -------
    End
        Without a reading where the sketch has a `fit` from which the data would not
        differ; see `hspy_cnmf.solver.unseen`. Else after one for patterns of the
        loadings and for images of the factors that it foretells, and one more only if
        maps would change by it. Without a fit, or of few positions, after two, one for
        each.
    """
    if sketch is None or sketch.fit is None or operator.shape[0] < _FEW_POSITIONS:
        patterns = operator.patterns(state.loadings)
        factors, start = _factors(configuration, state, patterns, noise)
        return _read_images(operator, factors, start, configuration)
    project = configuration.project_loadings
    patterns = unseen.patterns(sketch, state.loadings)
    foretold, start = _factors(configuration, state, patterns, noise)
    differ_by = unseen.factors_differ_by(sketch, state.loadings, patterns)
    if differ_by.max() <= _SPARED_OF_FACTORS:
        images = sketch.fitted().images(foretold)
        end = _with_loadings(sketch, foretold, start, images, configuration, 0)
        del images, start  # as large as the maps
        change = unseen.outside(sketch, foretold)
        if unseen.maps_differ_by(sketch, change, end, project).max() <= _SPARED:
            return end
        del end
    else:
        del start
    near = CorrectedSketch.read(operator, sketch, state.loadings, foretold)
    factors, start = _factors(configuration, state, near.patterns, noise)
    images, change = near.images(factors), near.unseen(factors)
    del near  # its images are as large, too
    end = _with_loadings(sketch, factors, start, images, configuration, 1)
    del images, start
    if unseen.maps_differ_by(sketch, change, end, project).max() <= _SPARED:
        return end
    return _read_images(operator, factors, end.loadings, configuration)


def end_on_all_pixels(
    operator: StreamedOperator,
    state: State,
    of_sums: End,
    configuration: Configuration,
    noise: Noise,
) -> End:
    """Return maps of summed pixels, and the patterns of all pixels that go with them.

    Images of those would have the noise of all pixels.

    Parameters
    ----------
    operator : StreamedOperator
        The data, which are read once.
    state : State
        Of the best start.
    of_sums : End
        Of summed pixels.
    configuration : Configuration
        Of all pixels.
    noise : Noise
        Of the pixels of the data, and of their averages.
    """
    patterns = operator.patterns(of_sums.loadings)
    factors, loadings = of_sums.factors, of_sums.loadings
    ended = replace(state, factors=factors, loadings=loadings, products=None)
    factors, loadings = _factors(configuration, ended, patterns, noise, of_sums.factors)
    patterns = _of_other_maps(patterns, of_sums.loadings, loadings)
    square = operator.square_norm - 2 * np.vdot(patterns, factors)
    square += np.vdot(gram(factors), gram(loadings))
    return End(factors, loadings, max(float(square), 0.0) / prod(operator.shape), 1)


def _read_images(
    operator: StreamedOperator,
    factors: np.ndarray,
    start: np.ndarray,
    configuration: Configuration,
) -> End:
    """Return the end of a second reading, for images of the factors."""
    images = operator.images(factors)
    return _with_loadings(operator, factors, start, images, configuration, 2)


def _factors(
    configuration: Configuration,
    state: State,
    patterns: np.ndarray,
    noise: Noise | None = None,
    averages: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors that no iteration follows, and the loadings to start from."""
    factors, scale = update_factors(configuration, state, patterns)
    loadings = state.loadings * scale
    matrix = configuration.purify
    if matrix is not None:
        signed = partial(_of_least_squares, patterns, state.loadings)
        factors, loadings = matrix(factors, loadings, signed)
    # What noise adds to crystals is missing in the matrix; without one nobody can tell.
    if (
        noise is not None
        and matrix is not None
        and matrix.amorphous(factors, loadings).any()
    ):
        patterns = _of_other_maps(patterns, state.loadings, loadings)
        factors, loadings = with_totals_of_least_squares(
            factors,
            loadings,
            patterns,
            noise,
            configuration.pixel_scale,
            averages,
            configuration.held.factors(len(factors)),
        )
    # A component without a factor must not keep the random map of its last revival.
    loadings[~factors.any(axis=1)] = 0
    return factors, loadings


def _of_least_squares(
    patterns: np.ndarray, loadings: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return patterns of least squares, with their signs, that go with other maps."""
    mixed = _of_other_maps(patterns, loadings, others)
    return inverse_of_gram(gram(others)) @ mixed


def _of_other_maps(
    patterns: np.ndarray, loadings: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return patterns of the data summed with other maps, of those of some.

    Maps are scaled, and some have taken over what others held of rings: the others are
    mixtures of the maps.
    """
    inverse = inverse_of_gram(gram(loadings))
    return gram_of_rows(others, loadings) @ inverse @ patterns


def _with_loadings(
    operator: StreamedOperator | LowRankOperator,
    factors: np.ndarray,
    start: np.ndarray,
    images: np.ndarray,
    configuration: Configuration,
    n_readings: int,
) -> End:
    """Return the end with the loadings that images of the factors give.

    What these start from is overwritten.
    """
    products, held = gram(factors), configuration.held.loadings(len(start))
    half_steps.settle(images, products, start, held)
    loadings = half_steps.projected(start, configuration.project_loadings, held)
    if configuration.draw_matrix is not None:
        configuration.draw_matrix(factors, loadings)
    error = mean_squared_error(operator, products, loadings, images)
    return End(factors, loadings, error, n_readings)
