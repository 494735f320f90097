"""Rings of spots of a group's members, beside those of its mean pattern."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Part of its radius by which a member's ring may be off the group's, at most. Patterns
#: whose spots lie further apart do not overlap, and are not alike.
_SAME_RING = 0.12

#: Part of the radius by which members of one crystal may differ beside their errors: as
#: the spots of one ring, see `hspy_cnmf.patterns.lattice_distances`.
_TOLERANCE = 0.02


def member_radii(
    rings: np.ndarray, members: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the radii of members' rings that go with those of a group.

    Parameters
    ----------
    rings : numpy.ndarray, shape (n_rings,), dtype `RING`
        Of the group's mean pattern, see `hspy_cnmf.patterns.lattice_distances`.
    members : list of numpy.ndarray, dtype `RING`
        Of each member's own pattern.

    Returns
    -------
    radii, errors : numpy.ndarray, shape (n_members, n_rings)
        NaN where a member has no such ring, or has one that is nearer to another.
    """
    radii, errors = np.full((2, len(members), len(rings)), np.nan)
    for k, own in enumerate(members):
        if not (len(own) and len(rings)):
            continue
        apart = np.abs(np.log(np.divide.outer(rings["radius"], own["radius"])))
        nearest = apart.argmin(axis=1)
        same = apart.argmin(axis=0)[nearest] == np.arange(len(rings))
        same &= apart.min(axis=1) < _SAME_RING
        radii[k, same] = own["radius"][nearest[same]]
        errors[k, same] = _radius_errors(own)[nearest[same]]
    return radii, errors


def with_scatter(
    rings: np.ndarray, radii: np.ndarray, errors: np.ndarray
) -> np.ndarray:
    r"""Return rings whose uncertainty has in it how far members scatter.

    Parameters
    ----------
    rings : numpy.ndarray, shape (n_rings,), dtype `RING`
    radii, errors : numpy.ndarray, shape (n_members, n_rings)
        From `member_radii`.

    Notes
    -----
    To the variance of a radius :math:`r \pm \sigma` is added the mean over members of
    :math:`(r_k - r)^2 - \sigma_k^2 - \sigma^2`, if it is positive.
    """
    known = np.isfinite(radii)
    own = _radius_errors(rings)
    excess = np.where(known, (radii - rings["radius"]) ** 2 - errors**2 - own**2, 0)
    mean = excess.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    error = np.sqrt(own**2 + np.maximum(mean, 0))
    rings = rings.copy()
    rings["uncertainty"] = rings["lattice_distance"] * error / rings["radius"]
    return rings


def differing(radii: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return in which rings two members differ by more than one crystal's would.

    Parameters
    ----------
    radii, errors : numpy.ndarray, shape (n_members, n_rings)
        From `member_radii`.

    Returns
    -------
    numpy.ndarray of bool, shape (n_rings,)
    """
    apart = np.abs(radii[:, np.newaxis] - radii)
    mean = (radii[:, np.newaxis] + radii) / 2
    allowed = _TOLERANCE * mean + 3 * np.hypot(errors[:, np.newaxis], errors)
    return (apart > allowed).any(axis=(0, 1))


def _radius_errors(rings: np.ndarray) -> np.ndarray:
    """Return the standard deviations of radii."""
    return rings["radius"] * rings["uncertainty"] / rings["lattice_distance"]
