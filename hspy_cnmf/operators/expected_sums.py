"""Sums of patterns, by which data are known again that were read before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hspy_cnmf.operators.blocks import Extent

#: How far sums of patterns may differ, in proportion, that are read twice.
_SAME_SUM = 1e-5


def check_sums(
    expected: np.ndarray,
    keep_positions: np.ndarray,
    extents: Sequence[Extent],
    shares: Iterable[np.ndarray],
) -> None:
    """Raise a ValueError if patterns are not those that were read before.

    Parameters
    ----------
    expected : numpy.ndarray, shape (n_positions,)
        Sum of each pattern that takes part.
    keep_positions : numpy.ndarray of bool, shape of a map
        Positions that take part.
    extents : sequence of Extent
        Rows of blocks.
    shares : iterable of numpy.ndarray
        Sums of the patterns of each.
    """
    for extent, sums in zip(extents, shares, strict=True):
        own = expected[extent.target]
        # Written so that NaN is another.
        wrong = ~(np.abs(sums - own) <= _SAME_SUM * np.abs(own))
        if wrong.any():
            i = np.argmax(wrong)
            index = np.argwhere(keep_positions)[extent.target[i]][::-1]
            raise ValueError(
                "The sketch is not one of these data, or they have changed: it "
                f"says otherwise at navigation index {tuple(map(int, index))}, "
                f"where counts add up to {sums[i]:.6g}, not {own[i]:.6g}. "
                "Make one with hspy_cnmf.make_sketch, or give a path where there "
                "is none yet."
            )
