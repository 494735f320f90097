"""No dark spots: a diffuse ring has no holes."""

from dataclasses import dataclass

import numba
import numpy as np

from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.rings import Rings, pixel_radii


@dataclass(frozen=True)
class RadialFloor(Constraint):
    r"""Raise every pixel of a diffraction pattern to the level of its ring.

    Least squares with non-negativity leaves dark spots in an amorphous pattern where
    crystals have Bragg spots. Diffuse scattering has rotational symmetry, so no pixel
    of it lies below its ring.

    Parameters
    ----------
    center : tuple of float, optional
        Row and column of the pattern's centre in pixels; default the middle pixel.
        ``s.decomposition`` sets it from the signal's calibration.
    outlier_ratio : float, default 2.0
        Pixels above this multiple of their ring's mean are Bragg spots and do not
        count towards the ring's level. At least 1.
    affine : array_like, shape (2, 2), optional
        Elliptical distortion; see `hspy_cnmf.constraints.rings.pixel_radii`.

    Raises
    ------
    ValueError
        If `outlier_ratio` is below 1.

    Notes
    -----
    With :math:`m(r)` the mean of ring :math:`r` and :math:`m'(r)` the mean of those
    of its pixels that are at most ``outlier_ratio`` :math:`m(r)`,

    .. math:: w(u, v) \leftarrow \max\{w(u, v), m'(r(u, v))\}

    with :math:`m'` interpolated linearly between rings one pixel wide [1]_. Done on
    the pixel grid, nothing is resampled, and Bragg spots keep their values exactly.
    It is applied once to each least squares solution: applied again, it would raise
    more, since raising holes raises the mean; only rings without holes stay the same.

    References
    ----------
    .. [1] K. Kimoto et al., Sci. Rep. 2025, doi 10.1038/s41598-025-23541-7, Fig. 4.
    """

    center: tuple | None = None
    outlier_ratio: float = 2.0
    affine: tuple | None = None

    def __post_init__(self):
        _check_outlier_ratio(self.outlier_ratio)
        for name in ("center", "affine"):  # arrays cannot be compared or hashed
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _as_tuple(np.asarray(value).tolist()))

    def prepare(self, keep):
        """Return the constraint as a function of the pixels that take part."""
        if keep.ndim != 2:
            raise ValueError(
                "RadialFloor needs diffraction patterns of two dimensions, not images "
                f"of shape {keep.shape}. Set factor_constraint=None for other signals."
            )
        center = self.center
        if center is None:
            center = tuple((n - 1) / 2 for n in keep.shape)
        if np.shape(center) != (2,):
            raise ValueError(f"center must be (row, column) in pixels, got {center!r}.")
        inside = [-0.5 <= c <= n - 0.5 for c, n in zip(center, keep.shape, strict=True)]
        if not all(inside):
            raise ValueError(
                f"The centre {center} (row, column) lies outside the pattern of shape "
                f"{keep.shape}. Give it in pixels."
            )
        radii = pixel_radii(keep.shape, center, self.affine)[keep]
        return _floor_on(Rings.from_radii(radii), self.outlier_ratio)


@dataclass(frozen=True)
class AzimuthalFloor(Constraint):
    """`RadialFloor` for patterns in polar coordinates.

    Parameters
    ----------
    radial_axis : int, default 0
        Which axis of a pattern is the radius (pyxem: the first in the array). Each
        position along it is one ring.
    outlier_ratio : float, default 2.0
        As for `RadialFloor`.
    """

    radial_axis: int = 0
    outlier_ratio: float = 2.0

    def __post_init__(self):
        _check_outlier_ratio(self.outlier_ratio)

    def prepare(self, keep):
        """Return the constraint as a function of the pixels that take part."""
        labels = np.indices(keep.shape)[self.radial_axis][keep]
        return _floor_on(Rings.from_labels(labels), self.outlier_ratio)


def _as_tuple(values):
    return tuple(map(_as_tuple, values)) if isinstance(values, list) else values


def _check_outlier_ratio(outlier_ratio):
    if not outlier_ratio >= 1:
        raise ValueError(
            f"outlier_ratio must be at least 1, got {outlier_ratio}: it is the "
            "multiple of the ring's mean above which a pixel counts as a Bragg spot."
        )


def _floor_on(rings, outlier_ratio):
    def apply(images):
        images = np.ascontiguousarray(images)
        result = np.empty_like(images)
        _raise_to_floor(
            images,
            rings.label,
            rings.inner,
            rings.outer,
            rings.fraction,
            rings.n_rings,
            outlier_ratio,
            result,
        )
        return result

    return apply


@numba.njit(nogil=True, cache=True)
def _raise_to_floor(
    images, label, inner, outer, fraction, n_rings, outlier_ratio, result
):  # pragma: no cover
    for k in range(images.shape[0]):
        image = images[k]
        level = np.full(n_rings, np.inf)
        # Twice: the mean of the whole ring, then that without its Bragg spots.
        for _ in range(2):
            total = np.zeros(n_rings)
            count = np.zeros(n_rings)
            for i in range(image.size):
                if image[i] <= level[label[i]]:
                    total[label[i]] += image[i]
                    count[label[i]] += 1
            for ring in range(n_rings):
                level[ring] = outlier_ratio * total[ring] / max(count[ring], 1.0)
        for i in range(image.size):
            floor = (1 - fraction[i]) * level[inner[i]] + fraction[i] * level[outer[i]]
            result[k, i] = max(image[i], floor / outlier_ratio)
