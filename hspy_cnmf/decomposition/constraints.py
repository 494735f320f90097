"""Constraints of a run: what a signal's axes and calibration tell them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.calibration import pattern_center, ring_distortion
from hspy_cnmf._hyperspy.scales import mean_steps
from hspy_cnmf._hyperspy.types import Diffraction2D, PolarDiffraction2D
from hspy_cnmf.constraints import (
    AzimuthalFloor,
    GaussianSmoothing,
    RadialFloor,
    RotationalSymmetry,
)
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.several import each, members

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hspy_cnmf._hyperspy.types import BaseDataAxis, BaseSignal


def resolve_factor_constraint(constraint: Any, signal: BaseSignal) -> Any:
    """Return a constraint on factors that knows the distortion of a signal's rings.

    Of a list, each of them does.
    """
    if isinstance(constraint, (list, tuple)):
        return each(partial(resolve_factor_constraint, signal=signal), constraint)
    if _is_auto(constraint):
        constraint = _automatic_floor(signal)
    if isinstance(constraint, RadialFloor) and constraint.affine is None:
        affine: Any = ring_distortion(signal)
        return replace(constraint, affine=affine)
    return constraint


def resolve_loading_constraint(constraint: Any, signal: BaseSignal) -> Any:
    """Return a constraint on loadings that knows the steps of a signal's scan.

    Of a list, each of them does.
    """
    if isinstance(constraint, (list, tuple)):
        return each(partial(resolve_loading_constraint, signal=signal), constraint)
    if _is_auto(constraint):
        constraint = automatic_smoothing(shapes(signal)[0])
    if isinstance(constraint, GaussianSmoothing) and constraint.step is None:
        return with_steps(constraint, signal.axes_manager.navigation_axes[::-1])
    return constraint


def automatic_smoothing(shape: tuple[int, ...]) -> GaussianSmoothing:
    """Return the smoothing of maps of a shape, over three points of a scan's axes.

    These are the last two of the array. Along others, as time, no probe is wide.
    """
    others = (1,) * len(shape[:-2])
    size = *others, *(3 if n >= 3 else 1 for n in shape[-2:])
    return GaussianSmoothing(size=size, tentative=True)


def resolve_volume_weight(weight: float | str, signal: BaseSignal) -> float | str:
    """Return a weight of the volume, "auto" only for spectra.

    Patterns are many pixels of few counts, and have rings to tell solutions by.
    """
    is_spectrum = signal.axes_manager.signal_dimension == 1
    return 0.0 if isinstance(weight, str) and not is_spectrum else weight


def with_steps(
    smoothing: GaussianSmoothing, axes: Sequence[BaseDataAxis]
) -> GaussianSmoothing:
    """Return a smoothing that knows how far apart positions are along the axes.

    A single width is one along all axes, which have to share a unit then.
    """
    share = smoothing.fwhm is not None and np.size(smoothing.fwhm) == 1
    return replace(smoothing, step=mean_steps(axes, share))


def center_finder(
    constraint: Any, signal: BaseSignal
) -> Callable[[np.ndarray], tuple] | None:
    """Return what finds the centre of a mean pattern, None where it is not needed."""
    if any(map(_lacks_center, members(constraint))):
        return partial(pattern_center, signal, even_is_fine=True)
    return None


def with_center(constraint: Any, center: tuple[float, float]) -> Any:
    """Return a constraint, or a list of them, that knows the centre if it asks."""
    return each(
        lambda c: replace(c, center=center) if _lacks_center(c) else c, constraint
    )


def _lacks_center(constraint: Any) -> bool:
    known = isinstance(constraint, (RadialFloor, RotationalSymmetry))
    return known and constraint.center is None


def try_constraint(
    constraint: Any, keep: np.ndarray, name: str, n: int, dtype: np.dtype
) -> None:
    """Raise if a constraint does not take a stack of n images of random values."""
    project = prepare(constraint, keep, name)
    if project is not None:
        values = np.random.default_rng(0).random((n, np.count_nonzero(keep)))
        project(values.astype(dtype))


def _is_auto(constraint: Any) -> bool:
    return isinstance(constraint, str) and constraint == "auto"


def _automatic_floor(signal: BaseSignal) -> RadialFloor | AzimuthalFloor | None:
    if isinstance(signal, PolarDiffraction2D):
        return AzimuthalFloor(tentative=True)
    is_pattern = isinstance(signal, Diffraction2D)
    return RadialFloor(tentative=True) if is_pattern else None
