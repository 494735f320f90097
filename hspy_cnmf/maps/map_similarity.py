"""Similarity of maps, wherever in the scan their bright regions lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from hspy_cnmf.maps._checks import check_finite

BLOCK_VALUES = 1_000_000
"""Values of the cross-correlations that are held at a time: 4 MB."""

EVEN = 1e-6
"""A map that varies by less than this, relative to its largest value, is even."""


def map_similarity(maps: ArrayLike) -> np.ndarray:
    r"""Return the largest normalised cross-correlation of every pair of maps.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n_maps, *navigation_shape)
        Maps with one to three navigation axes; NaN marks masked positions.

    Returns
    -------
    numpy.ndarray, shape (n_maps, n_maps)
        Symmetric, in [0, 1], 1 on the diagonal. Accurate to about 1e-6.

    Raises
    ------
    ValueError
        If the array has another number of axes or no positions, or if values are
        infinite.

    Notes
    -----
    .. math:: \max_d \frac{\sum_x a(x)\, b(x + d)}
                          {\sqrt{\sum_x a(x)^2 \sum_x b(x)^2}}

    over all shifts d by whole positions, of maps a and b minus their means: Fig. 6e
    of Kimoto et al., Sci. Rep. (2024), doi:10.1038/s41598-024-53289-5. Mean and sums
    are over the positions of a map that are not masked. What is masked or outside the
    scan counts as zero, the mean of the map, and the denominator is the same for all
    shifts: maps that hardly overlap are hardly similar. Shifts are not circular. The
    correlations over all shifts are 0 in sum, so the largest is never negative. An
    even map has no structure: its similarity to all others is 0.
    """
    maps = _checked(maps)
    # All shifts, 2 n - 1 along an axis, without one that wraps around.
    padded = [fft.next_fast_len(2 * size - 1, real=True) for size in maps.shape[1:]]
    axes = tuple(range(1, len(padded) + 1))
    spectra, even = _spectra(maps, padded)
    similarity = np.eye(len(maps))
    length = max(1, BLOCK_VALUES // int(np.prod(padded)))
    first, second = np.triu_indices(len(maps), 1)
    for start in range(0, first.size, length):
        i, j = first[start : start + length], second[start : start + length]
        product = spectra[i].conj()
        product *= spectra[j]
        correlation = fft.irfftn(
            product, padded, axes=axes, workers=-1, overwrite_x=True
        )
        similarity[i, j] = similarity[j, i] = correlation.max(axis=axes)
    similarity[even[:, np.newaxis] | even] = 0
    np.fill_diagonal(similarity, 1)
    return np.clip(similarity, 0, 1)


def _checked(maps: ArrayLike) -> np.ndarray:
    maps = np.asarray(maps)
    if not 2 <= maps.ndim <= 4 or 0 in maps.shape[1:]:
        raise ValueError(
            "maps must be a stack of maps with one to three navigation axes, shape "
            f"(n_maps, *navigation_shape), got shape {maps.shape}."
        )
    check_finite(maps)
    return maps


def _spectra(maps: np.ndarray, padded: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectra of padded unit maps, and which maps are even.

    Maps are taken one by one: what is made of all of them is four times as large.
    """
    shape = *padded[:-1], padded[-1] // 2 + 1
    spectra = np.empty((len(maps), *shape), np.complex64)
    even = np.empty(len(maps), bool)
    for i, values in enumerate(maps):
        unit = _unit_map(values)
        even[i] = not unit.any()
        spectra[i] = fft.rfftn(unit, padded, workers=-1)
    return spectra, even


def _unit_map(values: np.ndarray) -> np.ndarray:
    """Return a map of zero mean and unit norm in single precision; 0 if it is even."""
    valid = ~np.isnan(values)
    values = np.where(valid, values, 0).astype(float)
    # Scaled first, so that squares neither overflow nor vanish.
    values /= np.abs(values).max() or 1
    mean = values.sum() / max(np.count_nonzero(valid), 1)
    values = np.where(valid, values - mean, 0)
    if np.abs(values).max() < EVEN:
        values[...] = 0
    return (values / (np.linalg.norm(values) or 1)).astype(np.float32)
