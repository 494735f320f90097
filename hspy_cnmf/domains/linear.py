"""Linear embeddings: what of patterns is alike in neighbouring positions."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.extmath import randomized_svd

from hspy_cnmf.domains.neighbourhood import Neighbourhood

#: Scores of the principal components that are looked for coordinates.
_SCORES = 40

#: Positions that principal components are of.
_FITTED = 20000

#: Positions that are transformed at a time.
_BLOCK = 8192

#: Part of a coordinate's variance over that of the noise, both at neighbours, from
#: which on it is kept, and the largest number of coordinates.
_LEAST_SIGNAL, _MOST = 0.3, 20

#: Part of the differences of neighbours that is across boundaries and left out.
_BOUNDARIES = 0.1

#: Part of a mean pattern's electrons below which a pattern counts less.
_DARK = 1 / 3

#: What is added to counts so that their square roots are of one variance.
_ANSCOMBE = 0.375


def stabilised(patterns: np.ndarray, electrons: float) -> np.ndarray:
    """Return square roots of counts scaled to one total, of one variance everywhere.

    The transform of Anscombe (1948) but for its factor.
    """
    totals = np.maximum(patterns.sum(axis=1, keepdims=True, dtype=float), 1e-6)
    return np.sqrt(patterns * (electrons / totals) + _ANSCOMBE)


@dataclass(frozen=True, eq=False)
class LinearEmbedding:
    r"""Coordinates of patterns that vary over a scan, in units of the noise.

    Principal components of the square roots of counts, turned so that the first
    coordinates have most variance that neighbouring positions share, in units of that
    by which they differ (minimum noise fractions, Green et al. 1988, IEEE Trans.
    Geosci. Remote Sens. 26, 65; Switzer and Green 1984). What varies from position to
    position at random is noise, whether it is that of counts or how the centre of a
    pattern jitters: it has the variance 1 in every direction.
    """

    mean: np.ndarray  #: Of the stabilised patterns, (n_cells,).
    #: A pattern's coordinates are its stabilised difference from the mean times these,
    #: (n_cells, n_coordinates).
    axes: np.ndarray
    #: What a unit of each coordinate adds to the mean, (n_coordinates, n_cells).
    directions: np.ndarray
    electrons: float  #: Total that patterns are scaled to.

    @classmethod
    def fit(
        cls,
        patterns: np.ndarray,
        electrons: float,
        neighbourhood: Neighbourhood,
        least: int,
        dimension: int | None = None,
        seed: int = 0,
        is_smooth: bool = False,
    ) -> "LinearEmbedding":
        """Return the embedding that a scan of patterns, (n, n_cells), speaks for.

        It has `dimension` coordinates, by default those of more than noise, and the
        least where there are as many. Where it is smooth, principal components are
        those of means over surroundings: of few electrons, those of single patterns
        are noise. Where nobody has neighbours they are the principal components.
        """
        given = patterns, electrons, neighbourhood, dimension, seed, is_smooth
        principal = cls.principal(*given)
        scores = principal.embed(patterns)
        return principal.turned(scores, neighbourhood, least, dimension)

    def turned(
        self,
        scores: np.ndarray,
        neighbourhood: Neighbourhood,
        least: int,
        dimension: int | None = None,
    ) -> "LinearEmbedding":
        """Return principal components turned by what neighbours share; see `fit`.

        Scores are what they make of a scan, (n, n_scores).
        """
        if neighbourhood.is_alone:
            # The last of the principal components is noise, and no other is less.
            variances = scores.var(axis=0)
            noise = max(float(variances.min()), 1e-30)
            whitening = np.eye(len(variances)) / np.sqrt(noise)
            shared = np.diag(variances / noise - 1)
        else:
            whitening = _whitening(neighbourhood.differences(scores))
            shared = neighbourhood.shared(scores @ whitening)
        signal, turns = np.linalg.eigh(shared)
        order = np.argsort(-signal, kind="stable")
        n = int((signal > _LEAST_SIGNAL).sum())
        n = dimension or int(np.clip(n, min(least, _MOST), _MOST))
        axes = whitening @ turns[:, order[: min(n, len(order))]]
        directions = _regression(scores @ axes, scores) @ self.directions
        return replace(self, axes=self.axes @ axes, directions=directions)

    @classmethod
    def principal(
        cls,
        patterns: np.ndarray,
        electrons: float,
        neighbourhood: Neighbourhood,
        dimension: int | None = None,
        seed: int = 0,
        is_smooth: bool = False,
    ) -> "LinearEmbedding":
        """Return the principal components of a scan; see `fit`."""
        around, some = neighbourhood.coarse(_FITTED)
        features = stabilised(patterns[some], electrons)
        mean = features.mean(axis=0)
        n_scores = min(max(_SCORES, dimension or 0), *features.shape)
        seen = (features - mean) * _weights(patterns)[some]
        seen = around.smoothed(seen) if is_smooth else seen
        _, _, rows = randomized_svd(seen, n_scores, n_iter=4, random_state=seed)
        return cls(mean, rows.T, rows, electrons)

    def embed(self, patterns: np.ndarray) -> np.ndarray:
        """Return coordinates of the patterns of a scan, (n, n_coordinates)."""
        blocks = [patterns[i : i + _BLOCK] for i in range(0, len(patterns), _BLOCK)]
        places = [
            (stabilised(block, self.electrons) - self.mean) @ self.axes
            for block in blocks
        ]
        return np.concatenate(places) * _weights(patterns)

    def decode(self, places: np.ndarray) -> np.ndarray:
        """Return expected patterns at places, (n, n_cells), in electrons."""
        counts = (self.mean + places @ self.directions) ** 2 - _ANSCOMBE
        floor = 1e-3 * np.maximum(self.mean**2 - _ANSCOMBE, 1e-3 * _ANSCOMBE)
        return np.maximum(counts, floor)


def _weights(patterns: np.ndarray) -> np.ndarray:
    """Return how much differences from the mean count, (n, 1): less in the dark.

    In vacuum beside a particle they would be scaled up to nothing but noise.
    """
    totals = patterns.sum(axis=1, keepdims=True, dtype=float)
    return np.minimum(totals / max(_DARK * totals.mean(), 1e-6), 1)


def _whitening(differences: np.ndarray) -> np.ndarray:
    """Return what makes the noise of scores of unit variance, (n_scores, n_scores).

    The largest differences are those across boundaries.
    """
    size = (differences**2 / np.maximum(differences.var(axis=0), 1e-30)).sum(axis=1)
    inside = differences[size <= np.quantile(size, 1 - _BOUNDARIES)]
    values, vectors = np.linalg.eigh(inside.T @ inside / len(inside))
    return vectors / np.sqrt(np.maximum(values, 1e-6 * values.max() + 1e-30))


def _regression(coordinates: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return what a unit of each coordinate adds to scores of mean 0."""
    centred = coordinates - coordinates.mean(axis=0)
    return np.linalg.lstsq(centred, scores - scores.mean(axis=0), rcond=None)[0]
