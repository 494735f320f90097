r"""Ghosts: what one map shows of another, where the other's pattern has holes.

A factorisation is unchanged, but for non-negativity, where some of one pattern is taken
out of another and goes to its own map instead. Crystals that hold rings of a matrix
leave room for that: spots of another crystal may be holes in these, and its map then
shows both. The share meant is none.
"""

import numpy as np

from hspy_cnmf.constraints.ring_quantiles import ring_quantiles
from hspy_cnmf.constraints.rings import Rings

#: Holes are no noise from so many standard deviations on.
_SIGNIFICANT = 3

#: Of what was taken out, holes have so much at least. Spots that are in both patterns,
#: and floors, hide most of it.
_SHALLOWEST = 0.01

#: Fainter ghosts may be noise of maps.
_FAINTEST = 0.1

#: A spot is above this multiple of the mean of its ring.
_OUTLIER_RATIO = 2

#: A ghost is as strong in most places as in the middle one, but for this factor.
_ALIKE = 0.5

#: A map shows another where no more than this share of positions of the other lacks it.
_LACKING = 0.1


def exchanged_by(
    patterns: np.ndarray, loadings: np.ndarray, rings: Rings
) -> np.ndarray:
    r"""Return how much of each pattern was taken out of each other one.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_pixels)
        Of crystals in a matrix, with its rings.
    loadings : numpy.ndarray, shape (n, n_positions)
    rings : Rings

    Returns
    -------
    numpy.ndarray, shape (n, n)
        Element :math:`t_{ab}` is what to add of pattern b to pattern a, and to take of
        map a out of map b.

    Notes
    -----
    .. math:: w_a h_a + w_b h_b = (w_a + t w_b) h_a + w_b (h_b - t h_a)

    for any t. The one meant is the largest that non-negativity of the map allows: the
    lower decile of :math:`h_b / h_a` where a is. A crystal that lies in another
    one has such a t, too, but no holes in its pattern; where there are none, t is zero.
    """
    ghosts = np.array([_ghosts(loadings, own) for own in loadings])
    np.fill_diagonal(ghosts, 0)
    depth, deviation = _holes(patterns, rings)
    are_holes = depth > np.maximum(_SIGNIFICANT * deviation, _SHALLOWEST * ghosts)
    return np.where(are_holes & (ghosts >= _FAINTEST), ghosts, 0)


def _ghosts(loadings: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the largest multiple of a map that each other one contains, (n,).

    Zero where what it contains has not the shape of that map.
    """
    level = np.vdot(own, own) / max(own.sum(dtype=np.float64), 1e-300)
    there = own > level / 2
    ratios = loadings[:, there] / own[there]
    least, middle = np.quantile(ratios, [_LACKING, 0.5], axis=1)
    return np.where(least >= _ALIKE * middle, least, 0)


def _holes(patterns: np.ndarray, rings: Rings) -> tuple[np.ndarray, np.ndarray]:
    """Return how deep each pattern is at spots of each other one, and the noise of it.

    As a multiple of these spots, below what is as deep anywhere on the same rings.
    Skirts of spots lift most of a ring, but not its lower quartile.
    """
    means = rings.means(patterns)[:, rings.label]
    spots = np.where(patterns > _OUTLIER_RATIO * means, patterns - means, 0)
    levels = ring_quantiles(patterns, rings.order, rings.edges, 0.25)
    depths = np.maximum(levels[:, rings.label] - patterns, 0)
    depth = rings.means(depths)
    variance = np.maximum(rings.means(depths**2) - depth**2, 0)
    deeper = (depths - depth[:, rings.label]) @ spots.T
    squares = np.square(spots)
    deviation = np.sqrt(variance[:, rings.label] @ squares.T)
    norm = squares.sum(axis=1)
    norm = np.where(norm > 0, norm, 1)
    return deeper / norm, deviation / norm
