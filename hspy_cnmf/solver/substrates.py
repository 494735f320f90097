r"""Substrates: crystals whose whole pattern others hold, as they lie on or in them.

A factorisation is unchanged, but for non-negativity, where some of one pattern is taken
out of another and goes to its own map instead. A film on a crystal is therefore found
with any share of the crystal's spots, whose map lacks it; the share meant is none.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from hspy_cnmf.constraints.ring_quantiles import ring_medians
from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.operators.low_rank import gram_with_another, inverse_in_any_units
from hspy_cnmf.solver.ring_shares import weighted_quantile

#: A spot is above this multiple of the mean of its ring.
_OUTLIER_RATIO = 2

#: Spots that are on fewer pixels, counted by their brightness, may be alike by chance.
_FEWEST_PIXELS = 12

#: Spots of a substrate are as strong in another pattern as its lower quartile: all but
#: one in ten have this part of that at least, and half have no more than this multiple.
_LEAST, _MOST = 0.6, 1.4

#: A pattern that is held less is not seen.
_FAINTEST = 0.02

#: The map of a substrate lacks what the others hold of its pattern, times this at least
#: and at most. Crystals that replace each other lack more.
_LACKING = 0.5, 1 / 0.6

#: Part of a pattern's squares that is not the substrate's, at least: it is no copy.
_OWN = 0.1

#: Part of all electrons of a pattern, and of those in its beam, that may be taken out:
#: enough is left, and a beam may be all the substrate's.
_TAKEN = np.array([[0.75], [1.1]])


def held_and_found(
    patterns: np.ndarray,
    loadings: np.ndarray,
    even: np.ndarray,
    rings: Rings,
    n_beam: int,
    crystals: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return how much of a substrate's pattern each other pattern holds.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_pixels)
        Each of unit sum, or zero.
    loadings : numpy.ndarray, shape (n, n_positions)
    even : numpy.ndarray, shape (n_positions,)
        The map of what is the same at all positions.
    rings : Rings
    n_beam : int
        How many of the innermost rings the direct beam fills.
    crystals : numpy.ndarray of bool, shape (n,)
        Patterns with spots.

    Returns
    -------
    taken, found : numpy.ndarray, shape (n, n)
        Element :math:`a_{cs}` is what to take of pattern s out of pattern c, and what
        there is of it, which is not all to be taken out.

    Notes
    -----
    .. math:: w_s h_s + w_c h_c = w_s (h_s + a h_c) + (w_c - a w_s) h_c

    for any a. A crystal c holds a substrate s if all spots of s, and not only those
    that lattices may share, are in :math:`w_c` with one ratio a, the lower quartile, as
    spots of c may cover some; if :math:`w_c` is more than a copy; and if it has as much
    of the direct beam, too. All is taken out if more than half of the other crystals
    hold s, of those that could unless a single one holds most of it, and if
    :math:`h_s` lacks what they hold, :math:`\sum_c a_c h_c`: that is its coefficient in
    the regression on this sum, all other maps, and an even one. A crystal without a
    tenth of the spots of s holds nothing of it, but may share spots, and says nothing
    for or against it.
    """
    amounts = np.zeros((len(patterns), len(patterns)))
    found = amounts.copy()
    some = np.flatnonzero(crystals & patterns.any(axis=1) & loadings.any(axis=1))
    in_beam = rings.label < n_beam
    shares, able = _shares(np.where(in_beam, 0, patterns[some]), rings)
    products = gram_with_another(loadings, even)
    n_able, totals = able.sum(axis=0).tolist(), loadings.sum(axis=1)
    for s, share, n in zip(some.tolist(), shares.T, n_able, strict=True):
        held = np.zeros(len(patterns))
        held[some] = share
        found[:, s] = held
        n_held = np.count_nonzero(held)
        # One of many may be an ordered phase on it, which has all of its spots.
        is_little = n_held > 1 or held @ totals <= totals[s]
        is_under_most = n_held > (n if is_little else len(some) - 1) / 2
        lacking = _lacking(products, s, held) if is_under_most else 0.0
        if _LACKING[0] < lacking < _LACKING[1]:
            amounts[:, s] = held
    electrons = np.stack([patterns.sum(axis=1), patterns[:, in_beam].sum(axis=1)])
    too_much = electrons @ amounts.T > _TAKEN * electrons
    amounts[too_much.any(axis=0)] = 0
    amounts[:, amounts.any(axis=1)] = 0  # what holds a substrate is pure first
    return amounts, found


def note_of(parameters: dict[str, Any]) -> str:
    """Return what the parameters of a result say of substrates, in words.

    Parameters
    ----------
    parameters : dict
        For each component, ``taken_out`` has the number of others that its pattern was
        taken out of, and ``left_in`` of those that hold it all the same.
    """
    said = []
    for k, n in _some(parameters.get("taken_out", ())):
        held = "held all of its spots: if these are ordered phases of the same lattice"
        said.append(
            f"the pattern of component {k} was taken out of {_others(n)} that {held}, "
            "matrix=None leaves it in"
        )
    # Twins, and a phase with an ordered one, may have all spots of one other.
    for k, n in _some(parameters.get("left_in", ()), 2):
        said.append(
            f"the pattern of component {k} is in that of {_others(n)}, with all of its "
            "spots, and was left there: whether its map should have it is not clear"
        )
    return "; ".join(said)


def _some(numbers: Iterable[int], least: int = 1) -> list[tuple[int, int]]:
    """Return which numbers are not less than that, and these."""
    return [(k, n) for k, n in enumerate(numbers) if n >= least]


def _others(n: int) -> str:
    return "1 other" if n == 1 else f"{n} others"


def _shares(patterns: np.ndarray, rings: Rings) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each pattern is in each other one, by its spots, (n, n).

    And, of the same shape, which patterns could hold any of it, with all of its spots.
    """
    means = rings.means(patterns)[:, rings.label]
    levels = ring_medians(patterns, rings.order, rings.edges)[:, rings.label]
    above = patterns - levels
    shares = np.zeros((len(patterns), len(patterns)))
    able = np.zeros(shares.shape, bool)
    for s, spots in enumerate(patterns > _OUTLIER_RATIO * means):
        bright = above[s, spots]
        if bright.sum() ** 2 <= _FEWEST_PIXELS * (bright @ bright):
            continue
        for c in np.delete(np.arange(len(patterns)), s):
            share, able[c, s] = _one_ratio(above[c, spots], bright)
            if _is_more(above[c], share * above[s]):
                shares[c, s] = share
    return shares, able


def _one_ratio(values: np.ndarray, bright: np.ndarray) -> tuple[float, bool]:
    """Return the ratio of values to those of spots, 0 where it is not the same.

    And whether there is any, of all but one in ten.
    """
    fractions = [0.1, 0.25, 0.5]
    low, share, middle = weighted_quantile(values / bright, bright, fractions)
    is_one = low > _LEAST * share and middle < _MOST * share
    is_any = bool(low > _FAINTEST)
    return float(share) if is_one and share > _FAINTEST else 0.0, is_any


def _is_more(pattern: np.ndarray, held: np.ndarray) -> bool:
    """Return whether a pattern has spots beside those that it holds."""
    own, every = np.maximum(pattern - held, 0), np.maximum(pattern, 0)
    return bool(own @ own > _OWN * (every @ every))


def _lacking(products: np.ndarray, s: int, shares: np.ndarray) -> float:
    """Return how much map s lacks of the sum of others, times their shares."""
    others = np.flatnonzero(np.append(shares == 0, True))
    one = np.eye(len(products))
    rows = np.vstack([one[others[others != s]], np.append(shares, 0), one[s]])
    gram = rows @ products @ rows.T
    inverse = inverse_in_any_units(gram)
    return float(inverse[-1, -2] / inverse[-1, -1]) if inverse[-1, -1] > 0 else 0.0
