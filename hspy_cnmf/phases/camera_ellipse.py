"""The elliptical distortion of the camera, as all groups together tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from orix.crystal_map import Phase

from hspy_cnmf.phases.crystal import LEAST_EVIDENCE
from hspy_cnmf.phases.distortion import ELLIPSE, strains_of
from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.matching import matches_of
from hspy_cnmf.phases.orientation import tilt_and_turn
from hspy_cnmf.phases.scale import LATTICE_UNCERTAINTY, agreeing
from hspy_cnmf.phases.spot_matching import SpotMatcher
from hspy_cnmf.phases.template_matching import TemplateLibrary

#: Spots by which a group tells of a distortion, and crystals that must tell of one.
_FEWEST_SPOTS, _FEWEST_CRYSTALS = 6, 3

#: Degrees by which crystals of a phase must be tilted or turned against each other:
#: distorted ones that are parallel look like an ellipse of the camera.
_PARALLEL = 5.0

#: Standard deviations from which on an ellipse is undone to see, more of it then, and
#: all of it is kept so; and how many steps that takes at most.
_OFF, _MORE, _SURE, _MOST_STEPS = 2.0, 1.0, 4.0, 4


@dataclass(frozen=True)
class Ellipse:
    """An elliptical distortion that patterns have.

    Attributes
    ----------
    strain : complex
        Spots lie further out by this part along one direction, at half of its angle
        from kx to ky, and less far by as much across.
    deviation : float
        Standard deviation of its real, or imaginary, part.
    n_crystals : int
        Crystals, turned otherwise, that agree on it; 0 where they do not.
    """

    strain: complex = 0j
    deviation: float = np.inf
    n_crystals: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether patterns are surely distorted."""
        return self.is_beyond(_SURE)

    def is_beyond(self, n_deviations: float) -> bool:
        """Return whether it is larger than so many standard deviations."""
        return self.n_crystals > 0 and abs(self.strain) > n_deviations * self.deviation

    def as_dictionary(self) -> dict:
        """Return ellipticity, its error, angle in degrees, and number of crystals.

        As in `hspy_cnmf.phases.calibration.Calibration`; empty if it is not sure.
        """
        if not self.is_sure:
            return {}
        return {
            "ellipticity": float(2 * abs(self.strain)),
            "ellipticity_error": float(2 * self.deviation),
            "ellipse_angle": float(-np.rad2deg(np.angle(self.strain)) / 2 % 180),
            "n_crystals": self.n_crystals,
        }

    def undone(self, spots: GroupSpots) -> GroupSpots:
        """Return spots as they would be without it."""
        real, imaginary = self.strain.real, self.strain.imag
        # (row, column)
        stretch = np.array([[1 - real, imaginary], [imaginary, 1 + real]])
        before = spots.detectors[0].affine
        affine = stretch if before is None else stretch @ np.asarray(before)[:2, :2]
        return spots.rescaled(1.0, affine)


def without_ellipse(
    spots: GroupSpots,
    tools: list[tuple[SpotMatcher, TemplateLibrary]],
    matches: list[dict[int, Match]],
    candidates: list[Phase],
    scale_uncertainty: float,
) -> tuple[Ellipse, GroupSpots, list[dict[int, Match]]]:
    """Return the ellipse that all groups tell, and spots and matches without it.

    A crystal that is distorted against its candidate looks so by itself: in several
    that are turned otherwise, it has not the same direction on the camera.

    Parameters
    ----------
    spots : GroupSpots
        Spots of all groups.
    tools : list of (SpotMatcher, TemplateLibrary)
        Of each candidate.
    matches : list of dict of Match
        Of each candidate, by the numbers of groups.
    candidates : list of Phase
        Whole phases.
    scale_uncertainty : float
        Standard deviation of the calibration, as a part of the scale.
    """
    found, told = Ellipse(), _told(spots, matches, candidates, scale_uncertainty)
    moved, again = spots, matches
    for _ in range(_MOST_STEPS):
        if not told.is_beyond(_MORE if found.n_crystals else _OFF):
            break
        # Matches that were found by distorted spots tell but a part of it.
        found = replace(told, strain=found.strain + told.strain)
        moved = told.undone(moved)
        again = [matches_of(moved, *each) for each in tools]
        told = _told(moved, again, candidates, scale_uncertainty)
    if found.is_sure and _total(again) > _total(matches):
        return found, moved, again
    return Ellipse(), spots, matches


def _told(
    spots: GroupSpots,
    matches: list[dict[int, Match]],
    candidates: list[Phase],
    scale_uncertainty: float,
) -> Ellipse:
    """Return the ellipse that most crystals agree on, whatever candidates they are."""
    found: list[tuple[int, int, Match]] = []
    for group, (number, match) in _leading(matches).items():
        tells = match.evidence > LEAST_EVIDENCE and match.n_explained >= _FEWEST_SPOTS
        phase = candidates[number]
        others = [other.matrix for _, one, other in found if one == number]
        apart = [max(tilt_and_turn(match.matrix, one, phase)) for one in others]
        if tells and spots.unturned[group] and min(apart, default=90) > _PARALLEL:
            found.append((group, number, match))
    if len(found) < _FEWEST_CRYSTALS:
        return Ellipse()
    strains, variances = strains_of([(spots.patterns[k], one) for k, _, one in found])
    values = np.append(0, strains)
    errors = np.sqrt(np.append((ELLIPSE * scale_uncertainty) ** 2, variances))
    agree = agreeing(values, errors)
    n_agree = int(agree[1:].sum())
    if n_agree < max(_FEWEST_CRYSTALS, len(found) / 2):
        return Ellipse()
    weights = agree / errors**2
    deviation = max(weights.sum() ** -0.5, LATTICE_UNCERTAINTY / 2)
    return Ellipse(complex(weights @ values / weights.sum()), deviation, n_agree)


def _leading(matches: list[dict[int, Match]]) -> dict[int, tuple[int, Match]]:
    """Return for each group the candidate with the most evidence, and its match."""
    leading: dict[int, tuple[int, Match]] = {}
    for number, some in enumerate(matches):
        for group, match in some.items():
            if group not in leading or match.evidence > leading[group][1].evidence:
                leading[group] = number, match
    return leading


def _total(matches: list[dict[int, Match]]) -> float:
    """Return the evidence of all groups together; what is of no candidate has none."""
    return sum(max(one.evidence, 0) for _, one in _leading(matches).values())


def ellipse_notes(ellipse: Mapping) -> list[str]:
    """Return in words which ellipse was found and undone, and what to do.

    Parameters
    ----------
    ellipse : Mapping
        Of `Ellipse.as_dictionary`.
    """
    if not ellipse:
        return []
    return [
        f"patterns are {ellipse['ellipticity']:.2%} +- "
        f"{ellipse['ellipticity_error']:.2%} longer at {ellipse['ellipse_angle']:.0f} "
        f"degrees, as {ellipse['n_crystals']} crystals that are turned otherwise agree "
        "on: it is taken for an elliptical distortion of the camera, and spots were "
        "moved by it. To be sure, calibrate from a phase that is known to be there "
        "(calibrate_from=...), or undo it before the decomposition"
    ]
