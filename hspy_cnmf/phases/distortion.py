"""Crystals whose spots lie as those of a lattice that is distorted by a little."""

import numpy as np
from scipy.stats import chi2

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.scale import LATTICE_UNCERTAINTY
from hspy_cnmf.phases.spot_pattern import SpotPattern
from hspy_cnmf.phases.verdict import LEAST_MARGIN

#: Chance by which a phase, or a crystal, may seem to be distorted.
_BY_CHANCE = 0.01

#: Ellipse of the camera that nothing has told of, in standard deviations of the scale:
#: up to some 3 % between axes.
ELLIPSE = 3.0

#: Two candidates are one lattice, distorted, where one explains this part of the spots
#: of the other, and strains differ by so many standard deviations.
_AS_MANY, _DIFFERENT = 0.8, 3.0

#: Standard deviation of the strains of that lattice that others, not listed, have.
_SPREAD = 0.015

#: How much the misfit of all crystals counts beside that of one, in degrees of freedom.
_PRIOR_FREEDOM = 6


def strain_of(pattern: SpotPattern, match: Match) -> tuple[complex, float, float, int]:
    r"""Return by what a pattern is distorted against a candidate, and how surely.

    Returns
    -------
    strain : complex
        Spots lie further out by this part along one direction, at half of its angle,
        and less far by as much across.
    variance : float
        Of its real, or imaginary, part, by the errors of spots.
    square, freedom : float, int
        Sum of squares of what is left, in these errors, and its degrees of freedom.

    Notes
    -----
    Spots as complex numbers are :math:`f g + \epsilon \bar g` of reflections :math:`g`,
    where :math:`f` turns and scales and :math:`\epsilon` is the strain.
    """
    seen = match.reflection >= 0  # of a phase, four at least
    spots = pattern.places[seen] @ (1, 1j)
    lattice = match.places[match.reflection[seen]] @ (1, 1j)
    weights = pattern.errors[seen] ** -2.0
    both = np.stack([lattice, lattice.conj()], axis=1)
    covariance = np.linalg.pinv(both.conj().T * weights @ both)
    parts = covariance @ (both.conj().T * weights @ spots)
    square = float((weights * abs(spots - both @ parts) ** 2).sum())
    return complex(parts[1]), covariance[1, 1].real, square, 2 * int(seen.sum()) - 4


def as_undistorted(
    crystals: list[Crystal], unturned: np.ndarray, uncertainty: float
) -> list[Crystal]:
    """Return crystals, named only if a distorted lattice does not fit better.

    Such is that of a structure that is not in the list. All patterns have the
    elliptical distortion of the camera: what the other phases tell of it is not the
    phase's. A phase is doubted as a whole if most of its crystals are off, or all of
    them together without the one that is most; else what is off alone is doubted alone.
    Where candidates are one lattice, distorted by a little, others of it may be there:
    each of their crystals must be told from these as one candidate is from another.

    Parameters
    ----------
    crystals : list of Crystal
        All of a scan, as they are judged.
    unturned : numpy.ndarray of bool, shape (n_groups,)
        Groups whose members are not turned: the distortion of the camera is in their
        mean patterns.
    uncertainty : float
        Standard deviation of the scale, as a part of it.
    """
    places = [k for k, one in enumerate(crystals) if one.verdict.is_phase]
    named = [crystals[k] for k in places]
    phases = np.array([one.verdict.best for one in named])
    of_camera = np.array([float(unturned[one.group]) for one in named])
    strains = strains_of([(one.pattern, one.best) for one in named])  # type: ignore[misc]
    told = *strains, of_camera, ELLIPSE * uncertainty
    wrong = _off_alone(*told)
    for phase in set(phases.tolist()):
        own = np.flatnonzero(phases == phase)
        rest = own[~wrong[own]]
        if len(rest) == len(own):
            rest = np.delete(own, (abs(told[0][own]) ** 2 / told[1][own]).argmax())
        together = _chance(rest, ~wrong, *told) if len(rest) else 1.0
        if together < _BY_CHANCE or 2 * wrong[own].sum() > len(own):
            wrong[own] = True
    like = _distorted_candidates(crystals)
    for k in np.flatnonzero(~wrong & np.isin(phases, like)):
        wrong[k] = _margin(int(k), ~wrong, *told) < LEAST_MARGIN
    doubted = list(crystals)
    for k in np.flatnonzero(wrong):
        part = 2 * float(abs(told[0][k]))
        doubted[places[k]] = crystals[places[k]].doubted(distortion=part)
    return doubted


def strains_of(
    matched: list[tuple[SpotPattern, Match]],
) -> tuple[np.ndarray, np.ndarray]:
    """Return strains of crystals, and their variances by how far spots are off.

    What spots are thought to be off by, for the centre and distortions, is more than
    noise, and more or less than it is.

    Parameters
    ----------
    matched : list of (SpotPattern, Match)
        Spots of each crystal, and how its candidate explains them.
    """
    told = [strain_of(*one) for one in matched]
    strains, variances, squares, freedom = np.array(told, complex).reshape(-1, 4).T
    squares, freedom = squares.real, freedom.real
    of_all = squares.sum() / max(freedom.sum(), 1)
    misfit = (squares + _PRIOR_FREEDOM * of_all) / (freedom + _PRIOR_FREEDOM)
    variances = variances.real * misfit
    return strains, variances + (LATTICE_UNCERTAINTY / 2) ** 2


def _off_alone(*told) -> np.ndarray:
    """Return which crystals, each by itself, are distorted against all the others.

    The one that is most off is left out first: it moves what the others tell.
    """
    left = np.ones(len(told[0]), dtype=bool)
    while left.any():
        each = np.flatnonzero(left)
        chances = [_chance(each[k : k + 1], left, *told) for k in range(len(each))]
        if min(chances) >= _BY_CHANCE:
            break
        left[each[np.argmin(chances)]] = False
    return ~left


def _distorted_candidates(crystals: list[Crystal]) -> list[int]:
    """Return candidates that are another's lattice, distorted, as crystals tell."""
    like: set[int] = set()
    for one in crystals:
        number, best = one.verdict.best, one.best
        if best is None:
            continue
        for other, match in enumerate(one.matches):
            if other != number and match.n_explained >= _AS_MANY * best.n_explained:
                both = [(one.pattern, best), (one.pattern, match)]
                strains, variances = strains_of(both)
                if abs(np.diff(strains)) > _DIFFERENT * variances[0] ** 0.5:
                    like |= {number, other}  # type: ignore[arg-type]
    return list(like)


def _chance(which: np.ndarray, *told) -> float:
    """Return how likely strains of crystals `which` are so large by chance."""
    apart, covariance = _foretold(which, *told)
    square = (apart.conj() @ np.linalg.solve(covariance, apart)).real
    return float(chi2.sf(square, 2 * len(which)))


def _margin(crystal: int, *told) -> float:
    """Return the logarithm of how much likelier a strain is than another lattice's."""
    apart, covariance = _foretold(np.array([crystal]), *told)
    variance, other = covariance.item(), covariance.item() + _SPREAD**2
    square = abs(apart.item()) ** 2 * (1 / variance - 1 / other)
    return float(np.log(other / variance) - square / 2)


def _foretold(
    which: np.ndarray,
    left: np.ndarray,
    strains: np.ndarray,
    variances: np.ndarray,
    of_camera: np.ndarray,
    ellipse: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far strains of crystals are from the camera's, and the covariance.

    Of the camera others that are `left` tell, and what deviation its ellipse has.
    """
    others = np.setdiff1d(np.flatnonzero(left), which)
    weights = of_camera[others] / variances[others]
    camera = 1 / (ellipse**-2.0 + weights.sum())
    share = of_camera[which]
    apart = strains[which] - camera * (weights * strains[others]).sum() * share
    return apart, np.diag(variances[which]) + camera * np.outer(share, share)
