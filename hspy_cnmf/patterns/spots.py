"""Bragg spots of a diffraction pattern on its diffuse rings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from skimage.feature import peak_local_max

from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.flattened_pattern import FlattenedPattern

SPOT = np.dtype(
    [
        ("row", float),
        ("column", float),
        ("radius", float),
        ("azimuth", float),
        ("intensity", float),
        ("width", float),
        ("radius_error", float),
        ("signal_to_noise", float),
    ]
)
"""Fields of a spot; see `find_spots`."""

FWHM = 2.3548
"""Full width at half maximum of a normal distribution over its standard deviation."""

WIDTHS = 1.0, 10.0
"""Full width at half maximum of the narrowest and of the widest spot, in pixels."""

#: Blobs narrower than this (standard deviation in pixels) are not told apart.
_NARROWEST = 0.8

#: Error of a place from the sampling on pixels, in pixels; it is 0.04 for spots of
#: one pixel and less than 0.01 for those of two or more; of turned patterns more.
_SAMPLING_ERROR = 0.02

#: Times `threshold` that spots have to be above the noise, again and again.
_STRICTNESS = 2, 2, 2, 1, 1

#: Blur in pixels that noise is taken to have at most while spots are not known: what
#: is smooth in them looks like noise of a wider one. Patterns that are turned onto one
#: another have as much.
_BLUR_AMONG_SPOTS = 0.5

#: Newton steps to a centroid; a few suffice, the rest is for spots that overlap.
_ITERATIONS = 15


def find_spots(
    pattern: ArrayLike,
    center: tuple[float, float],
    affine: ArrayLike | None = None,
    *,
    width: tuple[float, float] = WIDTHS,
    threshold: float = 5.0,
) -> np.ndarray:
    r"""Find the Bragg spots of a diffraction pattern.

    Parameters
    ----------
    pattern : array_like, shape (rows, columns)
        One diffraction pattern, in any unit; NaN where masked.
    center : tuple of float
        Row and column of the centre, in pixels.
    affine : array_like, shape (2, 2), optional
        Elliptical distortion; see `hspy_cnmf.constraints.rings.pixel_radii`.
    width : tuple of float, default (1.0, 10.0)
        Full width at half maximum of the narrowest and of the widest spot, or the
        diameter of discs, in pixels.
    threshold : float, default 5.0
        Spots are at least this many times above the noise.

    Returns
    -------
    numpy.ndarray, shape (n_spots,), dtype `SPOT`
        Strongest first:

        row, column
            Place in pixels.
        radius, azimuth
            Distance from the centre in pixels, and degrees counter-clockwise as seen
            in a plot, where rows run downwards, from the right, in [0, 360); both in
            the undistorted pattern.
        intensity
            Sum above the level of the ring, within 2.5 times the standard deviation
            `width`.
        width
            Standard deviation in pixels of the Gaussian that fits best, from a series
            in steps of a factor :math:`\sqrt 2`. For a disc it is the radius over
            :math:`\sqrt 2`.
        radius_error
            One standard deviation of `radius`, from noise and sampling.
        signal_to_noise
            What is compared to `threshold`.

    Raises
    ------
    ValueError
        If the pattern is not two-dimensional, or an argument is out of range.

    Notes
    -----
    The level is the median of the ring without the spots. Spots are the maxima, over
    place and width, of the Laplacian of Gaussian [1]_ of what is above the level; what
    is below does not count, because `hspy_cnmf.constraints.RadialFloor` leaves nothing
    there and NMF without it leaves holes. The noise is measured ring by ring, by the
    second differences of the pattern, which smooth spots hardly have: so rings may be
    full of spots. How alike those of neighbours are tells by how much a blur of the
    noise, as of turned patterns, adds to it behind the filter. To it is added what an
    error of the level by 0.5 % and of the centre by 0.1 pixels does.

    Bright pixels without a bright neighbour are noise. Spots that masked pixels or the
    pattern's edge cut, and the direct beam, are left out. Where there is less than an
    electron per pixel, noise may look like spots.

    Places are centroids under a Gaussian window of the width of the spot that moves
    with the centroid, their error as in [2]_. The shot noise of spots is
    in proportion to their height, by as much as that of the least noisy rings is to
    their level, and no more than spots are rough; or, where all rings are empty, it is
    of electrons that count as much as the least value of the pattern.

    References
    ----------
    .. [1] T. Lindeberg, Int. J. Comput. Vis. 30, 79 (1998).
    .. [2] E. Bertin, S. Arnouts, Astron. Astrophys. Suppl. 117, 393 (1996), and the
       manual of SExtractor, "Windowed positional parameters".
    """
    pattern = _checked(pattern, center, width, threshold)
    known = np.isfinite(pattern)
    if not known.any():
        return np.zeros(0, SPOT)
    radii = pixel_radii(pattern.shape, center, affine)
    scales = _blob_scales(width)
    # Spots lift level and noise of their ring. The brightest are found nevertheless,
    # and once they are left out, the fainter ones. What blurred noise looks like spots
    # at first is let go in the end.
    covered = np.zeros(pattern.shape, dtype=bool)
    for strictness in _STRICTNESS:
        widest = _BLUR_AMONG_SPOTS if strictness > 1 else np.inf
        flat = FlattenedPattern.from_pattern(
            pattern, radii, covered, scales, threshold, widest
        )
        blobs = _find_blobs(flat, known, strictness * threshold)
        found = _covered(blobs, scales, pattern.shape)
        covered = covered | found if strictness > 1 else found
    spots = _measure(flat, pattern, blobs, center, affine)
    return spots[np.argsort(-spots["intensity"])]


def _checked(
    pattern: ArrayLike,
    center: tuple[float, float],
    width: tuple[float, float],
    threshold: float,
) -> np.ndarray:
    """Return the pattern as floats, or raise what is wrong with the arguments."""
    pattern = np.asarray(pattern, dtype=float)
    if pattern.ndim != 2:
        raise ValueError(f"pattern must be (rows, columns), got shape {pattern.shape}.")
    if np.isinf(pattern).any():
        raise ValueError("pattern has infinite values: mask them with NaN.")
    if np.shape(center) != (2,) or not np.isfinite(center).all():
        raise ValueError(f"center must be (row, column) in pixels, got {center!r}.")
    if np.shape(width) != (2,) or not 0 < width[0] <= width[1] < np.inf:
        raise ValueError(
            f"width must be the smallest and the largest width in pixels, got {width}."
        )
    if not threshold > 0:
        raise ValueError(f"threshold must be positive, got {threshold}.")
    return pattern


def _blob_scales(width: tuple[float, float]) -> np.ndarray:
    """Return the standard deviations to look for, the last one as a limit."""
    narrow, wide = (max(w / FWHM, _NARROWEST) for w in width)
    steps = int(np.ceil(2 * np.log2(wide / narrow)))
    return narrow * 2 ** (np.arange(steps + 2) / 2)


def _find_blobs(
    flat: FlattenedPattern, known: np.ndarray, threshold: float
) -> np.ndarray:
    """Return (scale index, row, column) of the spots, shape (n, 3)."""
    scales = flat.scales
    # Filters of equal height for a blob of their own scale, whatever that is.
    height = flat.response / scales[:, np.newaxis, np.newaxis]
    blobs = peak_local_max(
        height, footprint=np.ones((3, 3, 3)), threshold_abs=0, exclude_border=False
    )
    index = tuple(blobs.T)
    strong = flat.response[index] >= threshold * flat.uncertainty[index]
    strong &= (blobs[:, 0] < len(scales) - 1) & known[index[1:]]
    blobs = blobs[strong]
    blobs = blobs[np.argsort(-height[tuple(blobs.T)], kind="stable")]
    size = scales[blobs[:, 0]]
    apart = np.hypot(*(blobs[:, np.newaxis, 1:] - blobs[:, 1:]).T)
    overlap = apart < 2 * np.maximum.outer(size, size)
    kept: list[int] = []
    for blob in range(len(blobs)):
        if not overlap[blob, kept].any():
            kept.append(blob)
    return blobs[kept]


def _covered(
    blobs: np.ndarray, scales: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Return the pixels that spots lift, shape `shape`."""
    covered = np.zeros(shape, dtype=bool)
    for scale, row, column in blobs:
        reach = 2.5 * scales[scale] + 1
        first = [max(0, place - int(reach)) for place in (row, column)]
        window = covered[first[0] : row + int(reach) + 1, first[1] :]
        window = window[:, : column + int(reach) + 1 - first[1]]
        rows, columns = np.ogrid[: window.shape[0], : window.shape[1]]
        window |= np.hypot(rows + first[0] - row, columns + first[1] - column) <= reach
    return covered


def _measure(
    flat: FlattenedPattern,
    pattern: np.ndarray,
    blobs: np.ndarray,
    center: tuple[float, float],
    affine: ArrayLike | None,
) -> np.ndarray:
    """Return the spots at the blobs, without those that are cut."""
    scale, row, column = blobs.T
    width = flat.scales[scale]
    half = int(np.ceil(3 * width.max(initial=1)))
    offsets = np.indices((2 * half + 1, 2 * half + 1)) - half
    at = tuple(
        _images(i) + o + half for i, o in zip((row, column), offsets, strict=True)
    )
    known = np.isfinite(pattern)
    excess, inside = (np.pad(image, half)[at] for image in (flat.excess, known))
    peaks = (scale, row, column)
    gain = flat.gain[scale]
    if not gain.any() and (pattern > 0).any():
        gain = np.full(gain.shape, pattern[pattern > 0].min())
    variance = _images(flat.noise[peaks] ** 2) + _images(gain) * np.maximum(excess, 0)
    # A narrower window would see the pixels instead of the spot.
    window = np.maximum(width, 1)
    shift, covariance = _centroids(excess, variance * inside, window, offsets)

    spots = np.zeros(len(blobs), SPOT)
    spots["row"], spots["column"] = places = np.stack([row, column]) + shift
    inverse = np.linalg.inv(np.eye(2) if affine is None else np.array(affine)[:2, :2])
    undistorted = (places.T - center) @ inverse
    spots["radius"] = radius = np.hypot(*undistorted.T)
    spots["azimuth"] = np.rad2deg(np.arctan2(-undistorted[:, 0], undistorted[:, 1]))
    spots["azimuth"] %= 360
    outwards = undistorted / np.maximum(radius, 1e-9)[:, np.newaxis] @ inverse.T
    variance = np.einsum("ni,nij,nj->n", outwards, covariance, outwards)
    spots["radius_error"] = np.sqrt(variance + _SAMPLING_ERROR**2)
    distance = np.hypot(*(offsets[:, np.newaxis] - _images(shift)))
    within = distance <= aperture(_images(width))
    spots["intensity"] = (excess * within).sum(axis=(1, 2))
    spots["width"] = width
    spots["signal_to_noise"] = flat.response[peaks] / flat.uncertainty[peaks]
    is_whole = (inside | (distance > 1.5 * _images(window) + 0.5)).all(axis=(1, 2))
    is_steady = np.hypot(*shift) <= window
    # What reaches the centre is the direct beam.
    is_scattered = radius > 2 * width
    return spots[is_whole & is_steady & is_scattered & (spots["intensity"] > 0)]


def aperture(width: Any) -> Any:
    """Return the radius within which intensities of spots of a width are summed."""
    return 2.5 * width + 0.5


def _images(values: np.ndarray) -> np.ndarray:
    """Return values, shape (..., n), to go with images, shape (n, rows, columns)."""
    return values[..., np.newaxis, np.newaxis]


def _centroids(
    excess: np.ndarray, variance: np.ndarray, window: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return centroids under a Gaussian window that moves with them.

    Parameters
    ----------
    excess, variance : numpy.ndarray, shape (n, size, size)
        Images of the spots and variance of their pixels, 0 where masked.
    window : numpy.ndarray, shape (n,)
        Standard deviation of the window, in pixels.
    offsets : numpy.ndarray, shape (2, size, size)
        Rows and columns of the pixels from the middle of the images.

    Returns
    -------
    shift : numpy.ndarray, shape (2, n)
        Row and column of the centroids from the middle of the images.
    covariance : numpy.ndarray, shape (n, 2, 2)
        Of row and column, from the variance of the pixels.
    """
    shift = np.zeros((2, len(excess)))
    for _ in range(_ITERATIONS):
        apart = offsets[:, np.newaxis] - _images(shift)
        square = (apart**2).sum(axis=0)
        weight = np.exp(-square / (2 * _images(window) ** 2))
        total = (weight * excess).sum(axis=(1, 2))
        moment = (weight * excess * apart).sum(axis=(2, 3))
        # How the moment changes as the window moves: Newton's method.
        spread = (weight * excess * square).sum(axis=(1, 2)) / 2
        slope = np.maximum(total - spread / window**2, total / 4)
        slope = np.where(total > 0, slope, np.inf)
        shift = shift + np.clip(moment / slope, -0.5, 0.5)
    covariance = np.einsum(
        "nxy,inxy,jnxy->nij", weight**2 * variance, apart, apart, optimize=True
    )
    return shift, covariance / _images(slope) ** 2
