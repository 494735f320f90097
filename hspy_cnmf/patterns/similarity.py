"""Similarity of diffraction patterns, whichever way they are turned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from hspy_cnmf.patterns.polar import Index

#: Turned patterns are compared where each keeps at least this part of its energy
#: in what is known of the other.
_LEAST_OVERLAP = 0.25

#: Azimuths by which a rotation is refined at most.
_REACH = 2

#: Patterns that are correlated with all others at once, which bounds the memory.
_BLOCK = 8

_ARRAYS = ("values", "squares", "known")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Pairs of patterns compared, one of n with one of m.

    Parameters
    ----------
    similarity : numpy.ndarray, shape (n, m)
        In [-1, 1].
    rotation : numpy.ndarray, shape (n, m)
        Rotation in degrees, in (-180, 180], that brings the second of the pair onto
        the first, counter-clockwise as seen in a plot.
    mirrored : numpy.ndarray of bool, shape (n, m)
        Whether the second is to be mirrored before.
    """

    similarity: np.ndarray
    rotation: np.ndarray
    mirrored: np.ndarray


@dataclass(frozen=True, eq=False)
class Spectra:
    """Fourier series along the azimuth, to correlate patterns along it.

    Parameters
    ----------
    values, squares, known : numpy.ndarray, shape (azimuthal orders, n, radii)
        Series of the patterns, scaled to unit energy; of their squares; and of 1
        where they are known and 0 where masked. The order comes first: at each, all
        pairs are one matrix product.
    n_azimuth : int
        Number of azimuths.
    """

    values: np.ndarray
    squares: np.ndarray
    known: np.ndarray
    n_azimuth: int

    @classmethod
    def from_structure(cls, structure: np.ndarray, known: np.ndarray) -> Spectra:
        """Transform what is compared, shape (n, radii, azimuths), 0 where masked."""
        norm = np.sqrt((structure**2).sum(axis=(1, 2), keepdims=True))
        scaled = structure / np.where(norm > 0, norm, 1)
        return cls(
            _series(scaled),
            _series(scaled**2),
            _series(known.astype(scaled.dtype)),
            structure.shape[2],
        )

    def __len__(self) -> int:
        return self.values.shape[1]

    def __getitem__(self, index: Index) -> Spectra:
        """Return the spectra of some of the patterns, a slice or a list of them."""
        parts = {name: getattr(self, name)[:, index] for name in _ARRAYS}
        return replace(self, **parts)

    def __setitem__(self, index: Index, other: Spectra) -> None:
        """Take other patterns in the place of some."""
        for name in _ARRAYS:
            getattr(self, name)[:, index] = getattr(other, name)

    def correlate(self, other: Spectra, mirrored: bool = False) -> np.ndarray:
        r"""Return normalised cross-correlations along the azimuth.

        Parameters
        ----------
        other : Spectra
            The second of each pair.
        mirrored : bool, default False
            Mirror them first.

        Returns
        -------
        numpy.ndarray, shape (n, m, azimuths)
            For each rotation, in [-1, 1]; 0 where too little of the patterns overlaps.

        Notes
        -----
        With structure :math:`e` and :math:`k = 1` where it is known, 0 where masked,

        .. math:: \frac{\sum e_1(r, \varphi) \, e_2(r, \varphi - \delta)}
                  {\sqrt{\sum e_1^2(r, \varphi) \, k_2(r, \varphi - \delta)
                  \sum k_1(r, \varphi) \, e_2^2(r, \varphi - \delta)}}

        which without masks is the diffraction similarity of Kimoto 2025, Eq. 10.
        """
        product = self._product(self.values, other.values, mirrored)
        if not self._has_mask_of(other):
            first = self._product(self.squares, other.known, mirrored)
            second = self._product(self.known, other.squares, mirrored)
            enough = np.minimum(first, second) >= _LEAST_OVERLAP
            product /= np.sqrt(np.where(enough, first * second, np.inf))
        return np.clip(product, -1, 1, out=product)

    def _has_mask_of(self, other: Spectra) -> bool:
        """Tell if all patterns know the same rings, each all round or not at all."""
        # Order 0 is the number of azimuths that are known.
        n_known = np.rint(np.concatenate([self.known[0].real, other.known[0].real]))
        is_whole = (n_known == 0) | (n_known == self.n_azimuth)
        return is_whole.all() and (n_known == n_known[0]).all()

    def _product(
        self, first: np.ndarray, second: np.ndarray, mirrored: bool
    ) -> np.ndarray:
        """Return cross-correlations summed over the radii, not normalised."""
        # Not mirrored, the conjugate turns the azimuth of the second round; taken of
        # the product of the other's, it is of few values.
        if mirrored:
            summed = first @ second.transpose(0, 2, 1)
        else:
            summed = (first.conj() @ second.transpose(0, 2, 1)).conj()
        return fft.irfft(summed.transpose(1, 2, 0), self.n_azimuth, axis=2)


def compare(first: Spectra, second: Spectra, mirror: bool = False) -> Comparison:
    """Compare all pairs of two stacks of patterns.

    Parameters
    ----------
    first, second : Spectra
        n and m patterns.
    mirror : bool, default False
        Try the mirrored patterns too, and take what is more similar.

    Returns
    -------
    Comparison
    """
    shape = (len(first), len(second))
    similarity, rotation = np.zeros(shape), np.zeros(shape)
    mirrored = np.zeros(shape, dtype=bool)
    for start in range(0, len(first), _BLOCK):
        rows = slice(start, start + _BLOCK)
        part = first[rows]
        similarity[rows], rotation[rows] = _peaks(part.correlate(second))
        if mirror:
            peak, angle = _peaks(part.correlate(second, mirrored=True))
            better = mirrored[rows] = peak > similarity[rows]
            similarity[rows] = np.where(better, peak, similarity[rows])
            rotation[rows] = np.where(better, angle, rotation[rows])
    return Comparison(similarity, rotation, mirrored)


def refine(first: Spectra, second: Spectra, found: Comparison) -> np.ndarray:
    """Return rotations that bring pairs onto one another more precisely.

    Parameters
    ----------
    first, second : Spectra
        n and m patterns, in which bright spots decide: these are known best.
    found : Comparison
        Of the same patterns, in which faint ones do too.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        In (-180, 180] degrees, within `_REACH` azimuths of what was found.
    """
    correlation = first.correlate(second)
    if found.mirrored.any():
        mirrored = first.correlate(second, mirrored=True)
        correlation = np.where(found.mirrored[..., None], mirrored, correlation)
    step = 360 / first.n_azimuth
    apart = half_turn(step * np.arange(first.n_azimuth) - found.rotation[..., None])
    near = np.abs(apart) <= _REACH * step
    index = np.where(near, correlation, -np.inf).argmax(axis=-1)
    _, fraction = _vertex(correlation, index)
    # At the end of what is near there may be no peak.
    is_peak = np.abs(fraction) <= 0.5
    return half_turn(np.where(is_peak, (index + fraction) * step, found.rotation))


def compare_all(spectra: Spectra, mirror: bool = False) -> Comparison:
    """Compare all pairs of one stack of patterns, each pair once.

    Returns
    -------
    Comparison
        Its similarity is symmetric and 1 on the diagonal; rotations of the pair
        (j, i) undo those of (i, j).
    """
    pairs = compare(spectra, spectra, mirror)
    upper = np.triu(np.ones(pairs.similarity.shape, dtype=bool), 1)
    similarity = np.where(upper, pairs.similarity, pairs.similarity.T)
    np.fill_diagonal(similarity, 1)
    mirrored = upper & pairs.mirrored
    rotation = np.where(upper, pairs.rotation, 0)
    # A mirror image turned is undone by the same.
    back = np.where(mirrored, rotation, -rotation).T
    return Comparison(similarity, half_turn(rotation + back), mirrored | mirrored.T)


def _peaks(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return height and angle of the highest peak along the last axis."""
    n_azimuth = correlation.shape[-1]
    index = correlation.argmax(axis=-1)
    height, fraction = _vertex(correlation, index)
    is_flat = correlation.max(axis=-1) - correlation.min(axis=-1) < 1e-5
    angle = np.where(is_flat, 0, (index + fraction) * 360 / n_azimuth)
    return height, half_turn(angle)


def _vertex(correlation: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return height and place, in azimuths from an index, of a peak between azimuths.

    It is that of a parabola through a value and its neighbours.
    """
    before, height, after = (
        np.take_along_axis(
            correlation, (index + k)[..., None] % correlation.shape[-1], -1
        )[..., 0]
        for k in (-1, 0, 1)
    )
    curvature = before - 2 * height + after
    # Rounding makes peaks of correlations that are the same at all angles.
    is_peak = curvature < -1e-6
    slope = (before - after) / 2
    fraction = np.where(is_peak, slope / np.where(is_peak, curvature, 1), 0)
    return np.clip(height - slope * fraction / 2, -1, 1), fraction


def half_turn(angle: np.ndarray) -> np.ndarray:
    """Return angles in (-180, 180] degrees."""
    return 180 - (180 - angle) % 360


def _series(stack: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(fft.rfft(stack, axis=2).transpose(2, 0, 1))
