"""Phases whose spots lie as those of a lattice that is distorted by a little."""

import numpy as np
from scipy.stats import chi2

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import Match
from hspy_cnmf.phases.spot_pattern import SpotPattern

#: Chance by which a phase may seem to be distorted, all its crystals together.
_BY_CHANCE = 0.01


def strain_of(pattern: SpotPattern, match: Match) -> tuple[complex, float]:
    r"""Return by what a pattern is distorted against a candidate, and its variance.

    Returns
    -------
    strain : complex
        Spots lie further out by this part along one direction, at half of its angle,
        and less far by as much across.
    variance : float
        Of its real, or imaginary, part.

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
    misfit = (weights * abs(spots - both @ parts) ** 2).sum() / (2 * seen.sum() - 4)
    return complex(parts[1]), float(covariance[1, 1].real * max(misfit, 1.0))


def distortions(
    crystals: list[Crystal], unturned: np.ndarray, uncertainty: float
) -> dict[int, float]:
    """Return phases that seem to be distorted, and by which part their axes differ.

    A structure that is not in the list, a distorted one of the candidate's, fits
    better. All patterns have the elliptical distortion of the camera: what the other
    phases tell of it is not the phase's.

    Parameters
    ----------
    crystals : list of Crystal
        All of a scan.
    unturned : numpy.ndarray of bool, shape (n_groups,)
        Groups whose members are not turned: the distortion of the camera is in their
        mean patterns.
    uncertainty : float
        Standard deviation of what the camera distorts, as a part of the scale.
    """
    named = [one for one in crystals if one.verdict.is_phase and one.best is not None]
    phases = np.array([one.verdict.best for one in named])
    told = [strain_of(one.pattern, one.best) for one in named]  # type: ignore[arg-type]
    strains, variances = np.array(told, complex).reshape(-1, 2).T
    variances = variances.real
    of_camera = np.array([float(unturned[one.group]) for one in named])
    found = {}
    for phase in set(phases.tolist()):
        own = phases == phase
        weights = of_camera[~own] / variances[~own]
        camera = 1 / (uncertainty**-2.0 + weights.sum())
        mean = camera * (weights * strains[~own]).sum()
        apart, share = strains[own] - mean * of_camera[own], of_camera[own]
        covariance = np.diag(variances[own]) + camera * np.outer(share, share)
        square = (apart.conj() @ np.linalg.solve(covariance, apart)).real
        if chi2.sf(square, 2 * own.sum()) < _BY_CHANCE:
            size = np.average(abs(apart) ** 2, weights=1 / variances[own]) ** 0.5
            found[phase] = float(2 * size)
    return found
