"""One iteration: two products with the data, and a half step after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from hspy_cnmf.device.arrays import beside, is_on_gpu, namespace, to_gpu, to_host
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.half_steps import half_step
from hspy_cnmf.solver.revision import revised

#: What is added to squares of factors in their volume, as a fraction of their mean.
_VOLUME_FLOOR = 0.01


@dataclass(frozen=True)
class Configuration:
    """What stays the same during a run.

    Parameters
    ----------
    solve : callable
        A half step of `hspy_cnmf.solver.half_steps`.
    project_factors, project_loadings : callable or None
        Constraints on flat stacks, shape (n, n_pixels) and (n, n_positions).
    pixel_scale : numpy.ndarray or None, shape (n_pixels,)
        Times this, a factor is in the units of the data, in which it has unit sum.
    max_iter : int
        Largest number of iterations.
    tol : float
        Relative L1 change of factors and of loadings below which a start has
        converged.
    revise : callable or None
        A `hspy_cnmf.solver.revision.Revision`; None keeps redundant components.
    purify : callable or None
        A `hspy_cnmf.solver.matrix.Matrix`; None leaves the matrix in other patterns.
    volume_weight : float
        Weight of the volume between the factors; see `volume_term`.
    held : Held
        Components whose factor, or map, is known and stays.
    on_gpu : bool
        Whether iterations on a sketch run there.
    """

    solve: Callable
    project_factors: Callable | None = None
    project_loadings: Callable | None = None
    pixel_scale: np.ndarray | None = None
    max_iter: int = 500
    tol: float = 1e-4
    revise: Any = None
    purify: Callable | None = None
    volume_weight: float = 0.0
    held: Held = field(default_factory=Held)
    on_gpu: bool = False


@dataclass(frozen=True)
class State:
    """Where one start stands.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
    loadings : numpy.ndarray, shape (n_components, n_positions)
    rng : numpy.random.Generator
        For the revival of dead components.
    history : tuple of tuple of float
        Error, factor change and loading change of every iteration.
    status : str
        "running" until the start has ended.
    n_revisions : int
        How often redundant components were replaced.
    """

    factors: np.ndarray
    loadings: np.ndarray
    rng: np.random.Generator
    history: tuple = ()
    status: str = "running"
    n_revisions: int = 0

    def to_gpu(self) -> State:
        """Return the same with factors and loadings on the GPU."""
        factors, loadings = to_gpu(self.factors), to_gpu(self.loadings)
        return replace(self, factors=factors, loadings=loadings)

    def to_host(self) -> State:
        """Return the same with factors and loadings on the host."""
        factors, loadings = to_host(self.factors), to_host(self.loadings)
        return replace(self, factors=factors, loadings=loadings)


def iterate(
    operator: StreamedOperator | LowRankOperator,
    states: list[State],
    configuration: Configuration,
    each: Callable = map,
    each_revised: Callable = map,
) -> list[State]:
    """Return several starts after one more iteration, for which data are read together.

    Parameters
    ----------
    operator : StreamedOperator or LowRankOperator
        The data.
    states : list of State
    configuration : Configuration
        The same for all.
    each : callable, default map
        Applies a function to each start, perhaps in threads.
    each_revised : callable, default map
        The same for what is done now and then, on the host.

    Returns
    -------
    list of State
    """
    patterns = _products(operator.patterns, [state.loadings for state in states])
    half_way = list(each(partial(update_factors, configuration), states, patterns))
    images = _products(operator.images, [factors for factors, _ in half_way])
    finish = partial(_update_loadings, operator, configuration)
    finished = list(each(finish, states, half_way, images))
    del half_way, images  # as large as the maps: a revision needs room
    return list(each_revised(partial(revised, configuration), finished))


def _products(
    product: Callable[[np.ndarray], np.ndarray], stacks: list[np.ndarray]
) -> list[np.ndarray]:
    """Multiply with the data once for several stacks."""
    if len(stacks) == 1:
        return [product(stacks[0])]  # Copies of all maps are large.
    edges = np.cumsum([len(stack) for stack in stacks])
    products = product(namespace(stacks[0]).concatenate(stacks))
    return [
        products[stop - len(stack) : stop]
        for stop, stack in zip(edges.tolist(), stacks, strict=True)
    ]


def update_factors(
    configuration: Configuration, state: State, patterns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return new factors of unit sum, and the loadings rescaled to match."""
    fixed_gram = gram(state.loadings)
    if configuration.volume_weight and state.history:
        # The squared error that is left for each component of noise.
        longer = max(state.loadings.shape[1], state.factors.shape[1])
        weight = configuration.volume_weight * state.history[-1][0] * longer
        fixed_gram += weight * volume_term(state.factors)
    xp, held = namespace(state.factors), configuration.held.factors(len(state.factors))
    factors = half_step(
        configuration.solve,
        patterns,
        fixed_gram,
        state.factors,
        configuration.project_factors,
        held,
    )
    if configuration.pixel_scale is None:
        total = factors.sum(axis=1, dtype=np.float64)
    else:
        total = factors @ configuration.pixel_scale
    # Those that are held have unit sum, but for rounding that would add up.
    scale = xp.where((total > 0) & beside(~held, total), total, 1)
    scale = scale.astype(factors.dtype)[:, np.newaxis]
    return factors / scale, state.loadings * scale


def _update_loadings(
    operator: StreamedOperator | LowRankOperator,
    configuration: Configuration,
    state: State,
    half_way: tuple[np.ndarray, np.ndarray],
    images: np.ndarray,
) -> State:
    """Update the loadings of a start and take stock."""
    factors, scaled = half_way
    products = gram(factors)
    loadings = half_step(
        configuration.solve,
        images,
        products,
        scaled,
        configuration.project_loadings,
        configuration.held.loadings(len(scaled)),
    )
    changes = (
        _relative_change(factors, state.factors),
        _relative_change(loadings, state.loadings),
    )
    error = mean_squared_error(operator, products, loadings, images)
    loadings, n_revived = _revive(factors, loadings, state.rng, configuration.held.n)
    settled = max(changes) < configuration.tol and n_revived == 0
    return replace(
        state,
        factors=factors,
        loadings=loadings,
        history=(*state.history, (error, *changes)),
        status="converged" if settled else "running",
    )


def volume_term(factors: np.ndarray) -> np.ndarray:
    r"""Return what a volume between factors adds to the Gram matrix of the loadings.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
        W, as they are.

    Returns
    -------
    numpy.ndarray, shape (n_components, n_components)

    Notes
    -----
    The logarithm of the squared volume that factors span with the origin is not above
    its tangent,

    .. math:: \log\det(W W^T + \delta I) \le \mathrm{tr}(Y W W^T) + c,
        \quad Y = (W_0 W_0^T + \delta I)^{-1}

    which is quadratic in W, so that least squares with this term, weighted, are those
    with :math:`H H^T + \lambda Y` in place of :math:`H H^T` (Leplat, Ang & Gillis,
    IEEE ICASSP 2019, 3402). :math:`\lambda` is the weight times the squared error
    over the number of pixels or positions, whichever are fewer: what a component of
    noise explains.
    """
    products, xp = gram(factors), namespace(factors)
    floor = _VOLUME_FLOOR * xp.trace(products) / len(products)
    return xp.linalg.inv(products + (floor or 1.0) * xp.eye(len(products)))


def gram(stack: np.ndarray) -> np.ndarray:
    """Return the products of the rows of a stack with each other, in double."""
    return gram_of_rows(stack)


def mean_squared_error(
    operator: StreamedOperator | LowRankOperator,
    factors_gram: np.ndarray,
    loadings: np.ndarray,
    images: np.ndarray,
) -> float:
    r"""Return the mean squared error without reading the data again.

    Parameters
    ----------
    operator : StreamedOperator or LowRankOperator
        The data X.
    factors_gram : numpy.ndarray, shape (n_components, n_components)
        `gram` of the factors W.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        H.
    images : numpy.ndarray, shape (n_components, n_positions)
        Products of the data with the factors.

    Returns
    -------
    float

    Notes
    -----
    .. math:: \|X - H^T W\|^2 = \|X\|^2 - 2 \langle W X^T, H \rangle
        + \langle W W^T, H H^T \rangle

    summed in double precision, since large terms cancel. The products are in the
    operator's precision: in single precision, errors below about 1e-7 of the mean
    square of the data are rounding.
    """
    xp = namespace(images)
    cross = xp.einsum("ij,ij->", images, loadings, dtype=np.float64)
    model = xp.vdot(factors_gram, gram(loadings))
    square = operator.square_norm - 2 * cross + model
    return max(float(square), 0.0) / (operator.shape[0] * operator.shape[1])


def _relative_change(new: np.ndarray, old: np.ndarray) -> float:
    norm = change = 0.0
    n = len(new) if is_on_gpu(new) else 1  # copies of all maps are large on the host
    for k in range(0, len(new), n):
        own, before = new[k : k + n], old[k : k + n]
        norm += float(abs(own).sum(dtype=np.float64))
        change += float(abs(own - before).sum(dtype=np.float64))
    return change / norm if norm > 0 else 0.0


def _revive(
    factors: np.ndarray,
    loadings: np.ndarray,
    rng: np.random.Generator,
    n_held: int = 0,
) -> tuple[np.ndarray, int]:
    """Give components that have died a new random map, but not the first ones held.

    The next half step then takes their factor from what the other components leave
    over, since each component is updated with the others subtracted.
    """
    alive = to_host(factors.any(axis=1) & loadings.any(axis=1))
    dead = n_held + np.flatnonzero(~alive[n_held:])
    if len(dead):
        loadings = loadings.copy()
        scale = loadings.mean() or 1.0
        maps = beside(rng.random((len(dead), loadings.shape[1])), loadings)
        loadings[beside(dead, loadings)] = scale * maps
    return loadings, len(dead)
