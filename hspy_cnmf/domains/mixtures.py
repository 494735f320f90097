"""Patterns of two domains at once, as at boundaries."""

import numpy as np

from hspy_cnmf.domains.neighbourhood import Neighbourhood

#: Mean square of the share of another domain in a pattern: of one from 0 to a half.
_MEAN_SQUARE = 1 / 12

#: Power of the odds of a share.
_POWER = 2

#: Part of the surroundings from which on a domain lies around a position.
_AROUND = 0.1

#: Steps towards the share of others in a pattern, and the first and the largest one.
_STEPS, _FIRST, _LARGEST = 6, 0.25, 0.5


def mixed_rates(
    own: np.ndarray, others: np.ndarray, patterns: np.ndarray
) -> np.ndarray:
    """Return expected shares of the cells of patterns that are partly of others.

    Given are those of what each is mostly of, of what else may be in it, and counts,
    (n, n_cells), that tell how much, half at most: expectation and maximisation.
    """
    totals = np.maximum(patterns.sum(axis=1, dtype=float), 1e-9)[:, np.newaxis]
    shares, change = np.full(totals.shape, _FIRST, own.dtype), others - own
    weighted = patterns * others
    for _ in range(_STEPS):
        told = (weighted / (own + shares * change)).sum(axis=1, keepdims=True)
        shares = np.minimum(shares * told / totals, _LARGEST).astype(own.dtype)
    return own + shares * change


def with_mixtures(
    probabilities: np.ndarray, places: np.ndarray, neighbourhood: Neighbourhood
) -> np.ndarray:
    r"""Return probabilities that are less sure where patterns are of two domains.

    Of probabilities, (n_positions, n_domains), and places of embedded patterns in units
    of the noise, (n_positions, d). With the mean places :math:`a` of a position's
    domain and :math:`b` of the other one that is commonest around, over the
    surroundings, the share of the other one in a pattern at :math:`z` is estimated by

    .. math:: t = \frac{(z - a) \cdot (b - a)}{|b - a|^2 + 1 / \langle t^2 \rangle},

    the linear estimate of the least error. Which domain more electrons are of does not
    say surely which takes up more of the specimen: structures scatter differently. With
    a logistic distribution of the logarithm of their ratio, of scale 1/2 (a factor of
    2.5), the other one does with odds of :math:`t^2` to :math:`(1 - t)^2`. That part of
    the probability of a position's domain becomes the other one's.
    """
    n_domains = probabilities.shape[1]
    labels, around = probabilities.argmax(axis=1), neighbourhood.mean(probabilities)
    is_own = labels[:, np.newaxis] == np.arange(n_domains)
    others = np.where(is_own, -1, around).argmax(axis=1)
    above = places - places.min(axis=0)  # means are of what is not negative
    own, other = np.zeros_like(above), np.zeros_like(above)
    for k in range(n_domains):
        sums = neighbourhood.mean(probabilities[:, [k]] * above)
        means = sums / np.maximum(around[:, [k]], _AROUND / 10)
        own[labels == k], other[others == k] = means[labels == k], means[others == k]
    along = other - own
    square = (along**2).sum(axis=1)
    shares = ((above - own) * along).sum(axis=1) / (square + 1 / _MEAN_SQUARE)
    here = np.arange(len(labels))
    are_both = np.minimum(around[here, labels], around[here, others]) >= _AROUND
    shares = np.where(are_both, np.clip(shares, 0, 1), 0)
    odds = shares**_POWER / (shares**_POWER + (1 - shares) ** _POWER)
    return moved(probabilities, labels, others, odds)


def moved(
    probabilities: np.ndarray, labels: np.ndarray, others: np.ndarray, part: np.ndarray
) -> np.ndarray:
    """Return probabilities, of which a part of each label's is the other one's."""
    here, result = np.arange(len(labels)), probabilities.copy()
    share = part * probabilities[here, labels]
    result[here, labels] -= share
    result[here, others] += share
    return result
