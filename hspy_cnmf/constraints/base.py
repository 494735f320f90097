"""What every constraint shares: stacks of images in, stacks of images out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from hspy_cnmf.constraints.several import in_order
from hspy_cnmf.device.arrays import through_host


class Constraint(ABC):
    """A projection of images; subclasses hold its parameters and nothing else."""

    #: Whether images obey it exactly, so that no later constraint may undo it.
    is_exact: bool = False

    #: Name of the only argument that it makes sense for, or None.
    only_as: str | None = None

    #: Whether what `prepare` returns takes arrays on a GPU, too.
    takes_gpu: bool = False

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return images that obey the constraint.

        Parameters
        ----------
        images : numpy.ndarray, shape (n_images, *image_shape)
            Non-negative images. Pixels that are NaN in any of them take no part.

        Returns
        -------
        numpy.ndarray, shape (n_images, *image_shape)
        """
        images = np.asarray(images)
        keep = ~np.isnan(images).any(axis=0)
        return expand(self.prepare(keep)(images[:, keep]), keep)

    @abstractmethod
    def prepare(self, keep: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Work out all that depends on the geometry alone.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape `image_shape`
            Pixels that take part.

        Returns
        -------
        callable
            Takes and returns the values of the pixels that take part, in C order,
            shape (n_images, n_kept).
        """


def expand(values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return values of the pixels that take part as images, NaN elsewhere.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_images, n_kept)
    keep : numpy.ndarray of bool, shape `image_shape`

    Returns
    -------
    numpy.ndarray, shape (n_images, *image_shape)
    """
    images = np.full((len(values), *keep.shape), np.nan, values.dtype)
    images[:, keep] = values
    return images


def prepare(
    constraint: Any, keep: np.ndarray, name: str
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a constraint as a function of the pixels that take part.

    Parameters
    ----------
    constraint : Constraint, callable, list of them or None
        None leaves images as they are; those of a list are applied in order.
    keep : numpy.ndarray of bool, shape `image_shape`
        Pixels that take part.
    name : str
        Name of the argument that the constraint came by, for error messages.

    Returns
    -------
    callable or None
        Takes and returns arrays of shape (n_images, n_kept).

    Raises
    ------
    TypeError
        If `constraint` is none of these.
    ValueError
        If those of a list contradict each other, or one makes no sense for the
        argument. Later, if a callable returns another shape, or values that are not
        finite.
    """
    if constraint is None:
        return None
    if isinstance(constraint, (list, tuple)):
        applied = [prepare(c, keep, name) for c in constraint]
        return in_order(applied, constraint, int(np.count_nonzero(keep)), name)
    if isinstance(constraint, Constraint):
        if constraint.only_as not in (None, name):
            raise ValueError(
                f"{constraint!r} is no {name}: give it as {constraint.only_as}."
            )
        apply = constraint.prepare(keep)
        return apply if constraint.takes_gpu else through_host(apply)
    if not callable(constraint) or isinstance(constraint, type):
        raise TypeError(
            f"{name}={constraint!r} is not a constraint. Known are RadialFloor(), "
            "AzimuthalFloor(), GaussianSmoothing() and others of "
            "hspy_cnmf.constraints, any callable that takes and returns a stack of "
            "images, lists of these, None and, with s.decomposition, 'auto'."
        )

    def apply_given(values: np.ndarray) -> np.ndarray:
        images = expand(values, keep)
        result = np.asarray(constraint(images))
        if result.shape != images.shape:
            raise ValueError(
                f"{name} returned an array of shape {result.shape} for a stack of "
                f"images of shape {images.shape}; it must return the same shape."
            )
        result = result[:, keep].astype(values.dtype)
        if not np.isfinite(result).all():
            raise ValueError(
                f"{name} returned NaN or infinity in pixels that are not masked. "
                "Masked pixels are handed over as NaN: treat them apart."
            )
        return np.maximum(result, 0)

    return through_host(apply_given)
