"""The last iteration: on the data themselves, from one reading where that is enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.corrected import CorrectedSketch
from hspy_cnmf.solver import half_steps
from hspy_cnmf.solver.iteration import (
    Configuration,
    State,
    gram,
    mean_squared_error,
    update_factors,
)

#: One minus the correlation of a map with that of a further reading, up to which this
#: is spared.
_SPARED = 3e-4

#: By how much noise in the pixels that factors differ in exceeds its mean, at most.
_UNEVEN = 1.7

#: Singular values of a Gram matrix below this fraction of the largest are rounding.
_ROUNDING = 1e-6


#: Positions from which on one reading may be enough: noise of factors that maps would
#: see in a second one falls with their number.
_MANY_POSITIONS = 2**14


def readings_of_end(rank: int | None, n_positions: int) -> int:
    """Return how often the last iteration is expected to read the data.

    Parameters
    ----------
    rank : int or None
        Of the sketch; None where iterations work on the data.
    n_positions : int
    """
    return 1 if rank is not None and n_positions >= _MANY_POSITIONS else 2


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
    operator: LowRankOperator, state: State, configuration: Configuration
) -> End:
    """Return one more iteration on a sketch, with loadings that have settled."""
    patterns = operator.patterns(state.loadings)
    factors, start = _factors(configuration, state, patterns)
    images = operator.images(factors)
    return _with_loadings(operator, factors, start, images, configuration, 0)


def end_on_data(
    operator: StreamedOperator,
    state: State,
    configuration: Configuration,
    sketch: LowRankOperator | None,
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

    Returns
    -------
    End
        After two readings, one for patterns of the loadings and one for images of the
        factors. Where there are a sketch and many positions, the first is for images of
        the factors that it foretells, too, and the second made only if maps would
        change by it.
    """
    if sketch is None or operator.shape[0] < _MANY_POSITIONS:
        patterns = operator.patterns(state.loadings)
        factors, start = _factors(configuration, state, patterns)
        return _with_loadings(
            operator, factors, start, operator.images(factors), configuration, 2
        )
    foretold, _ = _factors(configuration, state, sketch.patterns(state.loadings))
    near = CorrectedSketch.read(operator, sketch, state.loadings, foretold)
    factors, start = _factors(configuration, state, near.patterns)
    if maps_differ_by(near, factors, start).max() > _SPARED:
        return _with_loadings(
            operator, factors, start, operator.images(factors), configuration, 2
        )
    images = near.images(factors)
    return _with_loadings(sketch, factors, start, images, configuration, 1)


def maps_differ_by(
    near: CorrectedSketch, factors: np.ndarray, loadings: np.ndarray
) -> np.ndarray:
    r"""Return how far maps are from those that a further reading would give.

    Parameters
    ----------
    near : CorrectedSketch
    factors : numpy.ndarray, shape (n_components, n_pixels)
        The last ones.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        In their units.

    Returns
    -------
    numpy.ndarray, shape (n_components,)
        One minus the correlation, as expected without a constraint on maps; zero for
        empty components.

    Notes
    -----
    With D what factors W hold outside the basis patterns, images miss :math:`D x` of
    the part x of a pattern that the sketch leaves out, mostly noise, of a mean square
    :math:`s^2` in a pixel: maps differ by :math:`(W W^T)^{-1} D x`, with the variances

    .. math:: s^2 \, \mathrm{diag}[(W W^T)^{-1} D D^T (W W^T)^{-1}]
    """
    inverse = np.linalg.pinv(gram(factors), rcond=_ROUNDING, hermitian=True)
    noise = _UNEVEN * near.left_out / np.prod(near.shape, dtype=float)
    variance = noise * np.diag(inverse @ gram(near.unseen(factors)) @ inverse)
    of_maps = loadings.var(axis=1, dtype=np.float64)
    some = factors.any(axis=1) & (of_maps > 0)
    return np.where(some, variance / 2 / np.where(some, of_maps, 1), 0.0)


def _factors(
    configuration: Configuration, state: State, patterns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors that no iteration follows, and the loadings to start from."""
    factors, loadings = update_factors(configuration, state, patterns)
    if configuration.purify is not None:
        factors, loadings = configuration.purify(factors, loadings)
    # A component without a factor must not keep the random map of its last revival.
    return factors, np.where(factors.any(axis=1, keepdims=True), loadings, 0)


def _with_loadings(
    operator: StreamedOperator | LowRankOperator,
    factors: np.ndarray,
    start: np.ndarray,
    images: np.ndarray,
    configuration: Configuration,
    n_readings: int,
) -> End:
    """Return the end with the loadings that images of the factors give."""
    products = gram(factors)
    loadings = half_steps.half_step(
        half_steps.nonnegative_least_squares,
        images,
        products,
        start,
        configuration.project_loadings,
        configuration.held.loadings(len(start)),
    )
    error = mean_squared_error(operator, products, loadings, images)
    return End(factors, loadings, error, n_readings)
