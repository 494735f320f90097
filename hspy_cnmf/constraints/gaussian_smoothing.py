"""Maps no sharper than the probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.ndimage import correlate1d

from hspy_cnmf.arguments import is_within
from hspy_cnmf.constraints.base import Constraint
from hspy_cnmf.constraints.each_alone import EachAlone
from hspy_cnmf.device.arrays import Constant, is_on_gpu, namespace

#: Values of maps that are smoothed together: they stay in the processor's cache, and
#: copies of a large stack never exist as a whole.
_VALUES = 2**18

#: The same on a GPU, which has no such cache.
_VALUES_ON_GPU = 2**27

_FWHM_IN_SIGMA = 2 * np.sqrt(2 * np.log(2))

#: Full width at half maximum where none is given, in steps.
_FWHM = 1.5


@dataclass(frozen=True)
class GaussianSmoothing(Constraint):
    r"""Convolve maps with a Gaussian, as the probe convolves the specimen.

    Parameters
    ----------
    fwhm : float or tuple of float, optional
        Full width at half maximum of the probe along each navigation axis, in the
        units of `step`. Default: 1.5 times `step`.
    size : int or tuple of int, optional
        Odd number of points of the kernel along each axis. Default: 3, or with
        `fwhm` as many as reach to 2 standard deviations on either side.
    step : float or tuple of float, optional
        Distance between scan positions, default 1. ``s.decomposition`` sets it from
        the navigation axes, so that `fwhm` is in their units.
    tentative : bool, default False
        A decomposition leaves the smoothing out where the data contradict it: see
        `hspy_cnmf.solver.smoothing_cost`. The automatic one is tentative.

    Tuples have one value an axis of the array: (y, x) for a map.

    Raises
    ------
    ValueError
        If a width is negative or a size is even, or larger than the map.

    Notes
    -----
    .. math:: h \leftarrow (h * g) / (1 * g)

    with both sums over positions that no mask excludes and that lie in the map
    (normalised convolution), so that neither what is beyond the border nor what is
    masked bleeds into a map. The constraint is that of Kimoto et al., Sci. Rep. 2025,
    doi 10.1038/s41598-025-23541-7, Fig. 5. It is defined for any number of dimensions:
    line scans, maps, series of maps. Along an axis with a single position, or with
    ``fwhm`` 0, nothing is smoothed.
    """

    fwhm: float | tuple | None = None
    size: int | tuple | None = None
    step: float | tuple | None = None
    tentative: bool = False

    takes_gpu = True

    def __post_init__(self) -> None:
        for fwhm in np.atleast_1d(0 if self.fwhm is None else self.fwhm):
            if not is_within(fwhm, Real, 0, np.inf, False):
                raise ValueError(f"fwhm must be a width of at least 0, got {fwhm}.")
        for size in np.atleast_1d(1 if self.size is None else self.size):
            if not is_within(size, Integral, 1, np.inf, False) or size % 2 == 0:
                raise ValueError(f"size must be an odd number of points, got {size}.")

    def kernels(self, shape: tuple[int, ...]) -> list[np.ndarray]:
        """Return the kernel along each axis of maps of a shape, each of unit sum."""
        n_axes = len(shape)
        steps = _per_axis(self.step, n_axes, "step")
        fwhms = _per_axis(self.fwhm, n_axes, "fwhm")
        sizes = _per_axis(self.size, n_axes, "size")
        return [
            _kernel(*arguments)
            for arguments in zip(fwhms, sizes, steps, shape, strict=True)
        ]

    def widened(self, times: float, shape: tuple[int, ...]) -> GaussianSmoothing:
        """Return a smoothing of maps of a shape that is so many times as wide.

        The kernel reaches to 2 standard deviations, or as far as the map does. Axes
        that are not smoothed stay so.
        """
        if times == 1:
            return self
        steps = _per_axis(self.step, len(shape), "step")
        fwhms, sizes = [], []
        for fwhm, step, kernel in zip(
            _per_axis(self.fwhm, len(shape), "fwhm"),
            steps,
            self.kernels(shape),
            strict=True,
        ):
            wider = times * (_FWHM * (step or 1) if fwhm is None else fwhm)
            reach = int(np.ceil(2 * wider / (step or 1) / _FWHM_IN_SIGMA))
            fwhms.append(wider)
            sizes.append(1 if kernel.size == 1 else 2 * reach + 1)
        sizes = [min(n, s - 1 + s % 2) for n, s in zip(sizes, shape, strict=True)]
        return replace(self, fwhm=tuple(fwhms), size=tuple(sizes))

    def own_weight(self, keep: np.ndarray) -> np.ndarray:
        """Return the weight of each value in what it is smoothed to, (n_positions,)."""
        kernels = self.kernels(keep.shape)
        center = np.prod([kernel[kernel.size // 2] for kernel in kernels])
        weight = _convolved(keep[np.newaxis].astype(float), kernels)[0, keep]
        return center / weight

    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return the constraint as a function of the positions that take part."""
        kernels = self.kernels(keep.shape)
        smooth = _whole(kernels, keep) if keep.all() else _masked(kernels, keep)

        def apply(values: np.ndarray, smoothed: np.ndarray, first: int) -> np.ndarray:
            most = _VALUES_ON_GPU if is_on_gpu(values) else _VALUES
            step = max(1, most // keep.size)
            for start in range(0, len(values), step):
                some = slice(start, start + step)
                smoothed[some] = smooth(values[some])
            return smoothed

        return EachAlone(apply)


def _whole(
    kernels: list[np.ndarray], keep: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what smooths maps of which all positions take part.

    Weights are products of those along each axis: an array of all would be large.
    """
    along = []
    for axis, kernel in enumerate(kernels):
        weights = _convolved(np.ones((1, keep.shape[axis])), [kernel])[0]
        along.append(Constant(weights.reshape(-1, *(1,) * (keep.ndim - 1 - axis))))

    def smooth(values: np.ndarray) -> np.ndarray:
        maps = _convolved(values.reshape(-1, *keep.shape), kernels)
        for kernel, weights in zip(kernels, along, strict=True):
            if kernel.size > 1:
                maps /= weights.beside(values).astype(values.dtype)
        return maps.reshape(len(values), -1)

    return smooth


def _masked(
    kernels: list[np.ndarray], keep: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what smooths maps of the positions that take part."""
    places = Constant(np.flatnonzero(keep))
    weights = Constant(_convolved(keep[np.newaxis].astype(float), kernels)[0, keep])

    def smooth(values: np.ndarray) -> np.ndarray:
        kept = places.beside(values)
        maps = namespace(values).zeros((len(values), keep.size), values.dtype)
        maps[:, kept] = values
        maps = _convolved(maps.reshape(-1, *keep.shape), kernels)
        smoothed = maps.reshape(len(values), -1)[:, kept]
        smoothed /= weights.beside(values).astype(values.dtype)
        return smoothed

    return smooth


def _convolved(maps: np.ndarray, kernels: list[np.ndarray]) -> np.ndarray:
    correlate: Any = correlate1d
    if is_on_gpu(maps):
        from cupyx.scipy import ndimage

        correlate = ndimage.correlate1d
    for axis, kernel in enumerate(kernels, start=1):
        if kernel.size > 1:
            own = namespace(maps).asarray(kernel)
            maps = correlate(maps, own, axis=axis, mode="constant")
    return maps


def _per_axis(value: Any, n_axes: int, name: str) -> list:
    values = np.atleast_1d(value).tolist() if value is not None else [None]
    if len(values) == 1:
        values *= n_axes
    if len(values) != n_axes:
        raise ValueError(
            f"{name}={value!r} has {len(values)} values for maps of {n_axes} "
            "dimensions. Give one, or one an axis of the array."
        )
    return values


def _kernel(
    fwhm: float | None, size: Any, step: float | None, length: int
) -> np.ndarray:
    if length == 1:
        return np.ones(1)
    sigma = (_FWHM if fwhm is None else fwhm / (step or 1)) / _FWHM_IN_SIGMA
    if size is None:
        size = 3 if fwhm is None else 2 * int(np.ceil(2 * sigma)) + 1
    if size > length:
        raise ValueError(
            f"The smoothing kernel has {size} points but the map only {length} along "
            "one axis. Use a smaller fwhm or size, or loading_constraint=None."
        )
    distance = np.arange(size) - size // 2
    kernel = np.exp(-0.5 * (distance / max(sigma, 1e-9)) ** 2)
    return kernel / kernel.sum()
