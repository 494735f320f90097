"""Medians and quantiles of rings, and every other pixel of each."""

import numpy as np

from hspy_cnmf.constraints.rings import Rings


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
