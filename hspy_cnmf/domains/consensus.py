"""One answer from many: matched labels, class probabilities and consistency."""

import numpy as np
from scipy.optimize import linear_sum_assignment

#: A position is inconsistent where fewer repeats than this give it the same class.
AGREEMENT = 0.9

#: Weight of the prior, in repeats.
PRIOR_WEIGHT = 1.0


def matched(posteriors, n_sweeps=3):
    """Return posteriors with their classes renumbered alike.

    Parameters
    ----------
    posteriors : list of numpy.ndarray, shape (n_positions, n_domains)
        Class probabilities of each repeat, numbered as it happened.
    n_sweeps : int
        How often they are matched to their mean.

    Returns
    -------
    numpy.ndarray, shape (n_repeats, n_positions, n_domains)

    Notes
    -----
    The first reference is the repeat that agrees best with all others; classes are
    assigned so that the shared probability is largest (Kuhn 1955).
    """
    stack = np.asarray(posteriors)
    agreement = np.array([[_shared(one, other) for other in stack] for one in stack])
    reference = stack[np.argmax(agreement.sum(axis=1))]
    for _ in range(n_sweeps):
        stack = np.stack([_renumbered(repeat, reference) for repeat in stack])
        reference = stack.mean(axis=0)
    return stack


def _renumbered(posterior, reference):
    _, columns = linear_sum_assignment(-(reference.T @ posterior))
    return posterior[:, columns]


def _shared(one, other):
    overlap = one.T @ other
    return overlap[linear_sum_assignment(-overlap)].sum() / len(one)


def class_probabilities(posteriors):
    r"""Combine the posteriors of repeats with a prior.

    Parameters
    ----------
    posteriors : numpy.ndarray, shape (n_repeats, n_positions, n_domains)
        Matched class probabilities.

    Returns
    -------
    numpy.ndarray, shape (n_positions, n_domains)

    Notes
    -----
    The class of a position is drawn from a categorical distribution whose unknown
    probabilities have a Dirichlet prior, with the shares :math:`\pi` of the classes in
    the scan as mean and the weight :math:`\alpha` of one repeat. A repeat is an
    observation that its mixture has made in parts. The posterior mean is

    .. math:: p_k = \frac{\alpha \pi_k + \sum_r p_{rk}}{\alpha + R}.

    So no class is certain after a finite number of repeats.
    """
    shares = posteriors.mean(axis=(0, 1))
    total = posteriors.sum(axis=0) + PRIOR_WEIGHT * shares
    return total / (PRIOR_WEIGHT + len(posteriors))


def agreement(posteriors):
    """Return the share of repeats that give each position its commonest class."""
    votes = posteriors.argmax(axis=2)
    counts = np.stack([(votes == k).mean(axis=0) for k in range(posteriors.shape[2])])
    return counts.max(axis=0)


def consistency(posteriors):
    """Return the share of positions that are classified consistently."""
    return float((agreement(posteriors) >= AGREEMENT).mean())
