"""Bad pixels of a detector, found in the sums over a scan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, stats

from hspy_cnmf.patterns.dead_modules import expected_in_modules, solid
from hspy_cnmf.patterns.hot_pixels import NEIGHBOURS, at_most, towering, towering_blocks
from hspy_cnmf.patterns.label_quantiles import label_quantiles
from hspy_cnmf.patterns.uneven_lines import uneven_lines

#: Chance of one pixel in a pattern that is called bad and is none.
_FALSE_ALARM = 0.01

#: Largest share of a pattern that a region without counts, or with constant ones, may
#: have and be the detector's by what is beside it: beyond, patterns are dark there by
#: themselves, unless their rings tell otherwise.
_LARGEST_REGION = 0.15

#: A dead region of values that are no counts, of which chance says nothing, lies where
#: the pattern has at least this share of its median.
_LEAST_LEVEL = 0.1

#: Darkest pixels that may be damaged and do not tell how sharp a pattern is.
_N_WEAK = 2


@dataclass(frozen=True, eq=False)
class BadPixels:
    """Pixels that do not count electrons.

    Parameters
    ----------
    dead : numpy.ndarray of bool, shape of a pattern
        Without counts where the pixels around, or those of the same ring, have many:
        gaps between tiles and dark modules, too.
    stuck : numpy.ndarray of bool, shape of a pattern
        The same counts at every position, though counts scatter: saturated, or
        overwritten.
    hot : numpy.ndarray of bool, shape of a pattern
        Far more counts than the sharpest spot allows beside such neighbours. Spots
        within a single pixel do, too; see
        `hspy_cnmf.patterns.hot_pixels.tell_hot_pixels`.
    flickering : numpy.ndarray of bool, shape of a pattern
        Far more counts than all around, at a few positions only: also cosmic rays.
        See `hspy_cnmf.patterns.flicker`.
    uneven : numpy.ndarray of bool, shape of a pattern
        Rows and columns that count so many times what those beside do, as the wide
        pixels at the seams of tiles; see `hspy_cnmf.patterns.uneven_lines`.
    gain : float
        What one electron counts.
    """

    dead: np.ndarray
    stuck: np.ndarray
    hot: np.ndarray
    flickering: np.ndarray
    uneven: np.ndarray
    gain: float = 1.0

    @classmethod
    def of_nothing(cls, shape: tuple[int, ...]) -> BadPixels:
        """Return that all pixels are good."""
        return cls(*np.zeros((5, *shape), bool))

    @property
    def all(self) -> np.ndarray:
        """All of them, shape of a pattern."""
        return self.dead | self.stuck | self.hot | self.flickering | self.uneven

    def summary(self) -> str:
        """Return how many there are of each kind, and where the first is."""
        kinds = [
            f"{np.count_nonzero(where)} {name} (the first at {_first(where)})"
            for name, where in (
                ("dead", self.dead),
                ("stuck", self.stuck),
                ("hot", self.hot),
                ("flickering", self.flickering),
                ("in uneven rows or columns", self.uneven),
            )
            if where.any()
        ]
        return ", ".join(kinds) if kinds else "none"


def _first(where: np.ndarray) -> str:
    row, column = np.argwhere(where)[0]
    return f"x = {column}, y = {row}"


def find_bad_pixels(
    sums: np.ndarray, square_sums: np.ndarray, n_positions: int
) -> BadPixels:
    r"""Find the pixels that do not count electrons.

    Parameters
    ----------
    sums : numpy.ndarray, shape (rows, columns)
        Counts in each pixel, summed over all positions; NaN where masked.
    square_sums : numpy.ndarray, shape (rows, columns)
        Sums of the squares of counts.
    n_positions : int
        Number of positions.

    Returns
    -------
    BadPixels

    Notes
    -----
    Counts are told from other values by their index of dispersion, the variance over
    the mean, whose tenth percentile over the pattern, over that of counts, is taken as
    the gain :math:`g`: specimens only add to it. Cost grows with the pixels alone.
    Patterns that are all the same tell of no dead and of no hot pixels.

    A connected region without counts is dead if its neighbours say so: by chance
    :math:`N e^{-r m / g} < 0.01` regions of :math:`N` pixels would be dark, where
    :math:`m` is the lower quartile of the sums around. The sharpness :math:`r` of the
    pattern is how far, beyond chance, live pixels fall below theirs: between sharp
    spots it is dark, too. A whole row or column is dead if the median of the lower of
    its two neighbours, times half of its length, is as much: of lines few counts tell.
    Modules of any size, and shadows of a beam stop, are dead if the lower quartile of
    what is left of their ring is as much; see `hspy_cnmf.patterns.dead_modules`.

    A pixel is stuck if its variance is zero and that is less likely than 0.01, too. A
    pixel is hot if it exceeds the background :math:`b`, the lower fifth of five by
    five pixels, by more than ten times of what its third brightest neighbour, by
    chance, may (the ratio is :math:`e^{1 / 2 \sigma^2}` for a spot of standard
    deviation :math:`\sigma`, in pixels), and by eight times :math:`\sqrt{g b}`. Of two
    by two, each exceeds those around a hundred times: the ratio is its square.
    """
    known = np.isfinite(sums)
    if np.count_nonzero(known) < 9 or not np.nanmax(sums) > 0:
        return BadPixels.of_nothing(sums.shape)
    mean = np.where(known, sums, 0) / n_positions
    variance = np.where(known, square_sums, 0) / n_positions - mean**2
    # What rounding leaves of equal squares.
    constant = known & (mean > 0) & (variance <= 1e-12 * mean**2)
    varying = known & (mean > 0) & ~constant
    gain = _gain(mean, variance, varying, n_positions)
    stuck = _stuck(sums, constant, known, gain, n_positions)
    if n_positions > 1 and not varying.any():
        return replace(BadPixels.of_nothing(sums.shape), stuck=stuck)
    dead = _dead(sums, known & ~stuck, gain)
    left = known & ~stuck & ~dead
    uneven = uneven_lines(sums, left, gain)
    level = left & ~uneven
    hot = towering(sums, level, gain) | towering_blocks(sums, level, gain)
    return BadPixels(dead, stuck, hot, np.zeros(sums.shape, bool), uneven, gain)


def _gain(
    mean: np.ndarray, variance: np.ndarray, varying: np.ndarray, n_positions: int
) -> float:
    """Return what one electron counts, if counts are those of electrons."""
    if n_positions < 3 or not varying.any():
        return 1.0
    dispersion = variance[varying] / mean[varying] * n_positions
    # Of few positions, even counts have a low one now and then.
    of_counts = stats.chi2.ppf(0.1, n_positions - 1)
    return max(float(np.quantile(dispersion, 0.1) / of_counts), np.finfo(float).tiny)


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.all(values == np.round(values)))


def _stuck(
    sums: np.ndarray,
    constant: np.ndarray,
    known: np.ndarray,
    gain: float,
    n_positions: int,
) -> np.ndarray:
    """Return which pixels are constant by more than chance."""
    nothing = np.zeros(known.shape, bool)
    n_known = np.count_nonzero(known)
    n_constant = np.count_nonzero(constant)
    # Noise-free simulations are constant wherever one pattern is alone.
    if (
        not n_constant
        or n_constant > _LARGEST_REGION * n_known
        or not _are_whole(sums[known])
    ):
        return nothing
    counts = np.where(known, sums, 0) / n_positions / gain
    # The likeliest count of a Poisson distribution of large mean, or of mean one.
    likeliest = np.minimum(1 / np.sqrt(2 * np.pi * np.maximum(counts, 1)), np.exp(-1))
    chance = np.log(n_known) + (n_positions - 1) * np.log(likeliest)
    return constant & (chance < np.log(_FALSE_ALARM))


def _dead(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which pixels have no counts though there are many beside, or in rings."""
    modules = _dead_modules(sums, known, gain)
    known = known & ~modules
    lines = _dead_lines(sums, known, gain)
    lines |= _dead_lines(sums.T, known.T, gain).T
    return modules | lines | _dead_regions(sums, known & ~lines, gain)


def _dead_modules(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which large regions have no counts though there are many in their rings.

    What is narrow is the ragged rim of a shadow. Of rings that are all in a module,
    such as the outermost, its other rings tell.
    """
    region = solid(known & (sums == 0))
    counts = expected_in_modules(sums, known, region)
    is_dead = _is_no_chance(counts / gain, int(np.count_nonzero(known)))
    is_dead &= counts > _least_level(sums, known)
    label, _ = ndimage.label(is_dead | (region & np.isnan(counts)))
    return np.isin(label, np.unique(label[solid(is_dead)]))


def _least_level(sums: np.ndarray, known: np.ndarray) -> float:
    """Return what values have where a pixel is dead that has none, 0 of counts."""
    live = sums[known & (sums > 0)]
    return 0.0 if _are_whole(live) else float(_LEAST_LEVEL * np.median(live))


def _dead_lines(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which rows have no counts though most pixels on both sides have some.

    Half of the pixels have at least the median, whose counts together are no chance.
    """
    nothing = np.zeros(known.shape, bool)
    lit = np.flatnonzero(np.where(known, sums, 0).any(axis=1))
    if len(lit) < 2 or not _are_whole(sums[known]):
        return nothing
    values = np.where(known, sums, np.nan)[lit]
    lower = np.nan_to_num(np.fmin(values[:-1], values[1:]))
    counts = np.median(lower, axis=1) / gain * known.shape[1] / 2
    dark = np.diff(lit) - 1
    is_dead = (dark > 0) & (dark <= _LARGEST_REGION * len(sums))
    is_dead &= _is_no_chance(counts, len(sums))
    for start, stop in zip(lit[:-1][is_dead], lit[1:][is_dead], strict=True):
        nothing[start + 1 : stop] = True
    return nothing & known


def _dead_regions(sums: np.ndarray, known: np.ndarray, gain: float) -> np.ndarray:
    """Return which regions have no counts though there are many around them."""
    label, n_regions = ndimage.label(known & (sums == 0), np.ones((3, 3)))
    if not n_regions:
        return np.zeros(known.shape, bool)
    live = known & (label == 0)
    values = np.where(live, sums, np.nan)
    each = np.where(live, np.cumsum(live.ravel()).reshape(live.shape), 0)
    n_live = int(np.count_nonzero(live))
    beside = _quartiles_around(each, n_live, values)
    sharpness = _sharpness(sums[live], beside, gain)
    least = sharpness * _quartiles_around(label, n_regions, values)
    n_known = int(np.count_nonzero(known))
    size = np.bincount(label[label > 0], minlength=n_regions + 1)[1:]
    is_dead = (
        _is_no_chance(least / gain, n_known)
        & (least > _least_level(sums, known))
        & (size <= _LARGEST_REGION * n_known)
    )
    return np.concatenate(([False], is_dead))[label]


def _is_no_chance(counts: np.ndarray, n_tried: int) -> np.ndarray:
    """Return where not even one of so many would be dark if it had so many counts."""
    return np.log(n_tried) - counts < np.log(_FALSE_ALARM)


def _sharpness(values: np.ndarray, beside: np.ndarray, gain: float) -> float:
    """Return the least share of what is beside them that live values have, at most 1.

    Values are taken as high as they may be but for chance.
    """
    share = at_most(values, gain)[beside > 0] / beside[beside > 0]
    if share.size <= _N_WEAK:
        return 1.0
    return min(float(np.partition(share, _N_WEAK)[_N_WEAK]), 1.0)


def _quartiles_around(
    label: np.ndarray, n_regions: int, values: np.ndarray
) -> np.ndarray:
    """Return the lower quartile of the values next to each region, 0 without any."""
    padded = np.pad(values, 1, constant_values=np.nan)
    rows, columns = label.shape
    inside = label > 0
    regions, neighbours = [], []
    for row, column in NEIGHBOURS:
        shifted = padded[1 + row : 1 + row + rows, 1 + column : 1 + column + columns]
        regions.append(label[inside])
        neighbours.append(shifted[inside])
    region, neighbour = np.concatenate(regions), np.concatenate(neighbours)
    region, neighbour = (a[np.isfinite(neighbour)] for a in (region, neighbour))
    return np.nan_to_num(label_quantiles(neighbour, region - 1, n_regions, 4))
