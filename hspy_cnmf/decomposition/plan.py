"""Plan of a decomposition: all that its arguments come to, resolved once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.masks import select_pixels, select_positions
from hspy_cnmf._hyperspy.negative import Remedy, remedy_of_part
from hspy_cnmf.decomposition.constraints import (
    center_finder,
    resolve_factor_constraint,
    resolve_loading_constraint,
    resolve_volume_weight,
    try_constraint,
)
from hspy_cnmf.decomposition.kept_sketch import kept_sketch
from hspy_cnmf.decomposition.known import known_maps, known_patterns
from hspy_cnmf.decomposition.missing import resolve_missing
from hspy_cnmf.decomposition.options import ESTIMATOR, OPTIONS, Options
from hspy_cnmf.operators import StreamedOperator, scheduling
from hspy_cnmf.operators.missing_values import missing_as_nan
from hspy_cnmf.operators.range_finder import automatic_rank, sketch_rank
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.patterns.few_counts import are_counts
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.resolution import changed, resolve

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal


@dataclass(frozen=True, eq=False)
class Plan:
    """A decomposition that nothing is left to be asked of but its data.

    Parameters
    ----------
    estimator : ConstrainedNMF
        Parameters, checked; constraints that know the signal's axes; an integer seed.
    find_center : callable or None
        Finds the centre that the constraint on factors needs from the mean pattern,
        NaN where masked.
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part, in array order.
    masks : tuple of (numpy.ndarray of bool or None)
        Navigation mask and signal mask as they were given, in array order.
    bad_pixels : numpy.ndarray of bool or None
        Pixels that are named as bad, in array order; None for those that are found.
    rank : int or None
        Rank of the sketch that iterations work on; None for the data themselves.
    sketch : Sketch or None
        A sketch that was kept.
    path : Path or None
        Where the sketch is to be saved once it is made.
    normalized : bool or None
        Whether Poisson noise is normalised; None where the data decide.
    last_iteration : {"data", "sketch"}
    negative : Remedy
        What is done with negative values; its lowest is known once data were read.
    missing : bool or array
        Whether values that are NaN are left out; or a mask of those that are missing,
        navigation axes first, beside which what is NaN is.
    reproject : {None, "navigation", "signal", "both"}
    show_progressbar : bool
    scheduler : str, callable, dask.distributed.Client or None
    max_memory : int, str or None
    missing_share : float, default 0
        How many of the values that take part are missing, once they are counted.
    """

    estimator: ConstrainedNMF
    find_center: Callable[[np.ndarray], tuple] | None
    keep_positions: np.ndarray
    keep_pixels: np.ndarray
    masks: tuple[np.ndarray | None, np.ndarray | None]
    bad_pixels: np.ndarray | None
    rank: int | None
    sketch: Sketch | None
    path: Path | None
    normalized: bool | None
    last_iteration: str
    negative: Remedy
    missing: Any
    reproject: str | None
    show_progressbar: bool
    scheduler: Any
    max_memory: int | str | None
    missing_share: float = 0.0

    @property
    def n_components(self) -> int:
        """Number of components."""
        return self.estimator.n_components

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions and of pixels that take part."""
        return _shape(self.keep_positions, self.keep_pixels)

    def with_remedy(self, data: Any) -> tuple[Plan, Any]:
        """Return the plan, and data, without negative values if it asks for that."""
        remedy = remedy_of_part(
            self.negative.negative,
            data,
            self.keep_positions,
            self.keep_pixels,
            show_progressbar=self.show_progressbar,
            max_memory=self.max_memory,
        )
        return replace(self, negative=remedy), remedy.apply(data)

    def operator(self, data: Any) -> StreamedOperator:
        """Return the operator of the part of an array that takes part."""
        return StreamedOperator(
            missing_as_nan(data, self.missing),
            self.keep_positions,
            self.keep_pixels,
            show_progressbar=self.show_progressbar,
            max_memory=self.max_memory,
        )

    def try_constraints(self, dtype: np.dtype) -> None:
        """Raise if a constraint does not take images of this signal."""
        for name, keep in (
            ("factor_constraint", self.keep_pixels),
            ("loading_constraint", self.keep_positions),
        ):
            constraint = getattr(self.estimator, name)
            try_constraint(constraint, keep, name, self.n_components, dtype)

    def parts_to_fill(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the parts that are filled in, positions and pixels of each."""
        keep_positions, keep_pixels = self.keep_positions, self.keep_pixels
        parts = {
            "navigation": (~keep_positions, keep_pixels),
            "signal": (keep_positions, ~keep_pixels),
        }
        return [
            part for side, part in parts.items() if self.reproject in (side, "both")
        ]

    def may_sum_pixels(self, dtype: DTypeLike) -> bool:
        """Return whether pixels of data of a type may be summed to seek components.

        Not where components are known, values are missing or no counts, or the data
        are not to be read again.
        """
        estimator = self.estimator
        return (
            are_counts(dtype)
            and not self.missing_share
            and self.last_iteration == "data"
            and estimator.fixed_factors is None
            and estimator.fixed_loadings is None
        )

    def settings(self) -> dict[str, Any]:
        """Return what a result remembers of the arguments beside the estimator's."""
        return {
            "reproject": self.reproject,
            "last_iteration": self.last_iteration,
            "negative": [self.negative.negative, self.negative.lowest],
        }


def make_plan(
    signal: BaseSignal,
    output_dimension: int | None,
    estimator: ConstrainedNMF | None = None,
    *,
    needs_sketch: bool = False,
    **arguments: Any,
) -> Plan:
    """Resolve the arguments of a decomposition.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        What is to be decomposed; its data are not looked at.
    output_dimension : int or None
        Number of components; None for that of `estimator`.
    estimator : ConstrainedNMF, optional
        Takes the place of its parameters among `arguments`.
    needs_sketch : bool, default False
        Make a sketch also where it saves little; there it costs little.
    **arguments
        Any of `hspy_cnmf.decomposition.options.SHARED`; defaults where left out.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError, TypeError
        If the signal or an argument does not make sense.
    """
    check_signal(signal)
    options = Options(**{n: v for n, v in arguments.items() if n in OPTIONS})
    options.check()
    estimator = _estimator(output_dimension, estimator, arguments)
    with scheduling.scheduler(options.scheduler):  # masks may be lazy, too
        keep_positions = select_positions(signal, options.navigation_mask)
        unmasked = select_pixels(signal, options.signal_mask)
        bad_pixels = _named_bad_pixels(signal, options.bad_pixels, unmasked)
    keep_pixels = unmasked if bad_pixels is None else unmasked & ~bad_pixels
    estimator = resolve(_knowing(estimator, signal), keep_positions, keep_pixels)
    factor_constraint = resolve_factor_constraint(estimator.factor_constraint, signal)
    estimator = changed(
        estimator,
        factor_constraint=factor_constraint,
        loading_constraint=resolve_loading_constraint(
            estimator.loading_constraint, signal
        ),
        volume_weight=resolve_volume_weight(estimator.volume_weight, signal),
    )
    shape = _shape(keep_positions, keep_pixels)
    sketch, path = kept_sketch(options.sketch, estimator)
    rank = sketch_rank(estimator.compression, estimator.n_components, shape)
    if sketch is not None:
        rank = sketch.rank
    elif rank is None and (needs_sketch or path is not None):
        rank = min(automatic_rank(estimator.n_components), *shape)
    return Plan(
        estimator=estimator,
        find_center=center_finder(factor_constraint, signal),
        keep_positions=keep_positions,
        keep_pixels=keep_pixels,
        masks=(
            None if options.navigation_mask is None else ~keep_positions,
            None if options.signal_mask is None else ~unmasked,
        ),
        bad_pixels=bad_pixels,
        rank=rank,
        sketch=sketch,
        path=path,
        normalized=options.normalized,
        last_iteration=options.last_iteration,
        negative=Remedy(options.negative),
        missing=resolve_missing(options.missing, signal),
        reproject=options.reproject,
        show_progressbar=bridge.wants_progressbar(options.show_progressbar),
        scheduler=options.scheduler,
        max_memory=options.max_memory,
    )


def _estimator(
    output_dimension: int | None,
    estimator: ConstrainedNMF | None,
    arguments: dict[str, Any],
) -> ConstrainedNMF:
    """Return the estimator that is meant, with a number of components."""
    if estimator is None:
        given = {n: arguments.get(n, ESTIMATOR[n].parameter.default) for n in ESTIMATOR}
        estimator = ConstrainedNMF(output_dimension, **given)
    elif not isinstance(estimator, ConstrainedNMF):
        raise TypeError(
            "estimator must be a hspy_cnmf.ConstrainedNMF or None, not "
            f"{estimator!r} of type {type(estimator).__name__}."
        )
    elif output_dimension is not None:
        estimator = changed(estimator, n_components=output_dimension)
    if estimator.n_components is None:
        raise ValueError(
            "output_dimension is missing: give the number of components, for example "
            "output_dimension=10."
        )
    return estimator


def _knowing(estimator: ConstrainedNMF, signal: BaseSignal) -> ConstrainedNMF:
    """Return an estimator with arrays of what is known, of the shapes of a signal."""
    factors, loadings = estimator.fixed_factors, estimator.fixed_loadings
    return changed(
        estimator,
        fixed_factors=known_patterns(factors, signal, "fixed_factors"),
        fixed_loadings=known_maps(loadings, signal, "fixed_loadings"),
    )


def _named_bad_pixels(
    signal: BaseSignal, bad_pixels: Any, keep_pixels: np.ndarray
) -> np.ndarray | None:
    """Return the pixels that are named as bad, None for those that are to be found."""
    if bad_pixels is None:
        return np.zeros(keep_pixels.shape, bool)
    if isinstance(bad_pixels, str):
        return None
    bad = ~select_pixels(signal, bad_pixels, "bad_pixels")
    if not (keep_pixels & ~bad).any():
        raise ValueError(
            "signal_mask and bad_pixels exclude all pixels together: change one."
        )
    return bad


def _shape(keep_positions: np.ndarray, keep_pixels: np.ndarray) -> tuple[int, int]:
    return int(np.count_nonzero(keep_positions)), int(np.count_nonzero(keep_pixels))
