r"""Share of smoothing that each map bears: as much as its own noise asks for.

Smoothing takes noise out of maps and blurs what is sharp in them. Which is more differs
from map to map: the matrix is bright and even, a faint crystal is mostly noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.each_alone import EachAlone
from hspy_cnmf.constraints.per_scan import PerScan
from hspy_cnmf.constraints.several import each
from hspy_cnmf.operators import LowRankOperator
from hspy_cnmf.operators.low_rank import (
    column_parts,
    gram_of_rows,
    inverse_of_gram,
    principal_turn,
)
from hspy_cnmf.solver.half_steps import half_step, hals
from hspy_cnmf.solver.iteration import Configuration, State
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.smoothing import smoothing_of


@dataclass(frozen=True, eq=False)
class SmoothingByShares(Constraint):
    r"""Smooth each map by a share of its own.

    Parameters
    ----------
    smoothing : GaussianSmoothing or PerScan
    shares : numpy.ndarray, shape (n_components,)
        From 0, which leaves a map as it is, to 1. Of more images, as where constraints
        are tried, the first of them again.

    Notes
    -----
    .. math:: h_k \leftarrow h_k - t_k (h_k - S h_k)
    """

    smoothing: GaussianSmoothing | PerScan
    shares: np.ndarray

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        smooth = self.smoothing.prepare(keep)

        def apply(values: np.ndarray, shared: np.ndarray, first: int) -> np.ndarray:
            for k, row in enumerate(values):
                share = row.dtype.type(self.shares[(first + k) % len(self.shares)])
                shared[k] = row - share * (row - smooth(row[np.newaxis])[0])
            return shared

        return EachAlone(apply)


def with_smoothing_by_shares(
    problem: Problem, state: State, configuration: Configuration
) -> tuple[Configuration, np.ndarray | None, dict[str, Any]]:
    """Return a configuration that smooths each of the last maps by a share of its own.

    Parameters
    ----------
    problem : Problem
        A smoothing that is not tentative stays; where there is no sketch, any does.
    state : State
        Of the best start.
    configuration : Configuration
        Of the last iteration.

    Returns
    -------
    configuration : Configuration
    shares : numpy.ndarray or None, shape (n_components,)
        None where maps have none of their own.
    told : dict
        The least and the largest share.
    """
    constraint, sketch = smoothing_of(problem.estimator), problem.sketch
    if sketch is None or constraint is None or not constraint.tentative:
        return configuration, None, {}
    smooth = problem.on_loadings(constraint)
    assert smooth is not None  # there is a constraint
    factors, loadings = state.factors, state.loadings
    if configuration.purify is not None:
        factors, loadings = configuration.purify(factors, loadings)
    held = configuration.held.loadings(len(factors))
    maps, products = np.empty_like(loadings), gram_of_rows(factors)
    for part, images in sketch.parts_of_images(factors):
        maps[:, part] = half_step(hals, images, products, loadings[:, part], None, held)
    others = weight_of_others(constraint, problem.operator.keep_positions)
    shares = smoothing_shares(sketch, factors, maps, loadings, smooth, others)
    shared = each(
        lambda c: SmoothingByShares(c, shares) if c is constraint else c,
        problem.estimator.loading_constraint,
    )
    project = problem.on_loadings(shared)
    found = shares[factors.any(axis=1) & ~held]
    told = {"smoothing_shares": (found.min(initial=1), found.max(initial=0))}
    return replace(configuration, project_loadings=project), shares, told


def weight_of_others(smoothing: GaussianSmoothing | PerScan, keep: np.ndarray) -> float:
    r"""Return the weights of the other values in what each is smoothed to, summed.

    That is :math:`\mathrm{tr}(I - S)` of what smooths maps of the positions in `keep`.
    """
    return float((1 - smoothing.own_weight(keep)).sum())


def smoothing_shares(
    sketch: LowRankOperator,
    factors: np.ndarray,
    maps: np.ndarray,
    loadings: np.ndarray,
    smooth: Callable[[np.ndarray], np.ndarray],
    others: float,
) -> np.ndarray:
    r"""Return the share of smoothing with which each map is nearest to the truth.

    Parameters
    ----------
    sketch : LowRankOperator
        Of the (weighted) data.
    factors : numpy.ndarray, shape (n_components, n_pixels)
        W.
    maps, loadings : numpy.ndarray, shape (n_components, n_positions)
        What fits the data best, and H, which the factors were fitted with.
    smooth : callable
        Smooths maps, shape (n, n_positions); linear.
    others : float
        Weights of the other values in what each value is smoothed to, summed.

    Returns
    -------
    numpy.ndarray, shape (n_components,)
        Zero for empty components.

    Notes
    -----
    Maps of least squares have noise of the variance

    .. math:: s_k = (W^+ \Sigma W^{+T})_{kk} \,
        \frac{\|w_k\|^2}{\|w_k\|^2 - \mathrm{tr}\,\Sigma \, (H H^T)^{-1}_{kk}},
        \quad W^+ = (W W^T)^{-1} W

    where :math:`\Sigma` is that of the pixels, see `pixel_noise`. The fraction is for
    the noise of factors, which would pass for signal. Of the maps
    :math:`m - t (m - S m)`, with what smooths them S, the squared distance from the
    truth is, but for a constant, expected to be

    .. math:: t^2 \|m - S m\|^2 - 2 t s \, \mathrm{tr}(I - S)

    (Stein, Ann. Statist. 9, 1135, 1981), which is least for

    .. math:: t = s \, \mathrm{tr}(I - S) \, / \, \|m - S m\|^2

    or for 1 where that is more. A map that is much rougher than its noise is hardly
    smoothed.
    """
    of_pixels = pixel_noise(sketch, len(factors))
    of_factors = of_pixels.sum() * np.diag(inverse_of_gram(gram_of_rows(loadings)))
    noise = noise_of_maps(factors, of_pixels) * others
    squares = np.square(factors).sum(axis=1, dtype=np.float64)
    true = squares - of_factors
    noise = np.where(true > 0, noise * squares / np.where(true > 0, true, 1), np.inf)
    return np.where(factors.any(axis=1), shares_of(maps, noise, smooth), 0)


def noise_of_maps(factors: np.ndarray, of_pixels: np.ndarray) -> np.ndarray:
    """Return the variance of least squares maps, (n_components,), from that of pixels.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
    of_pixels : numpy.ndarray, shape (n_pixels,)
    """
    return np.square(_least_squares(factors)) @ of_pixels


def noise_between_maps(factors: np.ndarray, of_pixels: np.ndarray) -> np.ndarray:
    """Return the covariance of noise of least squares maps, (n, n), from the pixels'.

    Its diagonal is `noise_of_maps`.
    """
    maps = _least_squares(factors)
    return (maps * of_pixels) @ maps.T


def _least_squares(factors: np.ndarray) -> np.ndarray:
    """Return what makes maps of patterns that are not constrained, (n, n_pixels)."""
    return inverse_of_gram(gram_of_rows(factors)) @ factors


def noise_left(
    smooth: Callable[[np.ndarray], np.ndarray], shares: np.ndarray, n_positions: int
) -> np.ndarray:
    """Return what smoothing by shares leaves of the variance of noise, measured.

    Parameters
    ----------
    smooth : callable
        Smooths maps, shape (n, n_positions); linear.
    shares : numpy.ndarray, shape (n_components,)
    n_positions : int
    """
    noise = np.random.default_rng(0).standard_normal((1, n_positions))
    change = (noise - smooth(noise))[0]
    both = np.vdot(noise, change), np.vdot(change, change)
    return (np.vdot(noise, noise) - shares * (2 * both[0] - shares * both[1])) / (
        n_positions
    )


def shares_of(
    maps: np.ndarray, noise: np.ndarray, smooth: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    r"""Return the shares of smoothing of maps of known noise, (n_components,).

    Parameters
    ----------
    maps : numpy.ndarray, shape (n_components, n_positions)
    noise : numpy.ndarray, shape (n_components,)
        :math:`s \, \mathrm{tr}(I - S)`, see `smoothing_shares`.
    smooth : callable
    """
    shares = np.ones(len(maps))
    for k in range(len(maps)):
        own = maps[k : k + 1]  # one by one: they are large
        change = own - smooth(own)
        rough = np.vdot(change, change)
        if rough > noise[k]:
            shares[k] = noise[k] / rough
    return shares


def pixel_noise(sketch: LowRankOperator, n_components: int) -> np.ndarray:
    """Return the variance of each pixel that so many components leave, (n_pixels,).

    That is of further principal components, and of what the sketch leaves out.
    """
    n_positions, n_pixels = sketch.shape
    values, turn = principal_turn(sketch.basis_images)
    n = min(n_components, len(values))
    if sketch.fit is None:  # nobody knows of which pixels
        outside = max(sketch.square_norm - values.sum(), 0)
        left = np.full(n_pixels, outside / n_pixels)
    else:
        n_left = max(n_positions - len(sketch.fit.patterns), 1)
        left = sketch.fit.of_pixels * (n_positions / n_left)
    for part in column_parts(n_pixels):
        patterns = turn[n:] @ sketch.basis_patterns[:, part].astype(np.float64)
        left[part] += values[n:] @ np.square(patterns)
    return left / max(n_positions - n, 1)
