"""Agglomeration of patterns, most similar first, and where to cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from hspy_cnmf.patterns.lattice_scale import differ_in_scale
from hspy_cnmf.patterns.missing_spots import have_other_spots
from hspy_cnmf.patterns.polar import EXPONENT, PolarPatterns
from hspy_cnmf.patterns.similarity import Spectra, compare, half_turn, refine

#: Linkages of SciPy that need nothing but pseudo-distances.
SCIPY_LINKAGES = ("average", "complete", "single")

LINKAGES = ("merge", *SCIPY_LINKAGES)

#: Pseudo-distance above which patterns are never proposed as one group. Crystals of any
#: phase have rows of spots in common, by chance, so that a gap alone joins what is not
#: alike where no two are.
FURTHEST = 0.5


@dataclass(frozen=True)
class Treatment:
    """How polar patterns are prepared and compared.

    Parameters
    ----------
    noise_threshold, background_weight, exponent : float
        See `PolarPatterns.structure`.
    mirror : bool
        Whether patterns may be mirrored too.
    tells_apart : bool
        Whether lattices of unlike spacing, and patterns that lack spots of others, are
        kept apart.
    """

    noise_threshold: float = 5.0
    background_weight: float = 0.15
    mirror: bool = False
    exponent: float = EXPONENT
    tells_apart: bool = True

    def spectra(self, polar: PolarPatterns) -> Spectra:
        """Return what is compared of polar patterns, to correlate it."""
        return Spectra.from_structure(self.structure(polar), polar.known)

    def structure(self, polar: PolarPatterns) -> np.ndarray:
        """Return what is compared of polar patterns; see `PolarPatterns.structure`."""
        return polar.structure(
            self.noise_threshold, self.background_weight, self.exponent
        )

    def part(self, one: PolarPatterns, other: PolarPatterns) -> bool:
        """Whether two patterns, turned onto one another, are of unlike crystals."""
        if not self.tells_apart:
            return False
        if have_other_spots(one, other, self.noise_threshold):
            return True
        first, second = (
            polar.structure(self.noise_threshold, 0.0, self.exponent)[0]
            for polar in (one, other)
        )
        return differ_in_scale(first, second, one.radii)


Reliability: TypeAlias = Callable[[PolarPatterns], np.ndarray]
"""What tells how alike patterns are to themselves, measured again."""


def certain(polar: PolarPatterns) -> np.ndarray:
    """Return that patterns have no noise."""
    return np.ones(len(polar))


def linkage_of_distances(similarity: np.ndarray, linkage: str) -> np.ndarray:
    """Return SciPy's linkage matrix of ``1 - similarity``.

    Parameters
    ----------
    similarity : numpy.ndarray, shape (n, n)
        Symmetric.
    linkage : {"average", "complete", "single"}

    Returns
    -------
    numpy.ndarray, shape (n - 1, 4)
    """
    distance = np.maximum(1 - similarity, 0)
    np.fill_diagonal(distance, 0)
    return hierarchy.linkage(squareform(distance, checks=False), linkage)


def merge_linkage(
    polar: PolarPatterns,
    similarity: np.ndarray,
    weights: np.ndarray,
    treatment: Treatment,
    progress: Callable[[], object] = lambda: None,
    reliability: Reliability = certain,
) -> tuple[np.ndarray, np.ndarray]:
    """Merge the two most similar patterns into their mean, again and again.

    Parameters
    ----------
    polar : PolarPatterns
        n patterns.
    similarity : numpy.ndarray, shape (n, n)
        Theirs, symmetric.
    weights : numpy.ndarray, shape (n,)
        Positive; those of patterns that are merged add up.
    treatment : Treatment
        How patterns are compared.
    progress : callable, optional
        Called after each merge.
    reliability : callable, optional
        Returns how alike patterns are to themselves, measured again, shape (n,): 1
        where not given.

    Returns
    -------
    linkage : numpy.ndarray, shape (n - 1, 4)
        As SciPy's linkage matrix. The height is one minus the mean similarity of the
        patterns of one to those of the other, over what noise leaves of it; heights
        need not increase.
    distances : numpy.ndarray, shape (n, n)
        One minus the similarity of single patterns, over what noise leaves of it; on
        the diagonal, one minus how alike they are to themselves, measured again.

    Notes
    -----
    Kimoto 2024, "Hierarchical clustering using cross-correlation". The lighter of the
    two is turned onto the heavier. The more unlike patterns a mean is of, the more
    alike it is to any, so that the height of a merge is that of single patterns. Spots
    of lattices a few per cent apart overlap, so that their patterns are alike, and so
    are those of an ordered crystal and of what it is in. Where the factor between their
    scales tells them apart, or spots that only one has, they are merged at `FURTHEST`,
    and never proposed as one group.
    """
    n = len(polar)
    polar = polar[np.arange(n)]  # a copy, in which means take the heavier's place
    spectra = treatment.spectra(polar)
    reliable = reliability(polar)
    similarity = similarity / np.sqrt(np.multiply.outer(reliable, reliable))
    distances = 1 - similarity
    np.fill_diagonal(distances, 1 - reliable)
    np.fill_diagonal(similarity, -np.inf)
    between = similarity.copy()  # means over all pairs of patterns
    weights, size, cluster = np.array(weights, float), np.ones(n), np.arange(n)
    rows: list[tuple[float, ...]] = []
    while len(rows) < n - 1:
        pair = np.unravel_index(similarity.argmax(), similarity.shape)
        light, heavy = sorted(pair, key=weights.__getitem__)
        is_far = similarity[pair] <= 1 - FURTHEST
        height = max(1 - between[pair], FURTHEST if is_far else 0)
        turn = rotation_onto(spectra[[heavy]], spectra[[light]], treatment)
        turned = polar[light].turn(*turn)
        if not is_far and treatment.part(polar[heavy], turned):
            similarity[pair] = similarity[pair[::-1]] = 1 - FURTHEST
            continue
        share = size[[heavy, light]] / (size[heavy] + size[light])
        size[heavy] += size[light]
        rows.append((*sorted(cluster[list(pair)]), height, size[heavy]))
        mean = polar[heavy].mean_with(turned, weights[[heavy, light]])
        polar[heavy] = mean
        spectra[[heavy]] = treatment.spectra(mean)
        reliable[[heavy]] = reliability(mean)
        weights[heavy] += weights[light]
        cluster[heavy] = n + len(rows) - 1
        is_gone = np.asarray(np.isneginf(similarity).all(axis=1))
        is_gone[[heavy, light]] = True
        row = compare(spectra[[heavy]], spectra, treatment.mirror).similarity[0]
        row = row / np.sqrt(reliable[heavy] * reliable)
        row[is_gone] = -np.inf
        similarity[light] = similarity[:, light] = -np.inf
        similarity[heavy] = similarity[:, heavy] = row
        between[heavy] = between[:, heavy] = share @ between[[heavy, light]]
        progress()
    return np.array(rows), np.maximum(distances, 0)


def rotation_onto(
    heavy: Spectra, light: Spectra, treatment: Treatment
) -> tuple[np.ndarray, np.ndarray]:
    """Return how to turn the second of two patterns onto the first.

    The rotation in degrees, and whether to mirror before it, each of shape (1,).
    """
    pair = compare(heavy, light, treatment.mirror)
    return pair.rotation[0], pair.mirrored[0]


def align(
    polar: PolarPatterns, weights: np.ndarray, treatment: Treatment
) -> tuple[np.ndarray, np.ndarray]:
    """Return how to turn the patterns of one group so that they fall together.

    Parameters
    ----------
    polar : PolarPatterns
        n patterns.
    weights : numpy.ndarray, shape (n,)
        Positive. The heaviest pattern stays as it is.
    treatment : Treatment
        How patterns are compared.

    Returns
    -------
    rotation : numpy.ndarray, shape (n,)
        In (-180, 180] degrees, counter-clockwise as seen in a plot.
    mirrored : numpy.ndarray of bool, shape (n,)
        Whether to mirror first.

    Notes
    -----
    Each pattern, the most similar first, is turned onto the mean of those before it;
    in the end all are compared with the mean of all, where bright spots, whose places
    are known best, decide on the last fractions of a degree.
    """
    heaviest = int(np.argmax(weights))
    spectra = treatment.spectra(polar)
    mean, weight = polar[heaviest], weights[heaviest]
    left = [k for k in range(len(polar)) if k != heaviest]
    while left:
        pairs = compare(treatment.spectra(mean), spectra[left], treatment.mirror)
        nearest = pairs.similarity[0].argmax()
        turn = pairs.rotation[0, [nearest]], pairs.mirrored[0, [nearest]]
        member = left.pop(nearest)
        mean = mean.mean_with(polar[member].turn(*turn), (weight, weights[member]))
        weight += weights[member]
    pairs = compare(treatment.spectra(mean), spectra, treatment.mirror)
    bright = replace(treatment, exponent=1.0)
    rotation = refine(bright.spectra(mean), bright.spectra(polar), pairs)[0]
    mirrored = pairs.mirrored[0]
    # All are turned back together, so that the heaviest is as it was.
    if mirrored[heaviest]:
        rotation, mirrored = rotation[heaviest] - rotation, ~mirrored
    else:
        rotation = rotation - rotation[heaviest]
    return half_turn(rotation), mirrored


def widest_gap(heights: np.ndarray) -> tuple[int, tuple[float, float]]:
    """Propose a cut: between the two heights that are furthest apart.

    Parameters
    ----------
    heights : numpy.ndarray, shape (n - 1,)
        Pseudo-distances of the merges, in their order.

    Returns
    -------
    n_clusters : int
        How many groups there are.
    gap : tuple of float
        Pseudo-distances between which the cut lies. The distance of a pattern to
        itself, 0, counts too, and what is above `FURTHEST` counts as that: so all
        patterns, or none, may be of one group.
    """
    reached = np.clip(np.maximum.accumulate(heights), 0, FURTHEST)
    levels = np.sort(np.concatenate([[0], reached, [FURTHEST]]))
    widest = np.diff(levels).argmax()
    low, high = levels[widest : widest + 2]
    return len(heights) + 1 - int((reached <= low).sum()), (low, high)
