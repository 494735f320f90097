"""Patterns that are one but for their scale: the camera length may have changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from skimage.transform import warp_polar

from hspy_cnmf.solver.agreement import unit_rows

#: Step of the scale, and the largest that is looked for, as a camera length drifts.
_STEP, _MOST = 0.005, 0.06

#: Less is what a lattice may differ by between crystals of one scan.
_LEAST = 0.01

#: Cosine of patterns that are one, if scaled.
_ALIKE = 0.95

#: Part of what two patterns differ by that may be left when one is scaled.
_LEFT = 0.5

#: Azimuths, and the part of the largest radius from which on patterns are compared.
_AZIMUTHS, _INNERMOST = 180, 1 / 8


class ScaledPair(NamedTuple):
    """Two patterns of which the second is the first, scaled."""

    first: int
    second: int
    scale: float


def scaled_pairs(patterns: np.ndarray, center: tuple[float, ...]) -> list[ScaledPair]:
    """Return the pairs of patterns whose spots are alike but for a scale.

    In radii whose logarithms are evenly spaced, a scaled pattern is a shifted one. Of
    each ring the median over azimuths is taken off, as rings are alike in many patterns
    and too wide to tell a scale by. The cost grows with patterns times pixels, and with
    pairs of patterns times some 60,000 samples.

    Parameters
    ----------
    patterns : numpy.ndarray, shape (n, n_rows, n_columns)
        NaN where masked.
    center : tuple of float
        Row and column about which they may be scaled, in pixels.

    Returns
    -------
    list of ScaledPair
        Scales within 6 %, that differ from 1 by 1 % or more.
    """
    spots = _spots(np.nan_to_num(patterns), center)
    most = round(_MOST / _STEP)
    steps = range(-most, most + 1)
    cosines = np.stack([_cosines(spots, step) for step in steps])
    best = cosines.argmax(axis=0)
    highest, unscaled = cosines.max(axis=0), cosines[most]
    scales = np.exp(_STEP * (best - most))
    told = (
        (highest >= _ALIKE)
        & (1 - highest <= _LEFT * (1 - unscaled))
        & (abs(scales - 1) >= _LEAST)
    )
    return [
        ScaledPair(int(i), int(j), float(scales[i, j]))
        for i, j in np.argwhere(np.triu(told, 1))
    ]


def _spots(patterns: np.ndarray, center: tuple[float, ...]) -> np.ndarray:
    """Return what stands above rings, shape (n, n_log_radii, azimuths)."""
    sides = np.subtract(patterns.shape[1:], 1)
    largest = float(min(*center, *np.subtract(sides, center)))
    n_radii = max(int(np.log(max(largest, 2)) / _STEP), 1)
    innermost = max(int(n_radii + np.log(_INNERMOST) / _STEP), 0)
    spots = []
    for pattern in patterns:
        polar = warp_polar(
            pattern,
            center=center,
            radius=largest,
            output_shape=(_AZIMUTHS, n_radii),
            scaling="log",
        ).T
        levels = np.median(polar, axis=1, keepdims=True)
        spots.append(np.clip(polar - levels, 0, None)[innermost:])
    return np.stack(spots)


def _cosines(spots: np.ndarray, step: int) -> np.ndarray:
    """Return cosines of patterns, scaled by so many steps, with all others."""
    n_radii = spots.shape[1]
    # A sample stands for as many pixels as the square of its radius.
    radii = np.exp(_STEP * np.arange(n_radii - abs(step)))[:, np.newaxis]
    windows = (
        spots[:, max(k, 0) : n_radii - max(-k, 0)] * radii for k in (-step, step)
    )
    scaled, others = (unit_rows(window.reshape(len(spots), -1)) for window in windows)
    return scaled @ others.T
