"""The arguments of a clustering, checked, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from hspy_cnmf.arguments import real_number, truth, whole_number
from hspy_cnmf.patterns.agglomeration import (
    LINKAGES,
    Reliability,
    Treatment,
    certain,
    widest_gap,
)
from hspy_cnmf.patterns.clearest_cut import clearest_cut
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.patterns.polar import PolarPatterns
from hspy_cnmf.patterns.reliability import Repetition
from hspy_cnmf.patterns.similarity import Comparison, compare_all

#: Measures of how similar two patterns are.
SIMILARITIES = ("diffraction", "cross-correlation", "cosine", "euclidean")

#: Azimuths of 0.05 degrees, finer than the pixels of any detector.
_MOST_AZIMUTHS = 7200


@dataclass(frozen=True)
class ClusterSettings:
    """Arguments of `hspy_cnmf.cluster_diffraction`, which describes them."""

    n_clusters: int | None
    distance_threshold: float | None
    linkage: str
    n_azimuth: int
    mirror: bool
    similarity: str
    noise_threshold: float
    background_weight: float

    def __post_init__(self) -> None:
        if self.n_clusters is not None and self.distance_threshold is not None:
            raise ValueError(
                f"n_clusters={self.n_clusters!r} and distance_threshold="
                f"{self.distance_threshold!r} are two cuts: give only one of them."
            )
        for name, known in (("linkage", LINKAGES), ("similarity", SIMILARITIES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, not "
                    f"{getattr(self, name)!r}."
                )
        if self.linkage == "merge" and not self._turns:
            raise ValueError(
                f"similarity={self.similarity!r} does not turn patterns, so "
                'linkage="merge" has no meaning: give linkage="average", for example.'
            )
        self._take("n_clusters", whole_number, 1, optional=True)
        self._take("distance_threshold", real_number, optional=True)
        self._take("n_azimuth", whole_number, 8, _MOST_AZIMUTHS)
        self._take("noise_threshold", real_number)
        self._take("background_weight", real_number)
        self._take("mirror", truth)

    def _take(
        self,
        name: str,
        check: Callable[..., Any],
        *limits: float,
        optional: bool = False,
    ) -> None:
        """Check an argument, and make it a plain number, as files keep it."""
        value = getattr(self, name)
        if value is not None or not optional:
            object.__setattr__(self, name, check(name, value, *limits))

    def check_count(self, n_components: int) -> None:
        """Raise if so few components cannot be cut as asked for."""
        if self.n_clusters is not None and self.n_clusters > n_components:
            raise ValueError(
                f"n_clusters={self.n_clusters}: there are {n_components} components, "
                f"so give a number from 1 to {n_components}."
            )

    @property
    def treatment(self) -> Treatment:
        """How patterns are compared when they are turned onto one another."""
        if self.similarity == "cross-correlation":
            return Treatment(0.0, 1.0, self.mirror, exponent=1.0, tells_apart=False)
        return Treatment(self.noise_threshold, self.background_weight, self.mirror)

    def reliability(
        self, geometry: PatternGeometry, radii: tuple[float, float] | np.ndarray
    ) -> Reliability:
        """Return what tells how alike patterns are to themselves, measured again.

        Only of the diffraction similarity: the others are as published.
        """
        if self.similarity != "diffraction":
            return certain
        repetition = Repetition.on_detector(geometry, self.n_azimuth, radii)
        return partial(repetition.reliability, treatment=self.treatment)

    @property
    def _turns(self) -> bool:
        return self.similarity in ("diffraction", "cross-correlation")

    def compare(self, patterns: np.ndarray, polar: PolarPatterns) -> Comparison:
        """Compare all pairs of patterns.

        Parameters
        ----------
        patterns : numpy.ndarray, shape (n, *pattern_shape)
            NaN where masked.
        polar : PolarPatterns
            The same in polar coordinates.

        Returns
        -------
        Comparison
        """
        if self._turns:
            return compare_all(self.treatment.spectra(polar), self.mirror)
        known = np.isfinite(patterns).all(axis=0)
        rows = patterns[:, known]
        if self.similarity == "cosine":
            similarity = cosine_similarity(rows)
        else:
            distance = euclidean_distances(rows)
            similarity = 1 - distance / (distance.max() or 1)
        np.fill_diagonal(similarity, 1)
        not_turned = np.zeros_like(similarity)
        return Comparison(similarity, not_turned, not_turned.astype(bool))

    def cut(
        self, linkage: np.ndarray, distances: np.ndarray | None = None
    ) -> tuple[dict[str, Any], str]:
        """Return where a tree is cut, as an argument of `Dendrogram.cut`, and why.

        Parameters
        ----------
        linkage : numpy.ndarray, shape (n - 1, 4)
            Linkage matrix.
        distances : numpy.ndarray, shape (n, n), optional
            Of single patterns, see `merge_linkage`. Without, and of similarities that
            do not tell what is noise, it is cut in the widest gap.

        Returns
        -------
        cut : dict
        reason : str
        """
        if self.n_clusters is not None:
            return {"n_clusters": self.n_clusters}, "as asked for"
        if self.distance_threshold is not None:
            threshold = self.distance_threshold
            cut = {"distance_threshold": threshold}
            return cut, f"at {threshold:.3g}, as asked for"
        if distances is None or self.similarity != "diffraction":
            n_clusters, (low, high) = widest_gap(linkage[:, 2])
            why = f"widest gap of pseudo-distances, {low:.2f} to {high:.2f}"
            return {"n_clusters": n_clusters}, f"proposed: {why}"
        low, high = clearest_cut(linkage, distances)
        why = f"clearest groups, between pseudo-distances of {low:.2f} and {high:.2f}"
        return {"distance_threshold": (low + high) / 2}, f"proposed: {why}"
