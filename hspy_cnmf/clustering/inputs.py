"""Factors and loadings as they are given, checked, for clustering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.calibration import pattern_center, ring_distortion
from hspy_cnmf._hyperspy.checks import component_indices
from hspy_cnmf._hyperspy.scales import CommonScale, common_scale
from hspy_cnmf._hyperspy.store import as_floats
from hspy_cnmf._hyperspy.types import (
    BaseDataAxis,
    BaseSignal,
    Diffraction2D,
    PolarDiffraction2D,
)
from hspy_cnmf.messages import owner
from hspy_cnmf.patterns.geometry import (
    CartesianGeometry,
    PatternGeometry,
    PolarGeometry,
)
from hspy_cnmf.patterns.polar import weighted_mean


@dataclass(frozen=True, eq=False)
class Components:
    """Patterns to be clustered, with their maps.

    Parameters
    ----------
    factors : pyxem.signals.Diffraction2D or PolarDiffraction2D
        All components, (component | kx, ky).
    loadings : hyperspy.signal.BaseSignal or None
        Their maps, (component | x, y).
    indices : numpy.ndarray of int, shape (n,)
        Components that take part.
    """

    factors: Diffraction2D | PolarDiffraction2D
    loadings: BaseSignal | None
    indices: np.ndarray

    @classmethod
    def from_stacks(
        cls, factors: Any, loadings: Any = None, components: Any = None
    ) -> Components:
        """Take signals or arrays, shape (n, ...), and which components, if not all."""
        if not isinstance(factors, BaseSignal):
            factors = _as_signal(factors, Diffraction2D)
        if loadings is not None and not isinstance(loadings, BaseSignal):
            loadings = _as_signal(loadings, BaseSignal)
        n_components = _check_factors(factors)
        indices = component_indices(components, n_components)
        if len(set(indices)) != len(indices) or len(indices) < 2:
            raise ValueError(
                "Clustering needs two or more different components, got "
                f"{indices.tolist()} of {n_components}. Empty ones take no part."
            )
        _check_loadings(loadings, n_components)
        return cls(factors, loadings, indices)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Factors that take part, shape (n, rows, columns), NaN where masked."""
        patterns = np.asarray(aligned_data(self.factors))[self.indices].astype(float)
        for index, pattern in zip(self.indices, patterns, strict=True):
            if np.isinf(pattern).any() or np.isnan(pattern).all():
                raise ValueError(
                    f"Factor {index} holds infinite values, or nothing but NaN: leave "
                    "it out (components=...), or mask its pixels with NaN."
                )
        return patterns

    @cached_property
    def maps(self) -> np.ndarray | None:
        """Maps of what takes part, in their own precision, (n, *map_shape), or None."""
        if self.loadings is None:
            return None
        maps = as_floats(aligned_data(self.loadings))
        if not np.array_equal(self.indices, np.arange(len(maps))):
            maps = maps[self.indices]
        # Sums are the same to the last digit, however the signal has them in memory.
        maps = np.ascontiguousarray(maps)
        for index, values in zip(self.indices, maps, strict=True):
            if np.isinf(values).any():
                raise ValueError(
                    f"Loading {index} holds infinite values: leave it out "
                    "(components=...), or mask its positions with NaN."
                )
        return maps

    @cached_property
    def totals(self) -> np.ndarray:
        """Total loading of each component, shape (n,); 1 without any loadings."""
        if self.maps is None:
            return np.ones(len(self.indices))
        flat = self.maps.reshape(len(self.maps), -1)
        totals = np.nansum(flat, axis=1, dtype=float)
        return totals if totals.any() else np.ones(len(totals))

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each component, positive, shape (n,): how large its total is."""
        return np.maximum(abs(self.totals), 1e-12 * abs(self.totals).max())

    @property
    def subject(self) -> np.ndarray:
        """What messages are about: the result that the factors are a view of."""
        return owner(np.asarray(self.factors.data))

    @property
    def axes(self) -> Sequence[BaseDataAxis]:
        """Signal axes of the factors, in the order of the array."""
        return self.factors.axes_manager.signal_axes[::-1]

    @property
    def scale(self) -> CommonScale:
        """How wide a pixel is along the radius."""
        # In polar coordinates the azimuth has another unit.
        radial = self.axes[:1] if self.is_polar else self.axes
        return common_scale(radial, "patterns")

    @property
    def map_scale(self) -> CommonScale:
        """How far apart positions of the maps are, rows and columns.

        Raises
        ------
        ValueError
            If the axes have no common unit, or steps that are not even.
        """
        return common_scale(self.map_axes, "maps")

    @property
    def map_axes(self) -> Sequence[BaseDataAxis]:
        """Axes of the maps, in the order of the array; none without maps."""
        return (
            ()
            if self.loadings is None
            else self.loadings.axes_manager.signal_axes[::-1]
        )

    @property
    def is_polar(self) -> bool:
        """Whether patterns are in polar coordinates."""
        return isinstance(self.factors, PolarDiffraction2D)

    @cached_property
    def mean_pattern(self) -> np.ndarray:
        """Mean pattern that the components make up, NaN where all are masked."""
        known = np.isfinite(self.patterns)
        # Factors of SVD may be negative where their loadings are.
        signs = np.where(self.totals < 0, -1, 1)[:, np.newaxis, np.newaxis]
        mean = weighted_mean(signs * self.patterns, known, self.weights)
        return np.where(known.any(axis=0), mean, np.nan)

    def geometry(self, center: Any = None) -> PatternGeometry:
        """Return how the patterns turn, about a centre (row, column) in pixels."""
        shape = self.patterns.shape[1:]
        if self.is_polar:
            if center is not None:
                raise ValueError(
                    f"center={center!r} has no meaning for patterns in polar "
                    "coordinates: leave it out."
                )
            return PolarGeometry(shape, self.axes[0].axis[0] / self.scale.steps[0])
        if center is None:
            center = pattern_center(
                self.factors, self.mean_pattern, subject=self.subject
            )
        given, center = center, _floats(center)
        last = np.array(shape) - 1
        if center.shape != (2,) or not ((center >= 0) & (center <= last)).all():
            raise ValueError(
                f"center={center.tolist() or given!r} must be the row and the column "
                f"of the centre in pixels, inside the pattern of shape {shape}."
            )
        affine = ring_distortion(self.factors)
        return CartesianGeometry(shape, tuple(center.tolist()), affine)

    def radii(
        self, geometry: PatternGeometry, radial_range: Any
    ) -> tuple[float, float]:
        """Return the smallest and the largest radius to be used, in pixels.

        Without a range, from where the direct beam ends, if it is not masked, to the
        last pixel that is known.
        """
        is_known = np.isfinite(self.patterns).any(axis=0)
        outermost = geometry.pixel_radii[is_known].max()
        if radial_range is None:
            return max(geometry.beam_radius(self.mean_pattern), 0), outermost
        low, high = self._radial_limits(radial_range)
        return low, min(high, outermost)

    def _radial_limits(self, radial_range: Any) -> tuple[float, float]:
        limits = _floats(radial_range)
        if limits.shape != (2,) or not 0 <= limits[0] < limits[1]:
            raise ValueError(
                f"radial_range={radial_range!r} must be two radii in the units of the "
                "patterns' axes, the smaller one first."
            )
        return tuple(limits / self.scale.step)


def _floats(values: Any) -> np.ndarray:
    """Return values as an array of floats, empty where they are none."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return np.empty(0)


def _as_signal(array: Any, signal_class: type) -> BaseSignal:
    """Return an array, shape (n, ...), as a signal with one navigation axis."""
    array = np.asarray(array)
    if array.ndim < 2:
        raise ValueError(
            f"A stack, shape (n, ...), is needed, got an array of shape {array.shape}."
        )
    axes = [{"size": size, "navigate": k == 0} for k, size in enumerate(array.shape)]
    return signal_class(array, axes=axes)


def _check_factors(factors: BaseSignal) -> int:
    """Return how many patterns there are."""
    if not isinstance(factors, (Diffraction2D, PolarDiffraction2D)):
        raise TypeError(
            f"Clustering needs diffraction patterns, got {factors!r}: use "
            's.set_signal_type("electron_diffraction") first.'
        )
    manager = factors.axes_manager
    if (manager.navigation_dimension, manager.signal_dimension) != (1, 2):
        raise ValueError(
            "Clustering needs a stack of patterns, (component | kx, ky), got "
            f"{factors!r}."
        )
    if factors.data.dtype.kind not in "biuf":
        raise TypeError(f"Factors must be real numbers, not {factors.data.dtype}.")
    return manager.navigation_size


def _check_loadings(loadings: BaseSignal | None, n_components: int) -> None:
    if loadings is None:
        return
    manager = loadings.axes_manager
    if manager.navigation_shape != (n_components,) or not manager.signal_dimension:
        raise ValueError(
            f"There are {n_components} factors, but the loadings are {loadings!r}: one "
            "map for each factor is needed, (component | x, y)."
        )
    if loadings.data.dtype.kind not in "biuf":
        raise TypeError(f"Loadings must be real numbers, not {loadings.data.dtype}.")
