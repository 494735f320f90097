r"""Two amorphous films over each other: how much of one's rings is in the other.

A factorisation is unchanged, but for non-negativity, where some of one pattern is taken
out of another and goes to its own map instead. Of a film that is everywhere, as a glass
under contamination, any share of the rings may be in the other's pattern, and its map
lacks it; the share meant is that with which it lacks nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hspy_cnmf.operators.low_rank import gram_with_another, inverse_in_any_units
from hspy_cnmf.solver.exchange import exchanged
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing_share import (
    noise_between_maps,
    noise_left,
    pixel_noise,
)

#: Times its noise that the map of a film varies, at the least, for it to tell.
_TELLING = 2

#: Part of a film, at the least, that the maps leave of it under most of the other one.
#: Where films replace each other, nothing is left.
_LEFT = 0.5

#: What maps are taken to vary by where they do not.
_TINY = 1e-300

#: Times what its rings hold of the other's, at most, that the other's map may lack of a
#: film. Films that replace each other lack more.
_LACKING = 1 / 0.6


def with_films_apart(
    problem: Problem, state: State, configuration: Configuration
) -> tuple[State, dict[str, Any]]:
    """Return a start whose two amorphous films do not hold each other's rings.

    Parameters
    ----------
    problem : Problem
        Where there is no sketch, noise is not known, and nothing is done.
    state : State
        Of the best start.
    configuration : Configuration
        Of the last iteration.

    Returns
    -------
    state : State
        The very same where there are no two such films, or nothing is to be done.
    told : dict
        ``films`` has for each component how much of the other film's pattern was taken
        out of it, less than 0 for that film.
    """
    matrix, sketch = configuration.purify, problem.sketch
    if matrix is None or sketch is None or matrix.held.n or state.weighted:
        return state, {}
    if np.count_nonzero(matrix.amorphous(state.factors, state.loadings)) != 2:
        return state, {}  # before anything is copied: maps are large
    factors, loadings = matrix(state.factors, state.loadings)
    noise = noise_between_maps(factors, pixel_noise(sketch, len(factors)))
    smooth = problem.on_loadings(problem.estimator.loading_constraint)
    if smooth is not None:
        noise *= noise_left(smooth, np.ones(1), loadings.shape[1])
    *both, told = apart(matrix, factors, loadings, noise)
    return (
        (state.replaced(*both), {"films": told.tolist()}) if any(told) else (state, {})
    )


def apart(
    matrix: Matrix, factors: np.ndarray, loadings: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Return factors and loadings of films whose maps say nothing of each other.

    Parameters
    ----------
    matrix : Matrix
        Tells of patterns which are amorphous; nothing is done but for two.
    factors : numpy.ndarray, shape (n, n_pixels)
    loadings : numpy.ndarray, shape (n, n_positions)
        Of crystals without rings of the films.
    noise : numpy.ndarray, shape (n, n)
        Covariance of the noise of the maps.

    Returns
    -------
    factors, loadings : numpy.ndarray
        The very same objects where nothing is to be done.
    told : numpy.ndarray, shape (n,)
        How much of the other film's pattern was taken out, less than 0 for that film.

    Notes
    -----
    .. math:: w_0 h_0 + w_1 h_1 = w_0 (h_0 + a h_1) + (w_1 - a w_0) h_1

    for any a. With the covariance of maps, C, without what those of crystals foretell
    of them and without noise, film 1 being the one that varies more,

    .. math:: a = -C_{01} / C_{11}

    is the least with which maps of films say nothing of each other. It is taken, as far
    as rings of :math:`w_1` allow, if they allow most of it, and if at least half of
    film 0 is left where film 1 is: films that replace each other lack all of it.
    """
    told = np.zeros(len(factors))
    films = np.flatnonzero(matrix.amorphous(factors, loadings))
    if len(films) != 2:
        return factors, loadings, told
    covariance = _covariance(loadings, films, matrix.even) - noise[np.ix_(films, films)]
    over = int(np.argmax(np.diag(covariance)))
    lacking = -covariance[0, 1] / max(covariance[over, over], _TINY)
    under, over = films[1 - over], films[over]
    room = matrix.room_for(factors[under], factors[over])
    is_seen = covariance.max() > _TELLING * noise[over, over]
    if not (is_seen and 0 < lacking < room * _LACKING):
        return factors, loadings, told
    if _left(loadings[under], lacking * loadings[over]) < _LEFT:
        return factors, loadings, told
    told[over] = min(lacking, room)
    told[under] = -told[over]
    amounts = np.zeros((len(factors), len(factors)))
    amounts[over, under] = told[under]
    known = np.zeros(len(factors), bool)
    return *exchanged(factors, loadings, amounts, matrix.pixel_scale, known), told


def note_of(parameters: dict[str, Any]) -> str:
    """Return what the parameters of a result say of films, in words."""
    told = list(parameters.get("films", ()))
    if not any(told):
        return ""
    over, under = int(np.argmax(told)), int(np.argmin(told))
    return (
        f"components {over} and {under} are amorphous, and how much of one's rings is "
        f"in the other the data do not say: {told[over]:.2g} of the pattern of {under} "
        f"was taken out of that of {over}, so that their maps say nothing of each other"
    )


def _covariance(
    loadings: np.ndarray, films: np.ndarray, even: np.ndarray | None
) -> np.ndarray:
    """Return that of maps of films, without what all others foretell, (2, 2)."""
    even = np.ones(loadings.shape[1]) if even is None else even
    products = gram_with_another(loadings, even)
    others = np.delete(np.arange(len(products)), films)
    between = products[np.ix_(films, others)]
    foretold = between @ inverse_in_any_units(products[np.ix_(others, others)])
    covariance = products[np.ix_(films, films)] - foretold @ between.T
    return covariance / loadings.shape[1]


def _left(under: np.ndarray, lacking: np.ndarray) -> float:
    """Return which part of a film is left where most is lacking, the lower quartile."""
    there = lacking > 0.5 * (lacking @ lacking) / lacking.sum()
    return float(np.quantile(under[there] / (under[there] + lacking[there]), 0.25))
