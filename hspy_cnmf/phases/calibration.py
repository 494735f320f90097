"""Scale and distortion of patterns, from a phase that is known to be there."""

from dataclasses import asdict, dataclass, replace

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import N_STARTS, matches_of, prepared
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.verdict import is_plausible

#: Corrections of the scale that are tried first, and how far between them one is
#: still found.
_FIRST = np.linspace(-0.06, 0.06, 9)
_BETWEEN = 0.01

#: Standard deviations of the scale once one of these is chosen, and where it is
#: refined.
_NEXT, _LAST = 0.015, 0.006

#: Part of the radius by which spots may be off before the ellipse is known.
_DISTORTED = 0.01

#: Spots of one group that an ellipse needs.
_SPOTS_OF_ELLIPSE = 8


@dataclass(frozen=True)
class Calibration:
    """A correction of the scale of patterns.

    Attributes
    ----------
    factor, uncertainty : float
        What the scale was multiplied by, and its standard deviation. 1 and 0 where
        nothing was refined.
    ellipticity, ellipse_angle : float
        By what part patterns were found longer along an axis than across, and the
        direction of the axis in degrees, counter-clockwise as seen; 0 where not
        refined.
    ellipticity_error : float
        Standard deviation of `ellipticity`.
    n_groups, n_spots : int
        What this rests on.
    """

    factor: float = 1.0
    uncertainty: float = 0.0
    ellipticity: float = 0.0
    ellipse_angle: float = 0.0
    ellipticity_error: float = 0.0
    n_groups: int = 0
    n_spots: int = 0

    def as_dictionary(self) -> dict:
        """Return the values by name."""
        return asdict(self)

    def summary(self, name: str) -> str:
        """Return in words what was refined from a phase of a name."""
        text = (
            f"The scale of the patterns was refined from {name!r}: multiplied by "
            f"{self.factor:.4f} +- {self.uncertainty:.4f} ({self.n_spots} spots of "
            f"{self.n_groups} groups)."
        )
        if not self.ellipticity:
            return text
        return (
            f"{text} Patterns were {self.ellipticity:.2%} +- "
            f"{self.ellipticity_error:.2%} longer at {self.ellipse_angle:.0f} degrees."
        )


def calibrated(
    spots: GroupSpots, phase: Phase, max_excitation_error: float, resolution: float
) -> tuple[Calibration, GroupSpots]:
    """Refine the scale, and the distortion where it can be told, from a known phase.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups; some of them must be the phase's.
    phase : Phase
        The known one.
    max_excitation_error, resolution : float
        As for `identify_phases`.

    Returns
    -------
    calibration : Calibration
    spots : GroupSpots
        With the new scale.

    Raises
    ------
    ValueError
        If no group is of that phase at a scale within 5 % of the one given.
    """
    settings = phase, max_excitation_error, resolution
    coarse = 1 + _FIRST[int(np.argmax(_evidence_over_scales(spots, *settings)))]
    first = spots.rescaled(coarse)
    found = _groups_of(first, *settings, _NEXT)
    if not found:
        # An ellipse that is not known yet moves spots by more than their errors.
        first = replace(first, relative_error=_DISTORTED)
        found = _groups_of(first, *settings, _NEXT)
    if not found:
        raise _not_there(phase)
    affine, ellipse = _ellipse(first, found)
    # Several of the first corrections fit nearly as well: which one is chance.
    coarse /= (
        1
        + max(
            (match for _, match in found), key=lambda match: match.evidence
        ).scale_residual
    )
    near = spots.rescaled(coarse, affine)
    kept = _groups_of(near, *settings, _LAST)
    if not kept:
        raise _not_there(phase)
    mean, error = _mean([m for _, m in kept])
    n_spots = sum(match.n_explained for _, match in kept)
    # Reflections had to be so much larger: pixels are so much narrower.
    factor = 1 / (1 + mean)
    calibration = Calibration(
        float(coarse * factor),
        float(error * coarse * factor),
        **ellipse,
        n_groups=len(kept),
        n_spots=n_spots,
    )
    return calibration, near.rescaled(factor)


def _evidence_over_scales(spots: GroupSpots, *settings) -> np.ndarray:
    """Return for each first correction how well all groups together fit the phase."""
    widest = spots.rescaled(1 + _FIRST.max())
    matcher, library = prepared(widest, *settings, _BETWEEN)  # type: ignore[call-arg]
    found = []
    for correction in _FIRST:
        near = spots.rescaled(1 + correction)
        here = replace(matcher, limits=near.reach)
        patterns = [pattern for pattern in near.patterns if len(pattern) > 2]
        if not patterns:
            raise _not_there(settings[0])
        starts = library.best(patterns, N_STARTS)
        evidence = [
            here.fit(pattern, matrices).evidence.max()
            for pattern, matrices in zip(patterns, starts, strict=True)
        ]
        # A group that is something else has no say.
        found.append(np.maximum(evidence, 0).sum())
    return np.array(found)


def _groups_of(
    spots: GroupSpots,
    phase: Phase,
    max_excitation_error: float,
    resolution: float,
    deviation: float,
) -> list[tuple[int, Match]]:
    """Return the groups that are the phase, with how they match."""
    matches = matches_of(
        spots, *prepared(spots, phase, max_excitation_error, resolution, deviation)
    )
    patterns = spots.patterns
    return [
        (k, match)
        for k, match in matches.items()
        if is_plausible(match, patterns[k], Scale(0.0, deviation))
    ]


def _not_there(phase: Phase) -> ValueError:
    return ValueError(
        f"calibrate_from: no group of spots is {phase.name!r} at a scale within 5 % of "
        "that of the patterns. Set the scale by hand, s.calibration(scale=...), or "
        "name another phase."
    )


def _mean(matches: list[Match]) -> tuple[float, float]:
    """Return the mean correction of the scale, and its standard deviation."""
    residuals = np.array([match.scale_residual for match in matches])
    errors = np.array([max(match.scale_error, 1e-6) for match in matches])
    mean = np.average(residuals, weights=1 / errors**2)
    # Where groups disagree by more than their errors, the errors are too small.
    square = (((residuals - mean) / errors) ** 2).sum() / max(len(residuals) - 1, 1)
    error = np.sqrt(max(square, 1) / (1 / errors**2).sum())
    return float(mean), float(error)


def _ellipse(
    spots: GroupSpots, kept: list[tuple[int, Match]]
) -> tuple[np.ndarray | None, dict]:
    """Return the distortion that groups tell of, as (row, column), and its numbers.

    None, and nothing, where no group tells or the ellipse is not beyond its error.
    """
    patterns = spots.patterns
    usable = [
        (patterns[k], match)
        for k, match in kept
        if spots.unturned[k] and match.n_explained >= _SPOTS_OF_ELLIPSE
    ]
    if not usable:
        return None, {}
    stretch, error = _stretch(usable)
    values, axes = np.linalg.eigh(stretch)
    ellipticity = values[1] / values[0] - 1
    if ellipticity < 4 * error:
        return None, {}
    angle = np.rad2deg(np.arctan2(-axes[1, 1], axes[0, 1])) % 180
    swapped = (stretch / np.sqrt(np.linalg.det(stretch)))[::-1, ::-1]
    before = spots.detectors[0].affine
    affine = swapped if before is None else swapped @ np.asarray(before)[:2, :2]
    return affine, {
        "ellipticity": float(ellipticity),
        "ellipse_angle": float(angle),
        "ellipticity_error": float(error),
    }


def _stretch(usable: list) -> tuple[np.ndarray, float]:
    """Return the symmetric matrix that takes reflections to spots, and its error."""
    total, normal, square, n = np.zeros((2, 2)), np.zeros((2, 2)), 0.0, 0
    parts = []
    for pattern, match in usable:
        explained = match.reflection >= 0
        seen = pattern.places[explained]
        meant = match.places[match.reflection[explained]]
        weight = 1 / pattern.errors[explained, None] ** 2
        gram = (meant * weight).T @ meant
        part = np.linalg.solve(gram, (meant * weight).T @ seen)
        parts.append((seen, meant, weight, part))
        total += gram @ part
        normal += gram
    stretch = np.linalg.solve(normal, total)
    stretch = (stretch + stretch.T) / 2
    for seen, meant, weight, part in parts:
        square += (weight * (seen - meant @ part) ** 2).sum()
        n += 2 * len(seen) - 4
    variance = max(square / max(n, 1), 0.1) * np.linalg.inv(normal)
    return stretch, float(np.sqrt(2 * np.trace(variance)))
