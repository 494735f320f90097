"""Criteria of the number of components: what the curves of a scan say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: A further component follows PCA if it lowers the error by at least this share of
#: what it lowers that of PCA. One that the data hold does by nearly all of it; one that
#: fits noise by about half, since factors and loadings must not be negative.
FOLLOWS = 0.7

#: Median similarity from which on starts agree; see `hspy_cnmf.solver.result.SAME`.
AGREES = 0.95

#: An error this far from the noise floor is of counts that are not as assumed, or of
#: a model that is not right.
_NEAR_FLOOR = 0.1


def found_choice(numbers: np.ndarray, n_found: int | None) -> int | None:
    """Return the index of the number of components that are more than noise.

    Parameters
    ----------
    numbers : numpy.ndarray of int, shape (n_numbers,)
        Increasing numbers of components.
    n_found : int or None
        How many are left of the largest number of them, None where not known.

    Returns
    -------
    int or None
        The smallest number that has room for them; None where all are left, so that
        there may be more.
    """
    if n_found is None or n_found >= numbers[-1]:
        return None
    return int(np.searchsorted(numbers, n_found))


def held_out_choice(errors: np.ndarray) -> int | None:
    """Return the index of the smallest number that predicts as well as the best.

    Parameters
    ----------
    errors : numpy.ndarray, shape (n_scores, n_numbers)
        Held-out errors, each row but for a constant; NaN where not known.

    Returns
    -------
    int or None
        The first number whose mean error is above the lowest by no more than the
        standard error of the difference (Hastie, Tibshirani & Friedman 2009, 7.10);
        None where nothing is known.
    """
    known = ~np.isnan(errors).any(axis=0)
    if not known.any():
        return None
    best = np.nanargmin(np.where(known, errors.mean(axis=0), np.nan))
    excess = errors - errors[:, [best]]
    limit = excess.std(axis=0, ddof=1) / np.sqrt(len(errors))
    return int(np.flatnonzero(known & (excess.mean(axis=0) <= limit))[0])


def departure(error: np.ndarray, pca_error: np.ndarray) -> int:
    r"""Return the index of the last number up to which NMF follows PCA.

    Parameters
    ----------
    error, pca_error : numpy.ndarray, shape (n_numbers,)
        Lowest error of NMF, and that of PCA, of increasing numbers of components.

    Returns
    -------
    int

    Notes
    -----
    As long as a further component follows, :math:`E_{NMF} - q E_{PCA}` falls, with q
    for `FOLLOWS`; the lowest is where it does so in sum, so that one bad start, or one
    good one, does not decide.
    """
    return int(np.argmin(error - FOLLOWS * pca_error))


def last_agreement(agreement: np.ndarray) -> int | None:
    """Return the index of the last number at which starts agree on all components.

    Parameters
    ----------
    agreement : numpy.ndarray, shape (n_numbers,)
        Median agreement of the worst component; NaN where there was one start.

    Returns
    -------
    int or None
        None where starts never agree, or nothing is known.
    """
    agree = np.flatnonzero(agreement >= AGREES)
    return int(agree[-1]) if agree.size else None


def suggestion(choices: Mapping[str, int | None]) -> tuple[int, str]:
    """Return the index that the criteria suggest, and which one decides.

    The held-out error does where PCA, or the agreement of starts, says the same; else
    how many components are more than noise; then the others.

    Parameters
    ----------
    choices : dict
        Index by criterion, "found", "held_out", "departure" and "agreement"; or None.

    Returns
    -------
    index : int
    criterion : str
    """
    held_out = choices["held_out"]
    others = choices["departure"], choices["agreement"]
    if held_out is not None and held_out in others:
        return held_out, "held_out"
    for criterion in ("found", "held_out", "departure"):
        index = choices[criterion]
        if index is not None:
            return index, criterion
    raise ValueError("No criterion is known.")


def words(
    numbers: np.ndarray,
    choices: Mapping[str, int | None],
    index: int,
    decided_by: str,
    error: np.ndarray,
    floor: np.ndarray,
    floor_note: str,
    width: float = 0.0,
) -> str:
    """Return in words why a number of components is suggested.

    Parameters
    ----------
    numbers : numpy.ndarray of int
        Numbers of components.
    choices : dict
        See `suggestion`.
    index : int
        What is suggested.
    decided_by : str
        The criterion that decided.
    error, floor : numpy.ndarray, shape (n_numbers,)
        Lowest error, and the noise floor, NaN where it is not known.
    floor_note : str
        Where the floor comes from, or why there is none.
    width : float, default 0
        Full width at half maximum over which neighbours were pooled for the held-out
        error, in steps; 0 where they were not.

    Returns
    -------
    str
    """
    held_out = "the held-out error is lowest at {}, within its uncertainty"
    if width:
        held_out += f" (counts are few: neighbours were pooled over {width:g} steps)"
    says = {
        "found": f"of {numbers[-1]} components {{}} are more than noise",
        "held_out": held_out,
        "departure": "NMF leaves PCA after {}",
        "agreement": "restarts agree on all components up to {}",
    }
    unknown = {
        "found": f"all of {numbers[-1]} components are more than noise",
        "held_out": "there is no held-out error",
        "departure": "NMF does not follow PCA",
        "agreement": "restarts do not agree at any number, or there was one only",
    }
    order = sorted(says, key=lambda name: name != decided_by)
    parts = [
        unknown[name] if choices[name] is None else says[name].format(numbers[i])
        for name in order
        for i in [choices[name]]
    ]
    parts.append(_about_floor(error[index], floor[index], numbers[index], floor_note))
    number = numbers[index]
    text = f"{number} component{'' if number == 1 else 's'}: " + "; ".join(parts) + "."
    can_be_fewer = index == 0 and number > 1
    if len(numbers) > 1 and (can_be_fewer or index == len(numbers) - 1):
        more = "fewer" if index == 0 else "more"
        text += f" This is the end of the range: try {more} components."
    return text


def _about_floor(error: float, floor: float, number: int, note: str) -> str:
    if np.isnan(floor):
        return f"the noise floor is {note}"
    ratio = error / floor
    text = f"the error at {number} is {ratio:.3f} times the noise floor ({note})"
    if abs(ratio - 1) <= _NEAR_FLOOR:
        return text
    reason = "these" if ratio < 1 else "the model is too simple, or these"
    return f"{text}: {reason} are not such counts, and want another gain="
