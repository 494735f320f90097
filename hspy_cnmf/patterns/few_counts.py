"""Advice where components are hard to tell: few counts, or a beam above all else."""

from __future__ import annotations

import numpy as np

#: Counts a pixel that summed pixels should have at the least.
_ENOUGH = 0.3

#: Pixels that are left along each axis of the detector at the least.
_FEWEST_PIXELS = 32

#: Pixels are dark against one that is brighter by this, and this share of them at the
#: least; a share of their squares is what phases differ by.
_DARKER, _MOST, _CONTRAST = 10, 0.9, 0.02

#: Share of the squares of a mean pattern that leaves next to nothing for the others.
_NEARLY_ALL = 0.99


def advised_binning(counts_per_pixel: float, detector_shape: tuple[int, ...]) -> int:
    """Return how many pixels to sum along each axis of a detector, 1 for none.

    Noise of counts is the same whether pixels are summed or not, as far as all of a
    pattern is concerned; what is in a spot of many pixels adds up.

    Parameters
    ----------
    counts_per_pixel : float
        Mean of the data.
    detector_shape : tuple of int
        Rows and columns; nothing is advised for what is no image.

    Returns
    -------
    int
        A power of two, such that summed pixels have 0.3 counts, about, and that 32 of
        them are left along each axis.
    """
    if len(detector_shape) != 2 or not counts_per_pixel > 0:
        return 1
    wanted = np.rint(np.log2(_ENOUGH / counts_per_pixel) / 2)
    room = np.floor(np.log2(max(min(detector_shape) / _FEWEST_PIXELS, 1)))
    return int(2 ** max(0, min(wanted, room)))


def advice(
    counts_per_pixel: float,
    detector_shape: tuple[int, ...],
    n_scan_axes: int,
    n_found: int,
    n_asked: int,
) -> str:
    """Return what to do where components were not found for want of counts, or "".

    Parameters
    ----------
    counts_per_pixel : float
    detector_shape : tuple of int
    n_scan_axes : int
    n_found, n_asked : int
        Numbers of components.
    """
    binning = advised_binning(counts_per_pixel, detector_shape)
    if binning == 1 or n_found >= n_asked:
        return ""
    scale = (1,) * n_scan_axes + (binning, binning)
    return (
        f"Patterns have {counts_per_pixel:.2g} counts a pixel, so few that components "
        f"may be missed ({n_found} of {n_asked} were found): decompose summed pixels, "
        f"s.rebin(scale={scale}), and pass the maps of that as fixed_loadings to s for "
        "patterns of all pixels."
    )


def bright_pixels_hide(mean_pattern: np.ndarray) -> bool:
    r"""Whether noise of few bright pixels hides what the others tell, unweighted.

    Parameters
    ----------
    mean_pattern : numpy.ndarray
        Mean counts of the pixels that take part.

    Notes
    -----
    Few are a tenth at most. The noise of counts in pixel j has the variance of its mean
    :math:`m_j`, and what explains most of all noise is the brightest pixel. A component
    of which the other pixels tell explains more only if, for a contrast of a fiftieth,

    .. math:: 0.02 \sum_{m_j < m_\max / 10} m_j^2 > m_\max
    """
    dark = _beside_few_bright(mean_pattern)
    if dark is None:
        return False
    return bool(_CONTRAST * (dark @ dark) < mean_pattern.max(initial=0))


def bright_pixels_outshine(mean_pattern: np.ndarray) -> bool:
    """Whether few bright pixels have nearly all of the squares of a mean pattern.

    Patterns that share them are then so alike that iterations tell them apart slowly,
    whatever the noise is.

    Parameters
    ----------
    mean_pattern : numpy.ndarray
        Of the pixels that take part, in any unit.
    """
    dark = _beside_few_bright(mean_pattern)
    if dark is None:
        return False
    square_norm = np.square(mean_pattern, dtype=float).sum()
    return bool(dark @ dark < (1 - _NEARLY_ALL) * square_norm)


def _beside_few_bright(mean_pattern: np.ndarray) -> np.ndarray | None:
    """Return what pixels have that are dark beside a tenth at most, else None."""
    brightest = float(mean_pattern.max(initial=0))
    dark = mean_pattern[mean_pattern < brightest / _DARKER].astype(float)
    return dark if dark.size >= _MOST * mean_pattern.size else None


def advice_on_bright_pixels(
    mean_pattern: np.ndarray, detector_shape: tuple[int, ...], counts: bool = True
) -> str:
    """Return what to do where few bright pixels hide the others, or "".

    Parameters
    ----------
    mean_pattern : numpy.ndarray
        Mean of the pixels that take part.
    detector_shape : tuple of int
        Rows and columns; the direct beam is spoken of where it is an image.
    counts : bool, default True
        Whether values are counts, whose noise is known.
    """
    is_image = len(detector_shape) == 2
    mask = "signal_mask=hspy_cnmf.structure_mask(s) masks the direct beam"
    if counts and bright_pixels_hide(mean_pattern):
        return (
            "Noise of the brightest pixels hides what the others tell, so that "
            "components may be missed: normalize_poissonian_noise=True gives each "
            f"pixel its due{', and ' + mask if is_image else ''}."
        )
    if is_image and bright_pixels_outshine(mean_pattern):
        return (
            "Few pixels outshine all others, so that patterns are nearly alike, and "
            f"components may be missed: {mask}."
        )
    return ""
