"""Levels of rings: what the pixels of a ring share, its Bragg spots left out."""

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


def ring_medians(
    images: np.ndarray, order: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Return the median of each ring; see `ring_quantiles`."""
    return ring_quantiles(images, order, edges, 0.5)


def ring_quantiles(
    images: np.ndarray, order: np.ndarray, edges: np.ndarray, fraction: float
) -> np.ndarray:
    """Return a quantile of each ring.

    Parameters
    ----------
    images : numpy.ndarray, shape (n_images, n_pixels)
    order, edges : numpy.ndarray of int
        As those of `Rings`, of all pixels or of some.
    fraction : float
        Of the pixels of a ring that are below, 0 to 1.

    Returns
    -------
    numpy.ndarray, shape (n_images, n_rings)
    """
    members = np.split(images[:, order], edges[1:-1], axis=1)
    return np.stack([_quantile(ring, fraction) for ring in members], axis=1)


def _quantile(rows: np.ndarray, fraction: float) -> np.ndarray:
    """Return a quantile of each row, as `numpy.quantile`.

    That takes four times as long for values as few as a ring has.
    """
    below, share = divmod(fraction * (rows.shape[1] - 1), 1)
    places = int(below), min(int(below) + 1, rows.shape[1] - 1)
    low, high = np.partition(rows, places, axis=1)[:, places].T
    return (1 - share) * low + share * high


def halves(rings: Rings) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return order and edges of every other pixel of each ring, and of the others.

    Neighbours go to different halves, so that these share all that a pattern has but
    noise. A ring of one pixel is in both.

    Returns
    -------
    list of tuple of numpy.ndarray
        As `ring_medians` takes them.
    """
    sizes = np.diff(rings.edges)
    place = np.arange(len(rings.order)) - np.repeat(rings.edges[:-1], sizes)
    alone = np.repeat(sizes == 1, sizes)
    chosen = [(place % 2 == half) | alone for half in (0, 1)]
    counts = [np.add.reduceat(half.astype(int), rings.edges[:-1]) for half in chosen]
    return [
        (rings.order[half], np.concatenate([[0], np.cumsum(count)]))
        for half, count in zip(chosen, counts, strict=True)
    ]


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
            level, count = 0.0, 0
            for value in members:
                level += value
            limit = outlier_ratio * level / max(members.size, 1)
            # Again, without its Bragg spots.
            level = 0.0
            for value in members:
                is_below = value <= limit
                level += value if is_below else 0.0
                count += is_below
            level /= max(count, 1)
            means[k, ring] = level
            if is_robust:
                level = _no_higher(level, members)
            levels[k, ring] = level


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
