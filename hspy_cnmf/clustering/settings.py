"""The arguments of a clustering, checked, and what they mean."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from hspy_cnmf.patterns.agglomeration import LINKAGES, Treatment, widest_gap
from hspy_cnmf.patterns.similarity import Comparison, compare_all

#: Measures of how similar two patterns are.
SIMILARITIES = ("diffraction", "cross-correlation", "cosine", "euclidean")


@dataclass(frozen=True)
class Settings:
    """Arguments of `hspy_cnmf.cluster_diffraction`, which describes them."""

    n_clusters: int | None
    distance_threshold: float | None
    linkage: str
    n_azimuth: int
    mirror: bool
    similarity: str
    noise_threshold: float
    background_weight: float

    def __post_init__(self):
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
        if self.n_clusters is not None:
            self._take_number("n_clusters", Integral, int, 1)
        if self.distance_threshold is not None:
            self._take_number("distance_threshold", Real, float)
        self._take_number("n_azimuth", Integral, int, 8)
        self._take_number("noise_threshold", Real, float)
        self._take_number("background_weight", Real, float)
        if not isinstance(self.mirror, (bool, np.bool_)):
            raise ValueError(f"mirror must be True or False, not {self.mirror!r}.")
        object.__setattr__(self, "mirror", bool(self.mirror))

    def _take_number(self, name, kind, plain, least=0):
        """Check a number, and make one of NumPy's a plain one, as files keep it."""
        value = getattr(self, name)
        is_number = isinstance(value, kind) and not isinstance(value, bool)
        if not is_number or not least <= value < np.inf:
            of_kind = "a whole number" if plain is int else "a number"
            raise ValueError(
                f"{name} must be {of_kind}, {least} or more, not {value!r}."
            )
        object.__setattr__(self, name, plain(value))

    def check_count(self, n_components):
        """Raise if so few components cannot be cut as asked for."""
        if self.n_clusters is not None and self.n_clusters > n_components:
            raise ValueError(
                f"n_clusters={self.n_clusters}: there are {n_components} components, "
                f"so give a number from 1 to {n_components}."
            )

    @property
    def treatment(self):
        """How patterns are compared when they are turned onto one another."""
        if self.similarity == "cross-correlation":
            return Treatment(0.0, 1.0, self.mirror)
        return Treatment(self.noise_threshold, self.background_weight, self.mirror)

    @property
    def _turns(self):
        return self.similarity in ("diffraction", "cross-correlation")

    def compare(self, patterns, polar):
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

    def cut(self, linkage):
        """Return where a tree is cut, as an argument of `Dendrogram.cut`, and why.

        Parameters
        ----------
        linkage : numpy.ndarray, shape (n - 1, 4)
            Linkage matrix.

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
        n_clusters, (low, high) = widest_gap(linkage[:, 2])
        reason = f"proposed: widest gap of pseudo-distances, {low:.2f} to {high:.2f}"
        return {"n_clusters": n_clusters}, reason
