"""Similarity of maps, wherever in the scan their bright regions lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from hspy_cnmf.maps._checks import check_finite

BLOCK_VALUES = 1_000_000
"""Values of the cross-correlations that are held at a time: 4 MB."""

SPECTRA_VALUES = 2_000_000
"""Values of the spectra that are held at a time, 16 MB, but of three maps at least.

More would save a seventh of the time, and take more memory than all else here."""

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

    The time grows as n² N log N of n maps of N positions. Spectra of many large maps
    are not all held at once, but made again for some of the pairs.
    """
    maps = _checked(maps)
    # All shifts, 2 n - 1 along an axis, without one that wraps around.
    padded = [fft.next_fast_len(2 * size - 1, real=True) for size in maps.shape[1:]]
    similarity = np.eye(len(maps))
    held = max(3, 2 * SPECTRA_VALUES // int(np.prod(padded)))
    for start in range(0, len(maps), held):
        spectra = [_spectrum(each, padded) for each in maps[start : start + held]]
        for j in range(start + 1, len(maps)):
            is_held = j < start + held
            spectrum = spectra[j - start] if is_held else _spectrum(maps[j], padded)
            earlier = slice(start, min(j, start + held))
            largest = _largest_correlations(spectra[: j - start], spectrum, padded)
            similarity[earlier, j] = similarity[j, earlier] = largest
    return np.clip(similarity, 0, 1)


def _largest_correlations(
    spectra: list[np.ndarray], other: np.ndarray, padded: list[int]
) -> np.ndarray:
    """Return the largest correlation over shifts of some maps with another one."""
    axes = tuple(range(1, len(padded) + 1))
    length = max(1, BLOCK_VALUES // int(np.prod(padded)))
    largest = []
    for start in range(0, len(spectra), length):
        product = np.conj(spectra[start : start + length])
        product *= other
        correlation = fft.irfftn(
            product, padded, axes=axes, workers=-1, overwrite_x=True
        )
        largest.append(correlation.max(axis=axes))
    return np.concatenate(largest)


def _checked(maps: ArrayLike) -> np.ndarray:
    maps = np.asarray(maps)
    if not 2 <= maps.ndim <= 4 or 0 in maps.shape[1:]:
        raise ValueError(
            "maps must be a stack of maps with one to three navigation axes, shape "
            f"(n_maps, *navigation_shape), got shape {maps.shape}."
        )
    check_finite(maps)
    return maps


def _spectrum(values: np.ndarray, padded: list[int]) -> np.ndarray:
    """Return the spectrum of a padded unit map."""
    return fft.rfftn(_unit_map(values), padded, workers=-1)


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
