"""Judgement of maps by virtual dark-field images, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts
from hspy_cnmf.tables import Table

#: Fewer spots may be noise.
_FEW_SPOTS = 3

#: Images in which noise lets no map reach this correlation decide nothing.
_LEAST_POSSIBLE = 0.3

#: By how many standard errors of its correlation an image must be too far from a map.
_SURELY = 2

#: Components of which other starts find less than this are doubtful.
_AGREES = 0.9


def correlations(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Return the correlation of each image and map over positions, shape (n,).

    Parameters
    ----------
    images, maps : numpy.ndarray, shape (n, n_positions)
    """
    size = np.sqrt(variances(images) * variances(maps))
    return covariances(images, maps) / np.where(size > 0, size, 1)


def variances(images: np.ndarray) -> np.ndarray:
    """Return the variance of each image over positions, shape (n,)."""
    return covariances(images, images)


def covariances(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the covariance of each image with another over positions, shape (n,)."""
    means = [v.mean(axis=1, dtype=float, keepdims=True) for v in (images, others)]
    total = np.zeros(len(images))
    for part in column_parts(images.shape[1]):
        own, other = images[:, part] - means[0], others[:, part] - means[1]
        total += np.einsum("ki,ki->k", own, other)
    return total / images.shape[1]


def possible_correlations(images: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the correlation of each image with an exact map, shape (n,).

    Parameters
    ----------
    images : numpy.ndarray, shape (n, n_positions)
    noise : numpy.ndarray, shape (n,)
        Mean variance of the noise in them.
    """
    variance = variances(images)
    share = noise / np.where(variance > 0, variance, np.inf)
    return np.sqrt(np.clip(1 - share, 0, 1))


def judge(
    name: str,
    n_spots: np.ndarray,
    n_own: np.ndarray,
    correlation: np.ndarray,
    possible: np.ndarray,
    agreement: np.ndarray,
    least: float,
    n_positions: int,
) -> Table:
    """Return the table of a check, with what is doubtful.

    Parameters
    ----------
    name : str
        What is judged, "component" or "group".
    n_spots, n_own : numpy.ndarray of int, shape (n,)
        Spots, and those that no other has.
    correlation, possible, agreement : numpy.ndarray, shape (n,)
        See `hspy_cnmf.verification.check_components`.
    least : float
        Smallest correlation, over the possible one.
    n_positions : int
        Over so many correlations are taken: of few they are uncertain.
    """
    surely = _at_most(correlation, n_positions)
    columns = [v.tolist() for v in (n_spots, n_own, surely, possible, agreement)]
    rows = zip(*columns, strict=True)
    reasons = ["; ".join(_reasons(least, *row)) for row in rows]
    return Table.from_columns(
        **{name: np.arange(len(reasons))},
        n_spots=n_spots,
        n_own_spots=n_own,
        correlation=correlation,
        possible_correlation=possible,
        agreement=agreement,
        look_again=[bool(reason) for reason in reasons],
        reason=reasons,
    )


def _at_most(correlation: np.ndarray, n_positions: int) -> np.ndarray:
    """Return what correlations are surely not above, by Fisher's transformation."""
    error = 1 / np.sqrt(max(n_positions - 3, 1))
    with np.errstate(divide="ignore"):  # 1 stays 1
        return np.tanh(np.arctanh(np.clip(correlation, -1, 1)) + _SURELY * error)


def _reasons(
    least: float,
    n_spots: int,
    n_own: int,
    at_most: float,
    possible: float,
    agreement: float,
) -> Iterator[str]:
    """Yield in words what is doubtful."""
    if possible < _LEAST_POSSIBLE and n_spots:
        yield "too few counts in its own spots to tell"
    elif possible < _LEAST_POSSIBLE:
        yield "no spots, and rings that do not vary"
    elif n_spots and not n_own:
        yield "all spots are another's too, so its image shows both"
    elif at_most < least * possible:
        yield f"its {'spots' if n_spots else 'rings'} are not where its map is"
    if 0 < n_spots < _FEW_SPOTS:
        yield "only 1 spot" if n_spots == 1 else f"only {n_spots} spots"
    if agreement < _AGREES:
        yield "other starts found something else"
