"""One iteration: two products with the data, and a half step after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from hspy_cnmf.device.arrays import beside, namespace, to_gpu, to_host
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.solver.changes import relative_change
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.half_steps import half_step, overwrite, projected
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
    draw_matrix : callable or None
        A `hspy_cnmf.solver.matrix_map.MatrixMap` for the last maps.
    volume_weight : float
        Weight of the volume between the factors; see `volume_term`.
    held : Held
        Components whose factor, or map, is known and stays.
    on_gpu : bool
        Whether iterations on a sketch run there.
    cells : hspy_cnmf.solver.pixel_cells.PixelCells or None
        Cells of pixels over which factors are the same; None where there are none.
    on_cells : bool
        Whether factors are on these.
    """

    solve: Callable
    project_factors: Callable | None = None
    project_loadings: Callable | None = None
    pixel_scale: np.ndarray | None = None
    max_iter: int = 500
    tol: float = 1e-4
    revise: Any = None
    purify: Any = None
    draw_matrix: Any = None
    volume_weight: float = 0.0
    held: Held = field(default_factory=Held)
    on_gpu: bool = False
    cells: Any = None
    on_cells: bool = False


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
    weighted : bool
        Whether factors are fitted to patterns with the weights of the smoothing of
        maps; see `update_factors`.
    products : numpy.ndarray or None, shape (n_components, n_components)
        Of the loadings with each other; where factors are fitted so, with what they
        were before they were smoothed.
    copy_of : int or None
        Which of the starts a copy was like.
    is_revised : bool
        Whether components were replaced since the last iteration, whose error is that
        of others.
    """

    factors: np.ndarray
    loadings: np.ndarray
    rng: np.random.Generator
    history: tuple = ()
    status: str = "running"
    n_revisions: int = 0
    weighted: bool = False
    products: np.ndarray | None = None
    copy_of: int | None = None
    is_revised: bool = False

    def to_gpu(self) -> State:
        """Return the same with factors and loadings on the GPU."""
        factors, loadings = to_gpu(self.factors), to_gpu(self.loadings)
        return replace(self, factors=factors, loadings=loadings)

    def to_host(self) -> State:
        """Return the same with factors and loadings on the host."""
        factors, loadings = to_host(self.factors), to_host(self.loadings)
        products = None if self.products is None else to_host(self.products)
        return replace(self, factors=factors, loadings=loadings, products=products)

    def begun_anew(
        self, factors: np.ndarray, loadings: np.ndarray, n_revisions: int
    ) -> State:
        """Return a start of the same kind, from other components on."""
        return State(
            factors, loadings, self.rng, (), "running", n_revisions, self.weighted
        )

    def replaced(self, factors: np.ndarray, loadings: np.ndarray) -> State:
        """Return the same with other components."""
        return replace(self, factors=factors, loadings=loadings, products=None)

    def padded(self, n_components: int) -> State:
        """Return the same with empty components in place of those left out."""
        n, products = n_components - len(self.factors), self.products
        if not n:
            return self  # copies of all maps are large
        return replace(
            self,
            factors=np.pad(self.factors, ((0, n), (0, 0))),
            loadings=np.pad(self.loadings, ((0, n), (0, 0))),
            products=None if products is None else np.pad(products, (0, n)),
        )


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
    patterns = products_of_stacks(
        operator.patterns, [state.loadings for state in states]
    )
    half_way = list(each(partial(update_factors, configuration), states, patterns))
    images = products_of_stacks(operator.images, [factors for factors, _ in half_way])
    finish = partial(_update_loadings, operator, configuration)
    finished = list(each(finish, states, half_way, images))
    del half_way, images  # as large as the maps: a revision needs room
    return list(each_revised(partial(revised, configuration), finished))


def products_of_stacks(
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
    r"""Return new factors of unit sum, and by what loadings are multiplied to match.

    The second has the shape (n_components, 1): copies of all maps are large.

    Notes
    -----
    With H the loadings that fit the data and S what smooths them, factors are those of
    least :math:`\|X - (H S)^T W\|^2`, or in a weighted start of least

    .. math:: \mathrm{tr}\,(X - H^T W)^T S (X - H^T W), \quad (H S H^T) W = (H S) X

    The first iteration turns components towards what is smooth in all maps, until some
    pattern would be negative: patterns come apart and maps are mixed, as is right
    where crystals lie over each other. The second has true factors and maps for a
    fixed point, however sharp the maps are.
    """
    fixed_gram = state.products
    if fixed_gram is None:
        fixed_gram = gram(state.loadings)
    if configuration.volume_weight and state.history:
        # The squared error that is left for each component of noise.
        longer = max(state.loadings.shape[1], state.factors.shape[1])
        weight = configuration.volume_weight * state.history[-1][0] * longer
        fixed_gram = fixed_gram + weight * volume_term(state.factors)
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
    factors /= scale
    return factors, scale


def _update_loadings(
    operator: StreamedOperator | LowRankOperator,
    configuration: Configuration,
    state: State,
    half_way: tuple[np.ndarray, np.ndarray],
    images: np.ndarray,
) -> State:
    """Update the loadings of a start and take stock."""
    factors, scale = half_way
    of_factors, xp = gram(factors), namespace(factors)
    held = configuration.held.loadings(len(factors))
    project = configuration.project_loadings
    loadings = state.loadings * scale
    overwrite(configuration.solve, images, of_factors, loadings, held)
    with_smooth = None
    if project is not None:
        # Copies are as large as the maps.
        fitted = loadings.copy() if state.weighted else None
        loadings = projected(loadings, project, held)
        if fitted is not None:
            with_smooth = gram_of_rows(loadings, fitted)  # not symmetric at edges
        del fitted
    of_loadings = gram(loadings)
    changes = (
        relative_change(factors, state.factors),
        relative_change(loadings, state.loadings),
    )
    error = mean_squared_error(operator, of_factors, loadings, images, of_loadings)
    alive = (xp.diag(of_factors) > 0) & (xp.diag(of_loadings) > 0)
    loadings, n_revived = _revive(loadings, alive, state.rng, configuration.held.n)
    settled = max(changes) < configuration.tol and n_revived == 0
    products = of_loadings if with_smooth is None else with_smooth
    return replace(
        state,
        factors=factors,
        loadings=loadings,
        products=None if n_revived else products,
        history=(*state.history, (error, *changes)),
        status="converged" if settled else "running",
        is_revised=False,
    )


def with_share(history: tuple, share: float) -> tuple:
    """Return a history with a share of its errors, as means over more values are."""
    return tuple((error * share, *changes) for error, *changes in history)


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
    loadings_gram: np.ndarray | None = None,
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
    loadings_gram : numpy.ndarray, shape (n_components, n_components), optional
        `gram` of the loadings, where it is known.

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
    if loadings_gram is None:
        loadings_gram = gram(loadings)
    model = xp.vdot(factors_gram, loadings_gram)
    square = operator.square_norm - 2 * cross + model
    return max(float(square), 0.0) / (operator.shape[0] * operator.shape[1])


def _revive(
    loadings: np.ndarray,
    alive: np.ndarray,
    rng: np.random.Generator,
    n_held: int = 0,
) -> tuple[np.ndarray, int]:
    """Give components that have died a new random map, but not the first ones held.

    The next half step then takes their factor from what the other components leave
    over, since each component is updated with the others subtracted.
    """
    dead = n_held + np.flatnonzero(~to_host(alive)[n_held:])
    if len(dead):
        loadings = loadings.copy()
        scale = loadings.mean() or 1.0
        maps = beside(rng.random((len(dead), loadings.shape[1])), loadings)
        loadings[beside(dead, loadings)] = scale * maps
    return loadings, len(dead)
