"""What lies around each position of a scan: domains are contiguous."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.ndimage import correlate1d

#: How far neighbours are at most, their weights along an axis, of a standard deviation
#: of one position, and a weight of them all that is rounding.
_REACH = 3
_ALONG = np.exp(-(np.arange(-_REACH, _REACH + 1) ** 2) / 2)
_NOTHING = 1e-9

#: Positions whose surroundings spread so many times the median count half.
_HALF = 2.0


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Neighbours of the positions of a scan, with Gaussian weights.

    Their standard deviation is one position along every navigation axis, and positions
    further than three along any axis are none.
    """

    #: Positions of the scan that take part; the others are nobody's neighbours.
    keep: np.ndarray
    is_alone: bool = False  #: Nobody has neighbours, as grains are as small as steps.

    def coarse(self, most: int) -> tuple["Neighbourhood", np.ndarray]:
        """Return a grid of about so many positions at most, and their indices."""
        n = np.count_nonzero(self.keep)
        step = max(1, int(np.ceil((n / most) ** (1 / self.keep.ndim))))
        some = (slice(None, None, step),) * self.keep.ndim
        index = np.cumsum(self.keep.ravel()).reshape(self.keep.shape)[some] - 1
        if not self.keep[some].any():
            return self, np.arange(n)
        return replace(self, keep=self.keep[some]), index[self.keep[some]]

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the neighbours of each position, itself left out.

        Values are of the positions that take part, in array order, (n_positions, n),
        and 0 or more. Those that have no neighbour are given the mean over all.
        """
        others = np.maximum(self.pooled(values) - values, 0)
        has_any = self._around > _NOTHING
        means = others / np.where(has_any, self._around, 1)
        return np.where(has_any, means, values.mean(axis=0))

    def smoothed(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over each position and its neighbours, (n_positions, n)."""
        return self.pooled(values) / (1 + self._around)

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over each position, which counts once, and its neighbours."""
        if self.is_alone:
            return np.array(values, float)
        images = np.zeros((*self.keep.shape, values.shape[1]))
        images[self.keep] = values
        for axis in range(self.keep.ndim):
            images = correlate1d(images, _ALONG, axis, mode="constant")
        return images[self.keep]

    def pooled_alike(self, values: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return `pooled` values where only neighbours of the same label count."""
        result, places = np.empty_like(values), np.argwhere(self.keep)
        for label in np.unique(labels):
            own = labels == label
            inside = places[own] - places[own].min(axis=0)
            keep = np.zeros(inside.max(axis=0) + 1, bool)
            keep[tuple(inside.T)] = True
            result[own] = Neighbourhood(keep).pooled(values[own])
        return result

    def next_of_others(
        self, values: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which positions are next to other labels, and the mean values there.

        Of values (n_positions, n): indices, (n_edge,), and means, (n_edge, n).
        """
        one, other = self._pairs
        differ = labels[one] != labels[other]
        one, other = one[differ], other[differ]
        rows, columns = np.concatenate([one, other]), np.concatenate([other, one])
        edge, rows, counts = np.unique(rows, return_inverse=True, return_counts=True)
        shape = len(edge), len(labels)
        weights = (1 / counts[rows]).astype(values.dtype)
        return edge, sparse.csr_matrix((weights, (rows, columns)), shape) @ values

    def differences(self, values: np.ndarray) -> np.ndarray:
        """Return differences of next neighbours over the root of 2, (n_pairs, n)."""
        pairs = self._pairs
        if not pairs.shape[1]:
            return values - values.mean(axis=0)
        return (values[pairs[0]] - values[pairs[1]]) / np.sqrt(2)

    def shared(self, values: np.ndarray) -> np.ndarray:
        """Return the covariance of values with those of next neighbours, (n, n)."""
        centred = values - values.mean(axis=0)
        one, other = centred, centred
        if self._pairs.shape[1]:
            one, other = (centred[side] for side in self._pairs)
        products = one.T @ other
        return (products + products.T) / (2 * max(len(one), 1))

    def homogeneity(self, places: np.ndarray) -> np.ndarray:
        """Return how alike the embedded patterns around each position are, 0 to 1.

        It is 1 / (1 + (s / 2 m)^2) of the spread s of places over a position and its
        neighbours, in variances of the noise, which next neighbours differ by, and its
        median m: small in zones between domains, however many positions they take.
        Where most of a scan is such a zone the median follows, and all positions count.
        """
        noise = np.maximum(self.differences(places).var(axis=0), 1e-12)
        scaled = (places - places.mean(axis=0)) / np.sqrt(noise)
        spread = np.maximum(self.smoothed(scaled**2) - self.smoothed(scaled) ** 2, 0)
        spread = spread.mean(axis=1)
        typical = np.median(spread)
        if typical == 0:
            return np.ones(len(places))
        return 1 / (1 + (spread / (_HALF * typical)) ** 2)

    @cached_property
    def _around(self) -> np.ndarray:
        """Weight of all neighbours of each position, (n_positions, 1)."""
        return self.pooled(np.ones((np.count_nonzero(self.keep), 1))) - 1

    @cached_property
    def _pairs(self) -> np.ndarray:
        """Indices of positions that are next to each other, (2, n_pairs)."""
        if self.is_alone:
            return np.zeros((2, 0), int)
        index = np.where(self.keep, np.cumsum(self.keep).reshape(self.keep.shape), 0)
        moved = [np.moveaxis(index, axis, 0) for axis in range(index.ndim)]
        pairs = [np.stack([one[:-1].ravel(), one[1:].ravel()]) for one in moved]
        found = np.concatenate(pairs, axis=1)
        return found[:, found.all(axis=0)] - 1
