"""The cut of a tree whose groups are the clearest: near within, far from others."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.patterns.agglomeration import FURTHEST
from hspy_cnmf.patterns.tree import highest_merges

#: How many times further apart than noise alone makes them, or than members of groups
#: usually are, patterns of one crystal may be: one pair in ten is, or fewer.
_BEYOND_NOISE, _BEYOND_USUAL = 2.5, 3.0

#: Without noise patterns of one crystal are so far apart, as it bends or thickens.
_LEAST = 0.1

#: Cuts are as clear whose mean silhouettes differ by no more.
_AS_CLEAR = 0.05


def clearest_cut(linkage: np.ndarray, distances: np.ndarray) -> tuple[float, float]:
    r"""Propose a cut: that of the widest mean silhouette, and fewest groups.

    Parameters
    ----------
    linkage : numpy.ndarray, shape (n - 1, 4)
        Of `hspy_cnmf.patterns.agglomeration.merge_linkage`.
    distances : numpy.ndarray, shape (n, n)
        Pseudo-distances of all pairs of patterns; on the diagonal those of patterns to
        themselves, measured again.

    Returns
    -------
    low, high : float
        Heights between which the cut lies, 0 and `FURTHEST` included: merges up to the
        lower one are kept.

    Notes
    -----
    The silhouette of a pattern is :math:`(b - a) / \max(a, b)`, of its mean distance
    a to the members of its group and b to those of the nearest other group (Rousseeuw
    1987, J. Comput. Appl. Math. 20, 53). Beyond `FURTHEST` all is as far, so that all
    patterns may be of one group. A pattern alone is as far from its group as it may be
    from itself measured again, or as members of the other groups usually are, times
    what some of them are further apart: so all patterns may be alone.

    Cost: n³ additions.
    """
    n = len(distances)
    highest = np.clip(highest_merges(linkage, linkage[:, 2]), 0, FURTHEST)
    order = np.argsort(highest, kind="stable")  # what is within before what it is in
    levels = np.concatenate([[0], highest[order], [FURTHEST]])
    again = np.maximum(_BEYOND_NOISE * np.diag(distances), _LEAST)
    # Distances of each pattern to all of a group, in the column of one of its members.
    sums, sizes = distances - np.diag(np.diag(distances)), np.ones(n)
    groups, columns = np.arange(n), np.append(np.arange(n), np.zeros(n - 1, int))
    clarity = np.full(n, -np.inf)
    for joined in range(n):
        if joined:
            merge = order[joined - 1]
            one, other = columns[linkage[merge, :2].astype(int)]
            sums[:, one] += sums[:, other]
            sizes[[one, other]] = sizes[one] + sizes[other], 0
            groups[groups == other] = one
            columns[n + merge] = one
        if levels[joined] < levels[joined + 1]:
            clarity[joined] = _silhouettes(sums, sizes, groups, again).mean()
    best = np.flatnonzero(clarity >= clarity.max() - _AS_CLEAR)[-1]
    return float(levels[best]), float(levels[best + 1])


def _silhouettes(
    sums: np.ndarray, sizes: np.ndarray, groups: np.ndarray, again: np.ndarray
) -> np.ndarray:
    """Return the silhouette of each pattern, (n,).

    Parameters
    ----------
    sums : numpy.ndarray, shape (n, n)
        Distances of each pattern to all members of each group.
    sizes : numpy.ndarray, shape (n,)
        Number of members; 0 where there is no such group.
    groups : numpy.ndarray of int, shape (n,)
        Group of each pattern.
    again : numpy.ndarray, shape (n,)
        How far each may be from itself, measured again.
    """
    each = np.arange(len(groups))
    n_others = sizes[groups] - 1
    is_alone = n_others == 0
    within = sums[each, groups] / np.maximum(n_others, 1)
    usual = 0.0 if is_alone.all() else np.median(within[~is_alone])
    within = np.where(is_alone, np.maximum(again, _BEYOND_USUAL * usual), within)
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    means[each, groups] = np.inf
    beyond = np.minimum(means.min(axis=1), FURTHEST)
    largest = np.maximum(beyond, within)
    return np.divide(
        beyond - within, largest, out=np.zeros_like(largest), where=largest > 0
    )
