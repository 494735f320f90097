"""What of a pattern is embedded."""

from dataclasses import dataclass
from functools import cached_property

import dask.array as da
import numpy as np

from hspy_cnmf.domains.centring import center
from hspy_cnmf.domains.reduction import (
    LEAST_COVERED,
    MEMORY,
    Reduction,
    as_images,
    reduce_scan,
)
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.struck import repair
from hspy_cnmf.operators.in_file import long_rows

#: Fewest electrons of a mean pattern.
_LEAST_ELECTRONS = 20

#: Relative difference of calibrations that are the same.
_SAME_SCALE = 1e-3

#: Rings of polar patterns of which less is covered are left out.
_LEAST_RING = 0.5

#: Width of the smallest reduced pattern, and the step of widths.
_SMALLEST, _STEP = 16, 8


@dataclass(frozen=True, eq=False)
class View:
    """How patterns of one shape and calibration are reduced."""

    keep_pixels: np.ndarray  #: Those that take part, (rows, columns).
    scales: tuple  #: Width of a pixel along rows and columns.
    units: tuple
    center: tuple  #: Row and column in pixels.
    outer_radius: float  #: In pixels.
    size: int  #: Cells across the circle of this radius.
    is_polar: bool  #: Resample to (radius, azimuth), `size` / 2 by `size` * 2 cells.
    #: Cells beyond the square about the circle take part too, all over the detector.
    is_whole: bool = False

    @classmethod
    def of(
        cls,
        keep_pixels: np.ndarray,
        scales: tuple[float, float],
        units: tuple[str, str],
        center: tuple[float, float],
        settings: Settings,
    ) -> "View":
        """Return the view of patterns that the settings ask for."""
        is_polar = settings.rotation_invariant
        is_whole = settings.outer_radius is None and not is_polar
        if settings.outer_radius is not None:
            all_of_it = np.hypot(*keep_pixels.shape)
            reach = min(settings.outer_radius / np.mean(np.abs(scales)), all_of_it)
        elif is_whole:
            reach = min(keep_pixels.shape) / 2
        else:
            reach = min(map(min, zip(*_edges(center, keep_pixels.shape), strict=True)))
        whole = max(_SMALLEST, int(2 * reach) // _STEP * _STEP)
        size = min(settings.pattern_size, whole)
        seen = float(reach), size, is_polar, is_whole
        view = cls(keep_pixels, scales, units, center, *seen)
        if not view.cells.any():
            raise ValueError(
                f"No pixel that takes part is within {reach:.3g} pixels of the centre "
                f"{center}: check signal_mask, outer_radius and the signal's offsets."
            )
        return view

    @cached_property
    def cells(self) -> np.ndarray:
        """Cells that take part: those that hold data, whole rings of polar ones."""
        covered = self.reduction.covered
        if not self.is_polar:
            return covered
        rings = covered.mean(axis=1, keepdims=True) >= _LEAST_RING
        return np.broadcast_to(rings, covered.shape)

    @cached_property
    def reduction(self) -> Reduction:
        """The sum over the pixels of each cell."""
        geometry = self.keep_pixels, self.center
        if self.is_polar:
            shape = self.size // 2, self.size * 2
            return Reduction.polar(*geometry, self.outer_radius, shape)
        width, shape = 2 * self.outer_radius / self.size, (self.size, self.size)
        if self.is_whole:  # the centre in the middle
            farthest = np.max(_edges(self.center, self.keep_pixels.shape), axis=0)
            shape = tuple(2 * np.ceil(farthest / width - LEAST_COVERED).astype(int))
        return Reduction.square(*geometry, width, shape)

    def reduce(
        self,
        data: np.ndarray | da.Array,
        keep_positions: np.ndarray,
        max_memory: int | str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read data once and return reduced patterns, and which positions are theirs.

        Positions are those that take part and have counts in these cells: in vacuum
        nothing tells a domain. What rays struck is repaired (`struck`), and patterns
        that move far over the scan are moved back (`centring`), unless they are polar.
        For arguments see `reduce_scan`. ValueError is raised where patterns are no
        counts, or nothing in them is to be told apart.
        """
        matrix = self.reduction.matrix[np.flatnonzero(self.cells)]
        patterns = reduce_scan(data, keep_positions, matrix, max_memory)
        patterns, keep_positions = _with_counts(patterns, keep_positions)
        repair(patterns, keep_positions, self.cells)
        electrons = mean_electrons(patterns)
        if electrons < _LEAST_ELECTRONS:
            raise ValueError(
                f"Patterns hold {electrons:.3g} electrons on average where no mask "
                f"excludes them; at least {_LEAST_ELECTRONS} are needed. Data that are "
                "not counts must be divided by the gain first."
            )
        if not np.ptp(patterns[:: max(1, len(patterns) // 5000)], axis=0).any():
            raise ValueError(
                "All patterns that take part are the same: there are no domains. Check "
                "the data and the masks."
            )
        if not self.is_polar:
            center(patterns, keep_positions, self.cells)
        return patterns, keep_positions

    def check(
        self,
        shape: tuple[int, int],
        scales: tuple[float, float],
        units: tuple[str, str],
    ) -> None:
        """Raise unless patterns have the shape and calibration of this view."""
        if shape != self.keep_pixels.shape:
            raise ValueError(
                f"Patterns have shape {shape}, but the model was trained on patterns "
                f"of shape {self.keep_pixels.shape}: train another."
            )
        is_alike = np.allclose(scales, self.scales, rtol=_SAME_SCALE, atol=0)
        if units != self.units or not is_alike:
            raise ValueError(
                f"Patterns have scales {scales} in {units}, but the model was trained "
                f"on patterns of scales {self.scales} in {self.units}: calibrate the "
                "signal alike, or train another model."
            )

    def images(self, patterns: np.ndarray) -> np.ndarray:
        """Return patterns as images, (n, rows, columns); polar ones unrolled.

        Cells that take no part hold 0.
        """
        full = as_images(patterns, self.cells)
        if not self.is_polar:
            return full
        radii, azimuths = self.cells.shape
        offsets = np.arange(self.size) - (self.size - 1) / 2
        y, x = offsets[:, np.newaxis], offsets[np.newaxis]
        radius = (np.hypot(x, y) * (2 * radii / self.size)).astype(int)
        azimuth = np.arctan2(-y, x) % (2 * np.pi) / (2 * np.pi) * azimuths
        inside = radius < radii
        radius, azimuth = np.where(inside, radius, 0), azimuth.astype(int) % azimuths
        # A cell's electrons over its area.
        area = np.arange(radii)[:, np.newaxis] + 0.5
        return np.where(inside, (full / area)[:, radius, azimuth], 0)


def _edges(
    center: tuple[float, float], shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the first and the last edge along each axis are from a centre."""
    return np.add(center, 0.5), np.subtract(shape, 0.5) - center


def _with_counts(
    patterns: np.ndarray, keep_positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the patterns that hold counts, and which positions are theirs."""
    has_counts = patterns.any(axis=1)
    if has_counts.all():
        return patterns, keep_positions
    keep_positions = keep_positions.copy()
    keep_positions[keep_positions] = has_counts
    shape = int(has_counts.sum()), patterns.shape[1]
    kept = long_rows(shape, np.float32, MEMORY)
    return np.compress(has_counts, patterns, axis=0, out=kept), keep_positions


def mean_electrons(patterns: np.ndarray) -> float:
    """Return the mean total of patterns, (n, n_cells), 0 of none."""
    return float(patterns.sum(axis=1, dtype=np.float64).sum() / max(len(patterns), 1))
