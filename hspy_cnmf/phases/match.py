"""One candidate against one pattern: what is found, expected, missing, unexplained."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.phases.spot_matching import REACH, SpotMatcher
from hspy_cnmf.phases.spot_pattern import SpotPattern

#: A reflection is expected where it should be so many times brighter than the
#: faintest spot found.
_CLEARLY = 4.0

#: Reflections of less than this part of the largest amplitude are faint.
_FAINT = 0.1

#: Lattice distances that differ by less than this part are one.
_SAME_DISTANCE = 0.005


@dataclass(frozen=True, eq=False)
class Match:
    """How a candidate, turned as fits best, explains a pattern.

    Attributes
    ----------
    matrix : numpy.ndarray, shape (3, 3)
        From the crystal's frame to (kx, ky, kz), ky downwards.
    evidence : float
        Logarithm of how much likelier the spots are than if strewn at random.
    correlation : float
        Of amplitudes of spots and reflections, in [0, 1].
    scale_residual, scale_error : float
        By what part the scale must be corrected for the candidate, and the standard
        deviation of that from the errors of the spots.
    reflection : numpy.ndarray of int, shape (n_spots,)
        Reflection that each spot is, -1 where none.
    expected : numpy.ndarray of int, shape (n_expected,)
        Reflections that must be seen, or are.
    places : numpy.ndarray, shape (n_reflections, 2)
        Of all reflections, scaled, in 1/Å.
    amplitudes : numpy.ndarray, shape (n_reflections,)
        Of all reflections, 0 where they are not seen.
    strength : float
        Part of the squared amplitudes of spots that is explained.
    """

    matrix: np.ndarray
    evidence: float
    correlation: float
    scale_residual: float
    scale_error: float
    reflection: np.ndarray
    expected: np.ndarray
    places: np.ndarray
    amplitudes: np.ndarray
    strength: float

    @property
    def n_explained(self) -> int:
        """Number of spots that are reflections."""
        return int((self.reflection >= 0).sum())

    @property
    def bright(self) -> np.ndarray:
        """Reflections that are not faint beside the brightest."""
        return np.flatnonzero(self.amplitudes > _FAINT * self.amplitudes.max(initial=0))

    @property
    def missing(self) -> np.ndarray:
        """Reflections that are expected and not found."""
        return np.setdiff1d(self.expected, self.reflection)


def match_of(matcher: SpotMatcher, pattern: SpotPattern, starts: np.ndarray) -> Match:
    """Return how a candidate explains a pattern.

    Parameters
    ----------
    matcher : SpotMatcher
        The candidate.
    pattern : SpotPattern
        Spots, at least one.
    starts : numpy.ndarray, shape (b, 3, 3)
        Orientations to start from.
    """
    fit = matcher.refined(pattern, starts)
    matrix, scale = fit.matrices[0], fit.scale[0]
    places, amplitudes = (a[0] for a in matcher.amplitudes(pattern, fit.matrices))
    places = scale * places
    distance = np.linalg.norm(pattern.places[:, None] - places, axis=2)
    distance = np.where(amplitudes > 0, distance, np.inf)
    nearest = distance.argmin(axis=1)
    near = distance.min(axis=1) < REACH * pattern.errors
    reflection = np.where(near, nearest, -1)
    return Match(
        matrix=matrix,
        evidence=float(fit.evidence[0]),
        correlation=float(fit.correlation[0]),
        scale_residual=float(scale - 1),
        scale_error=float(fit.scale_error[0]),
        reflection=reflection,
        expected=_expected(pattern.amplitudes, amplitudes, reflection),
        places=places,
        amplitudes=amplitudes,
        strength=float((pattern.amplitudes[near] ** 2).sum()),
    )


def _expected(
    found: np.ndarray, amplitudes: np.ndarray, reflection: np.ndarray
) -> np.ndarray:
    """Return reflections bright enough to be found, and those that are."""
    seen = np.unique(reflection[reflection >= 0])
    if not len(seen):
        return seen
    bright = amplitudes[reflection[reflection >= 0]]
    ratio = np.median(found[reflection >= 0] / bright)
    limit = np.sqrt(_CLEARLY) * found.min()
    return np.union1d(seen, np.flatnonzero(ratio * amplitudes > limit))


def n_distances(lengths: np.ndarray) -> int:
    """Return how many different distances there are among reciprocal lengths."""
    lengths = np.sort(lengths)
    if not len(lengths):
        return 0
    return 1 + int((np.diff(lengths) > _SAME_DISTANCE * lengths[1:]).sum())
