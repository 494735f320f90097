"""Levels of rings: what the pixels of a ring share, its Bragg spots left out."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.device import kernels
from hspy_cnmf.device.arrays import is_on_gpu, namespace

#: One pixel in so many lies below the lower decile of its ring.
_LOWEST = 10

#: Sums may be made in any order, several at a time; infinity is no surprise.
_IN_ANY_ORDER = {"reassoc", "contract", "nsz"}

#: A diffuse ring is at most so many times as high as its lower decile. Counting noise
#: of up to 0.47 of the level leaves a ring as high as it is; where a ring has dark
#: parts, as between discs, there is nothing diffuse to be as high; nor is there beside
#: a ring so much brighter, as at the sharp edge of a direct beam.
UNEVEN = 2.5


def mean_levels(images: np.ndarray, rings: Rings, outlier_ratio: float) -> np.ndarray:
    """Return the mean of each ring without pixels far above the mean.

    Parameters
    ----------
    images : numpy.ndarray, shape (n_images, n_pixels)
        Non-negative images.
    rings : Rings
        Where the pixels lie.
    outlier_ratio : float
        Pixels above this multiple of their ring's mean do not count.

    Returns
    -------
    numpy.ndarray, shape (n_images, n_rings)
    """
    return levels_of("mean", images, rings, outlier_ratio)[1]


def robust_levels(images: np.ndarray, rings: Rings, outlier_ratio: float) -> np.ndarray:
    """Return `mean_levels`, but no more than rings that are dark in places can have.

    Parameters, returned values: as of `mean_levels`. A ring of which more than one
    pixel in ten is zero has the level zero.
    """
    return levels_of("robust", images, rings, outlier_ratio)[0]


def levels_of(
    level: str, images: np.ndarray, rings: Rings, outlier_ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return levels, and the means without Bragg spots, from one pass over the images.

    Parameters
    ----------
    level : {"robust", "mean"}
        Of `robust_levels` or `mean_levels`, whose other parameters follow.

    Returns
    -------
    levels, means : numpy.ndarray, shape (n_images, n_rings)
    """
    images = namespace(images).ascontiguousarray(images)
    ratio, is_robust = float(outlier_ratio), level == "robust"
    order, edges = rings.beside(images, "order", "edges")
    if is_on_gpu(images):
        return kernels.ring_levels(
            images, order, edges, ratio, is_robust, UNEVEN, _LOWEST
        )
    levels, means = np.empty((2, len(images), rings.n_rings))
    _levels(images, order, edges, ratio, is_robust, levels, means)
    return levels, means


#: What ``level`` may be.
LEVELS = "robust", "mean"


@dataclass(frozen=True, eq=False)
class Floored:
    """Images whose pixels are raised to the level of their ring, and what they hold.

    Parameters
    ----------
    images : numpy.ndarray, shape (n_images, n_pixels)
        Raised.
    means : numpy.ndarray, shape (n_images, n_rings)
        Of each ring without Bragg spots, before.
    sums, squares : numpy.ndarray, shape (n_images, n_rings)
        Of the raised pixels of each ring, and of their squares.
    """

    images: np.ndarray
    means: np.ndarray
    sums: np.ndarray
    squares: np.ndarray


def floored(
    level: str, images: np.ndarray, rings: Rings, outlier_ratio: float
) -> Floored:
    """Raise pixels to floors between the levels of rings, in one pass over each image.

    Parameters
    ----------
    level, images, rings, outlier_ratio
        As of `levels_of`. Of "robust" levels, a floor is no more than `UNEVEN` times
        the lower mean of the rings beside it.
    """
    if is_on_gpu(images):
        return _floored_on_gpu(level, images, rings, outlier_ratio)
    images = np.ascontiguousarray(images)
    result = np.empty_like(images)
    means, sums, squares = np.empty((3, len(images), rings.n_rings))
    _floored(
        images,
        rings.order,
        rings.edges,
        *rings.runs,
        float(outlier_ratio),
        level == "robust",
        result,
        means,
        sums,
        squares,
    )
    return Floored(result, means, sums, squares)


def _floored_on_gpu(
    level: str, images: Any, rings: Rings, outlier_ratio: float
) -> Floored:
    levels, means = levels_of(level, images, rings, outlier_ratio)
    highest = UNEVEN * means if level == "robust" else means + np.inf
    places = rings.beside(images, "inner", "outer", "fraction")
    result = kernels.raised(
        namespace(images).ascontiguousarray(images), levels, highest, *places
    )
    sizes = namespace(images).asarray(np.diff(rings.edges))
    sums, squares = (
        sizes * levels_of("mean", values, rings, np.inf)[1]
        for values in (result, result.astype(np.float64) ** 2)
    )
    return Floored(result, means, sums, squares)


@numba.njit(nogil=True, cache=True, fastmath=_IN_ANY_ORDER)
def _levels(
    images: np.ndarray,
    order: np.ndarray,
    edges: np.ndarray,
    outlier_ratio: float,
    is_robust: bool,
    levels: np.ndarray,
    means: np.ndarray,
) -> None:  # pragma: no cover
    for k in range(images.shape[0]):
        image = images[k]
        for ring in range(levels.shape[1]):
            members = image[order[edges[ring] : edges[ring + 1]]]
            levels[k, ring], means[k, ring] = _level_of(
                members, outlier_ratio, is_robust
            )


@numba.njit(nogil=True, cache=True, fastmath=_IN_ANY_ORDER, inline="always")
def _level_of(
    members: np.ndarray, outlier_ratio: float, is_robust: bool
) -> tuple[float, float]:  # pragma: no cover
    """Return the level of a ring of these pixels, and its mean without Bragg spots."""
    total = 0.0
    for value in members:
        total += value
    limit = outlier_ratio * total / max(members.size, 1)
    # Again, without its Bragg spots.
    total, count = 0.0, 0
    for value in members:
        is_below = value <= limit
        total += value if is_below else 0.0
        count += is_below
    mean = total / max(count, 1)
    return (_no_higher(mean, members) if is_robust else mean), mean


@numba.njit(nogil=True, cache=True)
def _no_higher(level: float, members: np.ndarray) -> float:  # pragma: no cover
    """Return a level, or what the lower decile allows, sought only where it matters."""
    place = members.size // _LOWEST
    n_zero = n_below = 0
    for value in members:
        n_zero += value <= 0
        n_below += UNEVEN * value < level
    if n_zero > place:
        return 0.0
    if n_below <= place:
        return level
    below = np.empty(n_below, members.dtype)
    n_below = 0
    for value in members:
        if UNEVEN * value < level:
            below[n_below] = value
            n_below += 1
    return UNEVEN * np.partition(below, place)[place]


@numba.njit(nogil=True, cache=True, fastmath=_IN_ANY_ORDER)
def _floored(
    images: np.ndarray,
    order: np.ndarray,
    edges: np.ndarray,
    runs: np.ndarray,
    inner: np.ndarray,
    outer: np.ndarray,
    fraction: np.ndarray,
    outlier_ratio: float,
    is_robust: bool,
    result: np.ndarray,
    means: np.ndarray,
    sums: np.ndarray,
    squares: np.ndarray,
) -> None:  # pragma: no cover
    """Write the attributes of `Floored`; see `Rings.runs`."""
    n_rings = edges.size - 1
    levels, highest = np.empty(n_rings), np.empty(n_rings)
    pixels = np.empty(order.size, images.dtype)
    for k in range(images.shape[0]):
        image, raised = images[k], result[k]
        for i in range(order.size):
            pixels[i] = image[order[i]]
        for ring in range(n_rings):
            members = pixels[edges[ring] : edges[ring + 1]]
            levels[ring], mean = _level_of(members, outlier_ratio, is_robust)
            highest[ring] = UNEVEN * mean if is_robust else np.inf
            means[k, ring] = mean
        for run in range(inner.size):
            own = slice(runs[run], runs[run + 1])
            low, high = levels[inner[run]], levels[outer[run]]
            most = min(highest[inner[run]], highest[outer[run]])
            _raise(pixels[own], fraction[own], low, high, most)
        for ring in range(n_rings):
            total = square = 0.0
            for value in pixels[edges[ring] : edges[ring + 1]]:
                total += value
                square += np.float64(value) * value
            sums[k, ring], squares[k, ring] = total, square
        for i in range(order.size):
            raised[order[i]] = pixels[i]


@numba.njit(nogil=True, cache=True)
def _raise(
    pixels: np.ndarray, fraction: np.ndarray, low: float, high: float, most: float
) -> None:  # pragma: no cover
    for i in range(pixels.size):
        floor = min((1 - fraction[i]) * low + fraction[i] * high, most)
        pixels[i] = max(pixels[i], floor)
