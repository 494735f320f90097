"""Distortions of the latent space that draw classes apart."""

from dataclasses import dataclass

import numpy as np

#: Part of the places known that the density of the latent space is estimated from.
_PART = 0.6

#: Points that flow at a time, which bounds memory.
_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Distortion:
    r"""A flow of the latent space up the density of the embedded patterns.

    Parameters
    ----------
    centers : numpy.ndarray, shape (m, d)
        Some of the embedded patterns.
    precisions : numpy.ndarray, shape (m, d, d)
        Inverse covariance of the kernel at each of them.
    strength : float
        Part of the way that a point goes in one step.
    n_steps : int
        Number of steps.

    Notes
    -----
    One step is a weighted mean shift (Comaniciu and Meer 2002; with a kernel of its own
    at every sample, Comaniciu 2003),

    .. math:: z \leftarrow z + \eta \, \Big(\sum_m w_m A_m\Big)^{-1}
        \sum_m w_m A_m (c_m - z), \quad
        w_m = \sqrt{|A_m|} \exp\big(-(z - c_m)^T A_m (z - c_m) / 2\big).

    The precisions :math:`A_m` follow the decoder's pull-back metric: a kernel is narrow
    along directions in which decoded patterns change fast, and wide along those in
    which they hardly do. So points of one class gather, and what lies between classes,
    where the decoder changes, is emptied.
    """

    centers: np.ndarray
    precisions: np.ndarray
    strength: float
    n_steps: int

    @classmethod
    def random(cls, places, metric, generator):
        """Draw a distortion: centres, bandwidth, weight of the metric and strength.

        Parameters
        ----------
        places : numpy.ndarray, shape (m, d)
            Some of the embedded patterns.
        metric : numpy.ndarray, shape (m, d, d)
            The decoder's metric there.
        generator : numpy.random.Generator
        """
        n_centers = max(1, round(_PART * len(places)))
        chosen = generator.choice(len(places), n_centers, replace=False)
        centers = places[chosen]
        exponent = generator.uniform(0, 0.5)
        shape = _power(metric[chosen], exponent)
        dimension = places.shape[1]
        typical = np.median(np.trace(shape, axis1=1, axis2=2)) / dimension
        # Silverman's rule for the number of centres, or less.
        rule = n_centers ** (-1 / (dimension + 4))
        bandwidth = generator.uniform(0.3, 0.8) * rule * places.std(axis=0).mean()
        precisions = shape / (typical * bandwidth**2)
        return cls(
            centers,
            precisions,
            strength=generator.uniform(0.3, 0.9),
            n_steps=int(generator.integers(1, 7)),
        )

    def __call__(self, latent):
        """Return points, shape (n, d), moved by the flow."""
        moved = [
            self._flow(latent[start : start + _BLOCK])
            for start in range(0, len(latent), _BLOCK)
        ]
        return np.concatenate(moved)

    def _flow(self, points):
        heights = np.linalg.slogdet(self.precisions)[1] / 2
        pulled = np.einsum("mab,mb->ma", self.precisions, self.centers)
        for _ in range(self.n_steps):
            logs = heights - self._squared_distances(points) / 2
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            total = np.einsum("nm,mab->nab", weights, self.precisions)
            target = np.linalg.solve(total, (weights @ pulled)[..., None])[..., 0]
            points = points + self.strength * (target - points)
        return points

    def _squared_distances(self, points):
        """Return squared distances of points to all centres, (n, m)."""
        result = np.zeros((len(points), len(self.centers)))
        for a, b in np.ndindex(self.precisions.shape[1:]):
            one, other = (points[:, [k]] - self.centers[:, k] for k in (a, b))
            result += self.precisions[:, a, b] * one * other
        return result


def _power(matrices, exponent):
    """Return powers of symmetric matrices, eigenvalues kept within a factor 1e4."""
    values, vectors = np.linalg.eigh(matrices)
    values = np.maximum(values, 1e-4 * np.median(values[:, -1]))
    return np.einsum("nab,nb,ncb->nac", vectors, values**exponent, vectors)
