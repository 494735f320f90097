"""Trees of linkage matrices: their checks, and their cuts into groups."""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike


def check_linkage(linkage: ArrayLike) -> np.ndarray:
    """Return a linkage matrix as numbers, or say what is wrong with it.

    SciPy's own check refuses negative heights, which 1 - similarity may have by
    rounding, and does not say what it saw.
    """
    linkage = np.asarray(linkage, dtype=float)
    if linkage.ndim != 2 or linkage.shape[1] != 4 or not len(linkage):
        raise ValueError(
            "A linkage matrix has shape (n - 1, 4) for n >= 2 components, with a row "
            f"for each merge; this has shape {linkage.shape}."
        )
    if not np.isfinite(linkage).all():
        i, j = np.argwhere(~np.isfinite(linkage))[0]
        raise ValueError(
            f"Row {i}, column {j} of the linkage matrix is {linkage[i, j]}: all of its "
            "values must be finite."
        )
    n = len(linkage) + 1
    sizes = np.ones(2 * n - 1)
    merged = np.zeros(2 * n - 1, dtype=bool)
    for i, (*pair, _, size) in enumerate(linkage):
        for cluster in pair:
            _check_cluster(cluster, i, n, merged)
            merged[int(cluster)] = True
        sizes[n + i] = sum(sizes[int(cluster)] for cluster in pair)
        if size != sizes[n + i]:
            raise ValueError(
                f"Row {i} of the linkage matrix says that the cluster it makes has "
                f"{size:g} components: those it merges have {sizes[n + i]:g} together."
            )
    return linkage


def _check_cluster(cluster: float, i: int, n: int, merged: np.ndarray) -> None:
    problem = None
    if cluster != int(cluster) or not 0 <= cluster < n + i:
        problem = f"there are clusters 0 to {n + i - 1} by then"
    elif merged[int(cluster)]:
        problem = "it is part of another one by then"
    if problem:
        raise ValueError(
            f"Row {i} of the linkage matrix merges cluster {cluster:g}: {problem}."
        )


def choose_cut(
    n_clusters: int | None, distance_threshold: float | None
) -> dict[str, Any]:
    """Return what was given of the two as keyword arguments."""
    if n_clusters is not None and distance_threshold is not None:
        raise ValueError(
            f"n_clusters={n_clusters!r} and distance_threshold={distance_threshold!r}: "
            "give only one of them."
        )
    given = {"n_clusters": n_clusters, "distance_threshold": distance_threshold}
    return {name: value for name, value in given.items() if value is not None}


def check_number(n_clusters: SupportsIndex, n: int) -> int:
    """Return a number of groups that n components can be in."""
    try:
        number = operator.index(n_clusters)
    except TypeError:
        number = 0
    if not 1 <= number <= n:
        raise ValueError(
            f"n_clusters={n_clusters!r}: give a whole number from 1 to {n}, the number "
            "of components."
        )
    return number


def check_threshold(distance_threshold: Any) -> float:
    """Return a height to cut at, which may be beyond all merges."""
    try:
        threshold = float(distance_threshold)
    except (TypeError, ValueError, OverflowError):
        threshold = np.nan
    if np.isnan(threshold):
        raise ValueError(
            f"distance_threshold={distance_threshold!r}: give a number, a height."
        )
    return threshold


def cluster_pairs(linkage: np.ndarray) -> np.ndarray:
    """Return which two clusters every row merges."""
    return linkage[:, :2].astype(int)


def highest_merges(linkage: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return for each merge the highest value of the merges within it and its own."""
    n = len(linkage) + 1
    highest = np.concatenate([np.full(n, -np.inf), values])
    for i, pair in enumerate(cluster_pairs(linkage), start=n):
        highest[i] = max(highest[i], *highest[pair])
    return highest[n:]


def group_labels(linkage: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the group of each component where only some merges are kept.

    Groups are numbered in the order of their first components.
    """
    n = len(linkage) + 1
    group = np.arange(2 * n - 1)
    for i, pair in reversed(list(enumerate(cluster_pairs(linkage)))):
        if kept[i]:
            group[pair] = group[n + i]
    _, first, labels = np.unique(group[:n], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[labels]


def cluster_groups(linkage: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the group of each of the 2 n - 1 clusters, -1 where it is of several."""
    groups = list(labels)
    for one, other in cluster_pairs(linkage):
        groups.append(groups[one] if groups[one] == groups[other] else -1)
    return np.array(groups)


def find_cut(
    linkage: np.ndarray, groups: np.ndarray, values: np.ndarray
) -> float | None:
    """Return a value at which a cut makes these groups, or None if there is none."""
    kept = groups[len(linkage) + 1 :] >= 0
    if kept.all():
        return None
    highest = highest_merges(linkage, values)
    low = highest[kept].max() if kept.any() else 0.0
    high = highest[~kept].min()
    return (low + high) / 2 if low < high else None


def match_groups(
    labels: np.ndarray | None, others: np.ndarray | None
) -> dict[int, int]:
    """Return for groups of one cut the number of the same group in another cut."""
    numbers = {members: k for k, members in enumerate(_members(others))}
    return {
        k: numbers[members]
        for k, members in enumerate(_members(labels))
        if members in numbers
    }


def _members(labels: np.ndarray | None) -> list[tuple[int, ...]]:
    if labels is None:
        return []
    return [tuple(np.flatnonzero(labels == k)) for k in range(labels.max() + 1)]
