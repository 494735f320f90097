"""Measured patterns and grain maps of twinned silver, mixed into a data set."""

from __future__ import annotations

from pathlib import Path

import hyperspy.api as hs
import numpy as np
from scipy import ndimage

from hspy_cnmf.data._checks import check_shape
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._simulation import Calibration, Specimen

FOLDER = Path(__file__).parent / "sped_ag"

GRAIN_FAMILIES = np.array([1, 1, 2, 1, 1])
"""Four grains show the same pattern, turned; the third is on another zone axis."""

BLUR = 0.7
"""Standard deviation of the blur of the grain maps, in probe positions."""

BEAM_RADIUS = 8
"""Radius of the direct beam, in pixels, that the orientations leave out."""

ANGLE_STEP = 0.25
"""Steps of the orientations, in degrees."""


@data_set(dose=2000, truth="Truth")
def twinned_silver(
    shape: tuple[int, int] | None = None,
    *,
    binning: int = 2,
) -> Specimen:
    """Simulate a scan over twinned silver from measured patterns and grain maps.

    Five measured patterns are mixed with five measured maps. They cover 86 % of the
    positions; a sixth component, the support without a grain, has the rest.

    Parameters
    ----------
    shape : tuple of int or None, default None
        Rows and columns of the scan, counted from the top left; at most (64, 208),
        the whole map, which is what None stands for. A part has the same counts as
        it has in the whole.
    binning : {1, 2, 4}, default 2
        How many of the 112 x 112 measured pixels are one detector pixel along each
        axis.

    Notes
    -----
    Measured data: SPED-Ag, scanning precession electron diffraction of silver,
    workshop material of the NorTEM hub 2024 (CC-BY-4.0; see ``ATTRIBUTION.txt``
    beside the files). The maps are blurred a little, as a probe would; the support
    has the rotationally symmetric part of the mean pattern, the median over each
    ring, direct beam included, and is the last component. Orientations are relative to
    the first grain of the same family, measured from the patterns by rotational
    correlation, modulo 180 degrees. The beam energy is not recorded with the data.
    """
    if binning not in (1, 2, 4):
        raise ValueError(f"binning must be 1, 2 or 4, got {binning!r}.")
    grains = hs.load(FOLDER / "SPED_Ag_labels.hspy")
    measured = hs.load(FOLDER / "SPED_Ag_labels_sum_signal.hspy")
    maps = _grain_maps(grains.data)
    rows, columns = _scan_size(shape, maps.shape[1:])
    axis = measured.axes_manager.signal_axes[0]
    center = -axis.offset / axis.scale
    patterns = measured.data / measured.data.sum(axis=(1, 2), keepdims=True)
    with_support = np.concatenate([patterns, _support_pattern(patterns, center)])
    binned_center = (center + 0.5) / binning - 0.5
    return Specimen(
        title="Twinned silver (simulated from measured patterns)",
        patterns=_bin(with_support, binning),
        maps=maps[:, :rows, :columns],
        calibration=Calibration(
            scan_step=grains.axes_manager.signal_axes[0].scale,
            detector_scale=axis.scale * binning,
            detector_units=axis.units,
            center=(binned_center, binned_center),
        ),
        orientations=np.array([*_grain_orientations(patterns, center), np.nan]),
        families=np.array([*GRAIN_FAMILIES, 0]),
        names=(*(f"grain {k + 1}" for k in range(len(patterns))), "support"),
    )


def _bin(patterns: np.ndarray, binning: int) -> np.ndarray:
    """Return patterns whose pixels are the sums of squares of `binning` pixels."""
    n, rows, columns = patterns.shape
    squares = (n, rows // binning, binning, columns // binning, binning)
    return patterns.reshape(squares).sum(axis=(2, 4))


def _scan_size(
    shape: tuple[int, int] | None, whole: tuple[int, int]
) -> tuple[int, int]:
    """Return the rows and columns asked for, not more than the whole map has."""
    rows, columns = whole if shape is None else check_shape("shape", shape, 1)
    if rows > whole[0] or columns > whole[1]:
        raise ValueError(
            f"shape={shape!r} is larger than the measured map: give at most {whole}, "
            "or None for all of it."
        )
    return rows, columns


def _grain_maps(grains: np.ndarray) -> np.ndarray:
    """Return the blurred share of each grain and of the support, (6, y, x).

    The measured grains do not overlap, and a blur keeps the sum of 1.
    """
    support = ~grains.any(axis=0, keepdims=True)
    maps = np.concatenate([grains, support]).astype(float)
    blurred = ndimage.gaussian_filter(maps, (0, BLUR, BLUR), mode="nearest")
    return blurred / blurred.sum(axis=0)


def _support_pattern(patterns: np.ndarray, center: float) -> np.ndarray:
    """Return the unit-sum pattern without spots, (1, ky, kx).

    The radial profile is the median over rings one pixel wide of the mean pattern:
    Bragg spots take up less than half of a ring.
    """
    mean = patterns.mean(axis=0)
    radius = _distance(mean.shape, center)
    rings = np.arange(radius.max().round() + 1)
    profile = ndimage.median(mean, radius.round(), rings)
    pattern = np.interp(radius, rings, profile)
    return pattern[np.newaxis] / pattern.sum()


def _grain_orientations(patterns: np.ndarray, center: float) -> np.ndarray:
    """Return each grain's rotation against the first of its family, in degrees.

    The rotation is where the circular correlation of the polar patterns is largest;
    square roots of the counts keep single bright spots from deciding it.
    """
    angles = np.arange(0, 360, ANGLE_STEP)
    orientations = np.zeros(len(patterns))
    spectra = [
        np.fft.rfft(_polar_pattern(np.sqrt(pattern), center, angles), axis=1)
        for pattern in patterns
    ]
    for family in np.unique(GRAIN_FAMILIES):
        members = np.flatnonzero(GRAIN_FAMILIES == family)
        reference = spectra[members[0]].conj()
        for member in members:
            spectrum = (spectra[member] * reference).sum(axis=0)
            correlation = np.fft.irfft(spectrum, angles.size)
            orientations[member] = angles[correlation.argmax()] % 180
    return orientations


def _polar_pattern(
    pattern: np.ndarray, center: float, angles: np.ndarray
) -> np.ndarray:
    """Return the pattern on (radius, angle), without the mean of each ring.

    Angles run counter-clockwise as seen on the image, from the right. The direct
    beam is left out, so is what lies beyond the nearest edge.
    """
    radii = np.arange(BEAM_RADIUS, min(pattern.shape) - 1 - center)[:, np.newaxis]
    radians = np.deg2rad(angles)
    rows = center - radii * np.sin(radians)
    columns = center + radii * np.cos(radians)
    polar = ndimage.map_coordinates(pattern, [rows, columns], order=1)
    return polar - polar.mean(axis=1, keepdims=True)


def _distance(shape: tuple[int, ...], center: float) -> np.ndarray:
    """Return the distance of every pixel from the centre, in pixels."""
    rows, columns = np.indices(shape) - center
    return np.hypot(rows, columns)
