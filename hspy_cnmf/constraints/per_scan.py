"""Constraints on maps of several scans, whose edges nothing crosses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hspy_cnmf.constraints.base import Constraint, prepare
from hspy_cnmf.constraints.gaussian_smoothing import GaussianSmoothing
from hspy_cnmf.device.arrays import namespace


@dataclass(frozen=True)
class PerScan(Constraint):
    """A constraint for each of several scans, whose positions are in a row.

    Parameters
    ----------
    constraints : tuple of (Constraint, callable or None)
        One for each scan, of maps of its shape.
    shapes : tuple of tuple of int
        Shapes of the scans.
    """

    constraints: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]

    takes_gpu = True

    @property
    def tentative(self) -> bool:
        """Whether it may be left out, see `GaussianSmoothing`."""
        return any(getattr(c, "tentative", False) for c in self.constraints)

    def split(self, keep: np.ndarray) -> list[np.ndarray]:
        """Return the masks of the scans, each of its shape, from a flat one."""
        return masks_of_scans(keep, self.shapes)

    def widened(self, times: float, shape: tuple[int, ...]) -> PerScan:
        """Return the same of smoothings that are so many times as wide."""
        pairs = zip(self.constraints, self.shapes, strict=True)
        return replace(self, constraints=tuple(c.widened(times, s) for c, s in pairs))

    def own_weight(self, keep: np.ndarray) -> np.ndarray:
        """Return the weight of each value in what it is smoothed to, (n_positions,)."""
        pairs = zip(self.constraints, self.split(keep), strict=True)
        return np.concatenate([c.own_weight(mask) for c, mask in pairs])

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        masks = self.split(keep)
        sizes = [int(np.count_nonzero(mask)) for mask in masks]
        projections = [
            prepare(constraint, mask, "loading_constraint")
            for constraint, mask in zip(self.constraints, masks, strict=True)
        ]

        def apply(values: np.ndarray) -> np.ndarray:
            edges = np.cumsum(sizes).tolist()
            parts = [
                values[:, stop - size : stop]
                for stop, size in zip(edges, sizes, strict=True)
            ]
            return namespace(values).concatenate(
                [
                    part if project is None else project(part)
                    for project, part in zip(projections, parts, strict=True)
                ],
                axis=1,
            )

        return apply


def masks_of_scans(
    keep: np.ndarray, shapes: Sequence[tuple[int, ...]]
) -> list[np.ndarray]:
    """Return the masks of several scans, each of its shape, from a flat one."""
    parts = np.split(keep, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
    return [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]


def smooths(constraint: Any) -> bool:
    """Return whether a constraint smooths maps, all of them."""
    if isinstance(constraint, PerScan):
        return all(map(smooths, constraint.constraints))
    return isinstance(constraint, GaussianSmoothing)


def neighbours_mean(
    keep: np.ndarray, constraint: Any
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what averages values over three positions along each axis of a scan.

    Parameters
    ----------
    keep : numpy.ndarray of bool
        Positions that take part; flat, of several scans, with a `PerScan`.
    constraint : Constraint, callable or None
        Tells the scans, if there are several.
    """
    if isinstance(constraint, PerScan):
        each = tuple(map(_plain_mean, constraint.shapes))
        return PerScan(each, constraint.shapes).prepare(keep)
    return _plain_mean(keep.shape).prepare(keep)


def _plain_mean(shape: tuple[int, ...]) -> GaussianSmoothing:
    # So wide a Gaussian is a plain mean.
    size = tuple(3 if n >= 3 else 1 for n in shape)
    return GaussianSmoothing(fwhm=1e3, size=size)
