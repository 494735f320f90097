"""Whether the beam lies elsewhere on the detector in some scans of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.patterns.descan import are_more_alike

#: Parts of a scan from which on their scatter tells how surely its centre is known.
_FEWEST_PARTS = 4

#: A shift counts from this many pixels, and standard deviations, on.
_LEAST_SHIFT, _SIGNIFICANCE = 0.5, 5.0


@dataclass(frozen=True, eq=False)
class BeamShifts:
    """Where the patterns of each scan lie, beside those of the scan in the middle.

    Parameters
    ----------
    shifts : numpy.ndarray, shape (n_scans, 2)
        Rows and columns in pixels from the scan that is nearest to all others; NaN
        where not known.
    uncertainties : numpy.ndarray, shape (n_scans,)
        Standard deviations of the distances, in pixels.
    makes_alike : bool
        Whether scans are more alike when they are moved back.
    """

    shifts: np.ndarray
    uncertainties: np.ndarray
    makes_alike: bool

    @property
    def moved(self) -> np.ndarray:
        """Numbers of the scans whose patterns surely lie elsewhere."""
        if not self.makes_alike:
            return np.empty(0, int)
        limits = np.maximum(_LEAST_SHIFT, _SIGNIFICANCE * self.uncertainties)
        return np.flatnonzero(np.linalg.norm(self.shifts, axis=1) > limits)

    def summary(self) -> str:
        """Return the shifts in words, with what can be done; empty without any."""
        if not len(self.moved):
            return ""
        told = ", ".join(
            f"of scan {i} by {row:+.1f} rows, {column:+.1f} columns"
            for i, (row, column) in zip(
                self.moved, self.shifts[self.moved], strict=True
            )
        )
        return (
            f"The beam lies elsewhere on the detector in some scans: patterns {told} "
            "are off, and components do not fit all scans. Centre each first, for "
            "example with pyxem's s.center_direct_beam(), which works lazily too."
        )


def measure_beam_shifts(
    scans: Sequence[np.ndarray], found: Sequence[np.ndarray]
) -> BeamShifts:
    """Measure where the patterns of each scan lie on the detector.

    The centre of a part of a scan is that of the inversion symmetry of its mean
    pattern, whatever crystals are there, and that of a scan the median of its parts,
    whose scatter tells how surely it is known. As crystals that are tilted alike look
    as if they had moved, it is asked whether scans are more alike when moved back.

    Parameters
    ----------
    scans : sequence of numpy.ndarray, shape (n_parts, rows, columns)
        Mean patterns of the parts of each scan, NaN where masked.
    found : sequence of numpy.ndarray, shape (n_parts, 2)
        Centres of the parts of each scan, of `inversion_centers`.
    """
    told = [_center_of(own) for own in found]
    centers = np.array([place for place, _ in told])
    errors = np.array([error for _, error in told])
    known = np.isfinite(errors)
    if np.count_nonzero(known) < 2:
        return BeamShifts(np.full(centers.shape, np.nan), errors, makes_alike=False)
    distances = np.linalg.norm(centers[:, np.newaxis] - centers[known], axis=-1)
    middle = int(np.nanargmin(distances.sum(axis=1)))
    shifts = centers - centers[middle]
    means = np.array([scans[int(i)].mean(axis=0) for i in np.flatnonzero(known)])
    alike = are_more_alike(means, shifts[known])
    return BeamShifts(shifts, np.hypot(errors, errors[middle]), alike)


def _center_of(found: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the median centre of the parts of a scan, and its standard deviation."""
    found = found[np.isfinite(found).all(axis=1)]
    if len(found) < _FEWEST_PARTS:
        return np.full(2, np.nan), np.nan
    middle = np.median(found, axis=0)
    distances = np.linalg.norm(found - middle, axis=1)
    # Of two normal directions the median distance is 1.18 standard deviations of each,
    # and a median scatters by 1.25 times what a mean does.
    error = np.sqrt(2) * 1.25 * np.median(distances) / 1.18 / np.sqrt(len(found))
    return middle, float(error)
