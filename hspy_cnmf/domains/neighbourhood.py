"""What lies around each position of a scan: domains are contiguous."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

#: Standard deviation of the weights of neighbours, in positions, and their reach.
_WIDTH, _REACH = 1.0, 3

#: Positions whose surroundings spread so many times the median count half.
_HALF = 2.0


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Neighbours of the positions of a scan, with Gaussian weights.

    Their standard deviation is one position along every navigation axis, and positions
    further than three along any axis are none.

    Parameters
    ----------
    keep : numpy.ndarray of bool, any number of dimensions
        Positions of the scan that take part; the others are nobody's neighbours.
    """

    keep: np.ndarray

    def mean(self, values):
        """Return the mean over the neighbours of each position, itself left out.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_positions, n)
            Of the positions that take part, in array order; 0 or more.

        Returns
        -------
        numpy.ndarray, shape (n_positions, n)
            The mean over all positions for those that have no neighbour.
        """
        own, weight = self._sums
        others = np.maximum(self._filtered(values) - own * values, 0)
        has_any = weight > 1e-9
        means = others / np.where(has_any, weight, 1)[:, np.newaxis]
        return np.where(has_any[:, np.newaxis], means, values.mean(axis=0))

    def homogeneity(self, mean, variance):
        r"""Return how alike the embedded patterns around each position are, 0 to 1.

        Parameters
        ----------
        mean, variance : numpy.ndarray, shape (n_positions, latent_dimension)
            Of the encoder's posterior.

        Returns
        -------
        numpy.ndarray, shape (n_positions,)

        Notes
        -----
        With the spread :math:`s` of the latent means over a position and its
        neighbours, in variances of the encoder's posterior (their median over the scan)
        and averaged over the coordinates, and its median :math:`m` over the scan,

        .. math:: h = \frac{1}{1 + (s / 2 m)^2}.

        It is small in zones between domains, however many positions they take. Where
        most of a scan is such a zone the median follows, and all positions count.
        """
        weight = sum(self._sums)[:, np.newaxis]
        scaled = (mean - mean.mean(axis=0)) / np.sqrt(np.median(variance, axis=0))
        around = self._filtered(scaled) / weight
        squares = self._filtered(scaled**2) / weight
        spread = np.maximum(squares - around**2, 0).mean(axis=1)
        typical = np.median(spread)
        if typical == 0:
            return np.ones(len(mean))
        return 1 / (1 + (spread / (_HALF * typical)) ** 2)

    @cached_property
    def _sums(self):
        """Weight of a position itself, and those of all its neighbours."""
        center = np.zeros((2 * _REACH + 1,) * self.keep.ndim)
        center[(_REACH,) * self.keep.ndim] = 1
        own = float(_blurred(center)[(_REACH,) * self.keep.ndim])
        return own, _blurred(self.keep.astype(float))[self.keep] - own

    def _filtered(self, values):
        """Return weighted sums over each position and its neighbours."""
        sums = np.empty(values.shape)
        image = np.zeros(self.keep.shape)
        for k, column in enumerate(values.T):
            image[self.keep] = column
            sums[:, k] = _blurred(image)[self.keep]
        return sums


def _blurred(image):
    return gaussian_filter(image, _WIDTH, mode="constant", truncate=_REACH / _WIDTH)
