"""One candidate against one pattern: what is found, expected, missing, unexplained."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from hspy_cnmf.phases.spot_matching import OUTLIERS, REACH, Fit, SpotMatcher
from hspy_cnmf.phases.spot_pattern import HIDDEN, SpotPattern

#: Starts that are tilted.
_REFINED = 3

#: A reflection is expected where it should be so many times brighter than what is
#: found anywhere.
_CLEARLY = 9.0

#: Standard deviation of the logarithm of intensities about kinematic ones.
_DYNAMICAL = 0.7

#: Shape factor of reflections that are seen for sure, though tilts are off by a little.
_NEAR_BRAGG = 0.4

#: A spot of less than this part of the amplitude is not the reflection: dynamical
#: scattering makes bright ones fainter, but not that much.
_TOO_FAINT = 0.2

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
        deviation of that from the errors of the spots, or, where these are too small,
        from how far spots lie from reflections.
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
    unseen : float
        Part of the evidence, positive, that reflections too faint to be seen have
        against it.
    started : Fit
        Orientations that the match was looked for from, the best first.
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
    unseen: float
    started: Fit

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

    @property
    def n_absent(self) -> int:
        """Number of lattice distances of which several reflections, all, are missing.

        So it is where a lattice has none. A tilt hides but one side of a ring.
        """
        rings = rings_of(np.linalg.norm(self.places[self.expected], axis=1))
        missing = np.isin(self.expected, self.missing)
        lost, all_of_them = np.bincount(rings[missing]), np.bincount(rings)
        return int(((lost > 1) & (lost == all_of_them[: len(lost)])).sum())

    def merged(self, pattern: SpotPattern) -> np.ndarray:
        """Return which spots, (n_spots,), are of a reflection and of something else.

        Two that are nearer than can be told apart are one spot between them, which
        neither explains. Such are those at a reflection that should be seen, and that
        no spot is.
        """
        explained = self.reflection >= 0
        seen = _seen(pattern, self.amplitudes, self.reflection)
        simulated = _simulated(seen, self.amplitudes)
        alone = np.flatnonzero(simulated > pattern.faintest)
        alone = np.setdiff1d(alone, self.reflection)
        apart = pattern.places[:, np.newaxis] - self.places[alone]
        distance = np.linalg.norm(apart, axis=2).min(axis=1, initial=np.inf)
        return ~explained & (distance < HIDDEN * pattern.widths)


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
    started = matcher.started(pattern, starts)
    best = [started[k] for k in range(min(_REFINED, len(started)))]
    matches = [_refined(matcher, pattern, fit, started) for fit in best]
    return max(matches, key=lambda match: match.evidence)


def rivals_of(
    matcher: SpotMatcher, pattern: SpotPattern, match: Match, others: np.ndarray
) -> list[Match]:
    """Return how a candidate explains a pattern where it is turned otherwise.

    Parameters
    ----------
    matcher : SpotMatcher
        The candidate.
    pattern : SpotPattern
        Spots.
    match : Match
        The best; what it was looked for from is tried, all of it.
    others : numpy.ndarray, shape (b, 3, 3)
        Further orientations to start from.
    """
    starts = np.concatenate([others, match.started.matrices])
    fits = matcher.fit(pattern, starts)
    each = [fits[k] for k in range(len(fits))]
    return [_refined(matcher, pattern, fit, match.started) for fit in each]


def _refined(
    matcher: SpotMatcher, pattern: SpotPattern, fit: Fit, started: Fit
) -> Match:
    """Return how one orientation, tilted as fits best, explains a pattern."""
    fit = matcher.tilted(pattern, fit)
    places, amplitudes = (
        values[0] for values in matcher.amplitudes(pattern, fit.matrices, fit.scale)
    )
    reflection = _nearest(pattern, places, amplitudes)
    sure = matcher.excited_by(fit.matrices[0], _NEAR_BRAGG)
    expected, faint = _expected(pattern, amplitudes, reflection, sure)
    own = ~np.isin(reflection, faint)
    reflection = np.where(own, reflection, -1)
    explained = reflection >= 0
    lacking = _lacking(pattern, amplitudes, reflection, sure)
    return Match(
        matrix=fit.matrices[0],
        evidence=_evidence(matcher, pattern, fit, own, lacking),
        correlation=float(fit.correlation[0]),
        scale_residual=float(fit.scale[0] - 1),
        scale_error=float(fit.scale_error[0] * _misfit(pattern, places, reflection)),
        reflection=reflection,
        expected=expected,
        places=places,
        amplitudes=amplitudes,
        strength=float((pattern.amplitudes[explained] ** 2).sum()),
        unseen=_unseen(pattern, amplitudes, reflection),
        started=started,
    )


def _misfit(pattern: SpotPattern, places: np.ndarray, reflection: np.ndarray) -> float:
    """Return how much larger than their errors distances from reflections are, or 1.

    Discs or spots that a program, or a detector, has put on whole pixels are off by
    more than their noise.
    """
    explained = reflection >= 0
    apart = pattern.places[explained] - places[reflection[explained]]
    square = ((apart / pattern.errors[explained, np.newaxis]) ** 2).sum()
    # A turn in the plane and the scale were fitted.
    freedom = 2 * explained.sum() - 2
    return float(np.sqrt(max(square / freedom, 1.0))) if freedom > 0 else 1.0


def _evidence(
    matcher: SpotMatcher,
    pattern: SpotPattern,
    fit: Fit,
    own: np.ndarray,
    lacking: float,
) -> float:
    """Return the evidence, with what is missing and what is too faint to be it."""
    evidence, others = fit.evidence[0], len(own) - own.sum()
    if others:
        evidence = matcher.fit(pattern[own], fit.matrices).evidence[0]
    return float(evidence + others * np.log(OUTLIERS) - lacking)


def _lacking(
    pattern: SpotPattern,
    amplitudes: np.ndarray,
    reflection: np.ndarray,
    sure: np.ndarray,
) -> float:
    """Return the evidence against a candidate of reflections that are not found.

    One that must be seen is missing as seldom as a spot is none; how likely others are
    seen depends on how much brighter they should be than what is found anywhere.
    """
    seen = _seen(pattern, amplitudes, reflection)
    expected = _simulated(seen, amplitudes)[sure & (seen == 0) & (amplitudes > 0)]
    if not (expected.size and pattern.faintest and seen.any()):
        return 0.0
    brighter = 2 * np.log(expected / pattern.faintest)
    likely = norm.cdf(brighter / _DYNAMICAL)
    return float(-np.log1p((OUTLIERS - 1) * likely).sum())


def _unseen(
    pattern: SpotPattern, amplitudes: np.ndarray, reflection: np.ndarray
) -> float:
    """Return the evidence that explained spots would have more without faint ones."""
    seen = _seen(pattern, amplitudes, reflection)
    visible = (_simulated(seen, amplitudes) > pattern.faintest) | (seen > 0)
    share = amplitudes[visible].sum() / max(amplitudes.sum(), 1e-12)
    return float(-(reflection >= 0).sum() * np.log(share)) if share > 0 else 0.0


def _nearest(
    pattern: SpotPattern, places: np.ndarray, amplitudes: np.ndarray
) -> np.ndarray:
    """Return the reflection that each spot is, -1 where none is within its error."""
    distance = np.linalg.norm(pattern.places[:, None] - places, axis=2)
    distance = np.where(amplitudes > 0, distance, np.inf)
    near = distance.min(axis=1) < REACH * pattern.errors
    return np.where(near, distance.argmin(axis=1), -1)


def _expected(
    pattern: SpotPattern,
    amplitudes: np.ndarray,
    reflection: np.ndarray,
    sure: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return reflections that must be found, or are, and those far too faint.

    Parameters
    ----------
    pattern : SpotPattern
        What is found.
    amplitudes : numpy.ndarray, shape (n_reflections,)
        Of all reflections.
    reflection : numpy.ndarray of int, shape (n_spots,)
        That each spot is.
    sure : numpy.ndarray of bool, shape (n_reflections,)
        Whether a reflection is near enough to the Ewald sphere to be seen for sure.
    """
    seen = _seen(pattern, amplitudes, reflection)
    found = np.flatnonzero(seen)
    if not len(found):
        return found, found
    simulated = _simulated(seen, amplitudes)
    must = sure & (simulated > np.sqrt(_CLEARLY) * pattern.faintest)
    faint = np.flatnonzero(must & (seen > 0) & (seen < _TOO_FAINT * simulated))
    return np.union1d(np.setdiff1d(found, faint), np.flatnonzero(must)), faint


def _seen(
    pattern: SpotPattern, amplitudes: np.ndarray, reflection: np.ndarray
) -> np.ndarray:
    """Return amplitudes of reflections as found, 0 where they are not."""
    explained = reflection >= 0
    seen = np.zeros(len(amplitudes))
    np.maximum.at(seen, reflection[explained], pattern.amplitudes[explained])
    return seen


def _simulated(seen: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Return amplitudes of reflections as simulated, as bright as those found are."""
    found = seen > 0
    if not found.any():
        return seen
    return np.median(seen[found] / amplitudes[found]) * amplitudes


def n_distances(lengths: np.ndarray) -> int:
    """Return how many different distances there are among reciprocal lengths."""
    return len(np.unique(rings_of(lengths)))


def rings_of(lengths: np.ndarray) -> np.ndarray:
    """Return numbers of rings, shape (n,): the same where distances are one."""
    order = np.argsort(lengths)
    ordered = np.asarray(lengths)[order]
    rings = np.zeros(len(ordered), dtype=int)
    rings[order[1:]] = np.cumsum(np.diff(ordered) > _SAME_DISTANCE * ordered[1:])
    return rings
