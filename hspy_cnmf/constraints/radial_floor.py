"""No dark spots: a diffuse ring has no holes."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np

from hspy_cnmf.arguments import is_within
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.ring_levels import LEVELS, floored
from hspy_cnmf.constraints.rings import Rings, pixel_radii


class RingFloor(Constraint):
    """A floor of rings; subclasses know where the rings are, and hold its parameters.

    They have the attributes `outlier_ratio`, `level` and `tentative` of `RadialFloor`.
    """

    outlier_ratio: float
    level: str
    tentative: bool

    takes_gpu = True

    @abstractmethod
    def rings(self, keep: np.ndarray) -> Rings:
        """Return the rings of the pixels that take part.

        Parameters
        ----------
        keep : numpy.ndarray of bool
            Pixels that take part.

        Returns
        -------
        Rings
        """

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the pixels that take part."""
        rings = self.rings(keep)

        def apply(images: np.ndarray) -> np.ndarray:
            return floored(self.level, images, rings, self.outlier_ratio).images

        return apply

    def _check(self) -> None:
        if not is_within(self.outlier_ratio, Real, 1, np.inf, False):
            raise ValueError(
                f"outlier_ratio must be at least 1, got {self.outlier_ratio}: it is "
                "the multiple of the ring's mean above which a pixel counts as a Bragg "
                "spot."
            )
        if not isinstance(self.level, str) or self.level not in LEVELS:
            known = " or ".join(map(repr, LEVELS))
            raise ValueError(f"level must be {known}, got {self.level!r}.")


@dataclass(frozen=True)
class RadialFloor(RingFloor):
    r"""Floor of a diffraction pattern: every pixel is raised to the level of its ring.

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
    level : {"robust", "mean"}, default "robust"
        "mean" is the published level, the mean of the ring without Bragg spots. The
        discs of a convergent probe lift it, though there is nothing diffuse between
        them; "robust" is the same, but at most 2.5 times the lower decile of the ring.
        So a ring that is dark in more than one pixel of ten stays as it is, and so
        does what lies beside the sharp edge of a direct beam. In a decomposition with
        ``matrix="auto"`` a pattern that is nothing but rings is raised to the mean.
    tentative : bool, default False
        A decomposition leaves the floor out where the data contradict it: see
        `hspy_cnmf.solver.floor`. The automatic one is tentative.

    Raises
    ------
    ValueError
        If `outlier_ratio` is below 1, or `level` is neither of these.

    Notes
    -----
    With :math:`m(r)` the mean of ring :math:`r`, :math:`m'(r)` the mean of those
    of its pixels that are at most ``outlier_ratio`` :math:`m(r)`, and :math:`q(r)` its
    lower decile,

    .. math:: w(u, v) \leftarrow \max\{w(u, v), \min\{m'(r), 2.5\,q(r)\}\}

    with levels interpolated linearly between rings one pixel wide, at the radius of
    the pixel, to no more than 2.5 times the lower of the two :math:`m'`. The published
    constraint has no :math:`q` and no such limit [1]_. Done on the pixel grid,
    nothing is resampled, and Bragg spots keep their values exactly. It is applied once
    to each least squares solution: applied again, it would raise more, since raising
    holes raises the mean; only rings without holes stay the same.

    References
    ----------
    .. [1] K. Kimoto et al., Sci. Rep. 2025, doi 10.1038/s41598-025-23541-7, Fig. 4.
    """

    center: tuple | None = None
    outlier_ratio: float = 2.0
    affine: tuple | None = None
    level: str = "robust"
    tentative: bool = False

    def __post_init__(self) -> None:
        self._check()
        for name in ("center", "affine"):  # arrays cannot be compared or hashed
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _as_tuple(np.asarray(value).tolist()))

    def rings(self, keep: np.ndarray) -> Rings:
        """Return the rings about the centre; see `RingFloor.rings`."""
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
        return Rings.from_radii(pixel_radii(keep.shape, center, self.affine)[keep])


@dataclass(frozen=True)
class AzimuthalFloor(RingFloor):
    """`RadialFloor` for patterns in polar coordinates.

    Parameters
    ----------
    radial_axis : int, default 0
        Which axis of a pattern is the radius (pyxem: the first in the array). Each
        position along it is one ring.
    outlier_ratio : float, default 2.0
        As for `RadialFloor`.
    level : {"robust", "mean"}, default "robust"
        As for `RadialFloor`.
    tentative : bool, default False
        As for `RadialFloor`.
    """

    radial_axis: int = 0
    outlier_ratio: float = 2.0
    level: str = "robust"
    tentative: bool = False

    def __post_init__(self) -> None:
        self._check()

    def rings(self, keep: np.ndarray) -> Rings:
        """Return the rings along the radial axis; see `RingFloor.rings`."""
        return Rings.from_labels(np.indices(keep.shape)[self.radial_axis][keep])


def _as_tuple(values: list | float) -> tuple | float:
    return tuple(map(_as_tuple, values)) if isinstance(values, list) else values
