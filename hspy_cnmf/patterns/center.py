"""Centre of a mean diffraction pattern: where the direct beam is, or would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, ndimage
from skimage.feature import peak_local_max

from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.patterns.bright_lines import bright_lines
from hspy_cnmf.patterns.landmarks import find_landmark

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

#: Longest side of the patterns that are compared; larger ones are binned first.
_LONGEST = 256

#: Standard deviation in pixels of the smoothing that suppresses noise of few counts.
_BLUR = 0.7

#: Quantile at which the second view cuts pixels off: spots cover less than the rest.
_CUT = 0.95

#: Places at which the symmetry of a view has a maximum that are looked at.
_N_CANDIDATES = 6

#: Least symmetry, and least sum of symmetry and share of the rings, of a centre.
_LEAST_SYMMETRY, _LEAST_SCORE = 0.2, 0.75

#: A landmark counts this much more than a place that is symmetric only.
_LANDMARK = 2.0

#: Symmetry of a place that may stand for the landmark that it lies in.
_SURE_SYMMETRY = 0.5

#: Distance at which a centre is doubted: in pixels, and of the longest side.
_FAR, _FAR_SHARE = 2.0, 0.01


@dataclass(frozen=True)
class _Symmetry:
    """How much of a pattern is its own inverse, on a grid of half pixels.

    Parameters
    ----------
    values : numpy.ndarray, shape (rows, columns)
        The pattern, 0 where masked.
    known : numpy.ndarray of bool, of the same shape
        False where masked.
    likeness : numpy.ndarray, shape (2 rows - 1, 2 columns - 1)
        Correlation coefficient of the pattern with its inverse about that place.
    score : numpy.ndarray, of the same shape
        Its square, times the share of the contrast that has a partner, square root.
    """

    values: Floats
    known: Bools
    likeness: Floats
    score: Floats


def estimate_center(mean_pattern: ArrayLike) -> tuple[float, float]:
    r"""Return the centre of a mean diffraction pattern, row and column in pixels.

    Parameters
    ----------
    mean_pattern : array_like, shape (rows, columns)
        NaN where masked.

    Returns
    -------
    tuple of float
        To about a quarter of a pixel.

    Raises
    ------
    ValueError
        If nothing is known of the pattern, or no place stands out as its centre.

    Notes
    -----
    A centre is a place about which the pattern is its own inverse (Friedel's law) and
    made of rings. Over the pixels x whose partners 2 c - x are on the detector and not
    masked, with f the square root of counts, which keeps a few bright pixels from
    deciding,

    .. math:: s(c) = \rho^2 \sqrt{\frac{\sum_x f(x)^2}{\sum_{\mathrm{all}} f^2}}

    where :math:`\rho` is the correlation coefficient of f(x) and f(2 c - x), and sums
    are over what deviates from the mean. It is computed for all half pixels by Fourier
    transforms with zeros around, so that no place is mistaken for the one half a
    detector away. At its highest maxima the share of the variance that the means of
    rings explain is added, and the best is the centre. A bright spot far from the
    others is its own inverse, too, and may hold most of the variance. So the sum is
    taken of two views of the pattern: as it is, and with its brightest twentieth of
    pixels cut off at the same level. The direct beam, where it
    saturates a disc of pixels, and a round hole that a mask leaves count
    more than other places, as long as it is the only one of its size. Bright lines of
    the detector are left out: see `hspy_cnmf.patterns.bright_lines`.
    """
    pattern = _checked(mean_pattern)
    binning = int(np.ceil(max(pattern.shape) / _LONGEST))
    row, column = (_estimate(_bin(pattern, binning)) + 0.5) * binning - 0.5
    return float(row), float(column)


def doubt_of_center(center: ArrayLike, mean_pattern: ArrayLike) -> str:
    """Return in words that a mean pattern has another centre, "" if it has not.

    Parameters
    ----------
    center : tuple of float
        Row and column in pixels, as calibrated.
    mean_pattern : array_like, shape (rows, columns)
        NaN where masked.

    Returns
    -------
    str
        Empty, too, where the pattern does not tell: see `estimate_center`.
    """
    try:
        found = estimate_center(mean_pattern)
    except ValueError:
        return ""
    given = np.asarray(center, dtype=float)
    distance = float(np.hypot(*(given - found)))
    if distance <= max(_FAR, _FAR_SHARE * max(np.shape(mean_pattern))):
        return ""
    return (
        "Patterns are taken to be centred at (row, column) = "
        f"({given[0]:.1f}, {given[1]:.1f}), as calibrated, but their mean is centred "
        f"at ({found[0]:.1f}, {found[1]:.1f}), {distance:.1f} pixels away: rings and "
        f"turns are wrong about a wrong centre. Set s.calibration.center = "
        f"({found[1]:.1f}, {found[0]:.1f}), which is (x, y), unless you know better."
    )


def _estimate(pattern: Floats) -> Floats:
    """Return the centre of a pattern that is not too large."""
    scattered = np.where(bright_lines(pattern), np.nan, pattern)
    values, known = _prepare(scattered)
    if not known.any():
        raise _unsure("masked pixels are everywhere")
    cut = np.minimum(values, np.quantile(values[known], _CUT))
    views = [_symmetry(values, known), _symmetry(cut, known)]
    places: Floats = np.vstack([_maxima(view.score) for view in views]) / 2
    landmark = find_landmark(scattered, np.isfinite(pattern))
    if landmark is not None:
        places = np.vstack([places, landmark[1]])
    if not len(places):
        raise _unsure("it is even everywhere")
    scores = np.stack([_scores(views, place) for place in places], axis=1)
    told = scores.sum(axis=2)
    weights = np.ones(len(places))
    if landmark is not None:
        radius, middle = landmark
        within = np.hypot(*(places - middle).T) <= radius
        weights[within & (scores[..., 0].mean(axis=0) >= _SURE_SYMMETRY)] = _LANDMARK
        weights[-1] = _LANDMARK
    best = int(np.argmax(weights * told.mean(axis=0)))
    if landmark is not None and best == len(places) - 1:
        return middle
    surer = int(told[:, best].argmax())
    likeness, share = scores[surer, best]
    if likeness < _LEAST_SYMMETRY or likeness + share < _LEAST_SCORE:
        raise _unsure(
            f"the best has a symmetry of {likeness:.2f} and rings that explain "
            f"{share:.0%} of the pattern"
        )
    return _refine(views[surer], places[best])


def is_even(mean_pattern: ArrayLike) -> bool:
    """Whether a pattern is much the same all over the detector, as of noise alone.

    Parameters
    ----------
    mean_pattern : array_like, shape (rows, columns)
        NaN where masked.

    Notes
    -----
    Means of the squares of a grid of four by four differ by less than half.
    """
    pattern = np.asarray(mean_pattern, dtype=float)
    squares = [
        part[np.isfinite(part)]
        for rows in np.array_split(pattern, 4)
        for part in np.array_split(rows, 4, axis=1)
    ]
    means = [part.mean() for part in squares if part.size]
    return bool(means) and max(means) <= 1.5 * min(means)


def _unsure(reason: str) -> ValueError:
    return ValueError(
        "The centre of the patterns cannot be told from their mean pattern: no place "
        f"stands out ({reason}). Give it: s.calibration.center = (x, y) in pixels."
    )


def _checked(mean_pattern: ArrayLike) -> Floats:
    pattern = np.asarray(mean_pattern, dtype=float)
    if pattern.ndim != 2 or min(pattern.shape) < 3:
        raise ValueError(
            "A mean pattern of at least 3 x 3 pixels is needed to find its centre, got "
            f"shape {pattern.shape}. Say where it is, or leave out what needs it, such "
            "as the rings of factors (factor_constraint=None)."
        )
    if not np.isfinite(pattern).any():
        raise ValueError("The mean pattern is masked or NaN everywhere.")
    return np.where(np.isfinite(pattern), pattern, np.nan)


def _bin(pattern: Floats, binning: int) -> Floats:
    """Return means of squares of pixels, NaN where one is; rests are left out."""
    rows, columns = (n // binning for n in pattern.shape)
    whole = pattern[: rows * binning, : columns * binning]
    return whole.reshape(rows, binning, columns, binning).mean(axis=(1, 3))


def _prepare(pattern: Floats) -> tuple[Floats, Bools]:
    """Return square roots of counts without hot pixels, smoothed, 0 where masked."""
    known = np.isfinite(pattern)
    around = np.ones((3, 3), dtype=bool)
    around[1, 1] = False
    filled = np.where(known, pattern, 0)
    brightest = ndimage.maximum_filter(filled, footprint=around, mode="nearest")
    values = np.sqrt(np.clip(np.minimum(filled, brightest), 0, None))
    weight = ndimage.gaussian_filter(known.astype(float), _BLUR)
    smooth = ndimage.gaussian_filter(values, _BLUR) / np.maximum(weight, 1e-9)
    return np.where(known, smooth, 0), known


def _symmetry(values: Floats, known: Bools) -> _Symmetry:
    rows, columns = known.shape
    size = [fft.next_fast_len(2 * n, real=True) for n in known.shape]

    def transform(image: Floats) -> NDArray:
        return fft.rfft2(image, size)

    def inverse(product: NDArray) -> Floats:
        return fft.irfft2(product, size)[: 2 * rows - 1, : 2 * columns - 1]

    deviation = np.where(known, values - values[known].mean(), 0)
    contrast = (deviation**2).sum()
    if not contrast > 1e-12 * (values**2).sum():
        even = np.zeros((2 * rows - 1, 2 * columns - 1))
        return _Symmetry(values, known, even, even)
    image, mask = transform(deviation), transform(known.astype(float))
    count = np.maximum(inverse(mask**2), 1)
    mean = inverse(image * mask) / count
    covariance = inverse(image**2) - count * mean**2
    variance = inverse(transform(deviation**2) * mask) - count * mean**2
    variance = np.clip(variance, 1e-6 * contrast, None)
    likeness = np.clip(covariance / variance, 0, 1)
    score = likeness**2 * np.sqrt(variance / contrast)
    return _Symmetry(values, known, likeness, score)


def _maxima(score: Floats) -> NDArray[np.intp]:
    return peak_local_max(
        score, min_distance=3, num_peaks=_N_CANDIDATES, exclude_border=False
    )


def _scores(views: list[_Symmetry], place: Floats) -> Floats:
    """Return the symmetry of views about a place, and the share that rings explain."""
    nearest, known = tuple(np.rint(2 * place).astype(int)), views[0].known
    rings = Rings.from_radii(pixel_radii(known.shape, place)[known])
    scores = []
    for view in views:
        pixels = view.values[known]
        rest = pixels - rings.means(pixels)[rings.label]
        free = max(pixels.size - rings.n_rings, 1)
        share = 1 - (rest**2).sum() / free / max(pixels.var(), 1e-300)
        scores.append((view.score[nearest], max(share, 0)))
    return np.array(scores)


def _refine(symmetry: _Symmetry, place: Floats) -> Floats:
    """Return the vertex of the parabolas through the symmetry beside a place."""
    at = np.rint(2 * place).astype(int)
    if (at < 1).any() or (at > np.array(symmetry.score.shape) - 2).any():
        return place
    moves = []
    for step in np.eye(2, dtype=int):
        before, here, after = (
            symmetry.likeness[tuple(at + s * step)] for s in (-1, 0, 1)
        )
        bend = before - 2 * here + after
        moves.append((before - after) / (2 * bend) if bend < 0 else 0.0)
    return (at + np.clip(moves, -1, 1)) / 2
