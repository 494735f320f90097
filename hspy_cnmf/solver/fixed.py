"""What is known of some components beforehand, and stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.several import members

#: Cosine from which on two patterns, or two maps, that are given are the same.
_SAME = 1 - 1e-9

#: Cosine with what a constraint makes of it from which on a given image obeys it.
_OBEYS = 1 - 1e-6


@dataclass(frozen=True)
class Held:
    """Numbers of components that keep their factor, and of those that keep their map.

    Parameters
    ----------
    n_factors : int, default 0
        The first components keep their factor.
    n_loadings : int, default 0
        As many after them keep the shape of their map.
    """

    n_factors: int = 0
    n_loadings: int = 0

    @property
    def n(self) -> int:
        """Number of components of which something is held."""
        return self.n_factors + self.n_loadings

    def factors(self, n: int) -> np.ndarray:
        """Return which of n components keep their factor, bool, shape (n,)."""
        return np.arange(n) < self.n_factors

    def loadings(self, n: int) -> np.ndarray:
        """Return which of n components keep their map, bool, shape (n,)."""
        k = np.arange(n)
        return (k >= self.n_factors) & (k < self.n)


@dataclass(frozen=True, eq=False)
class Fixed:
    """Factors and loadings that are given.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_factors, n_pixels)
        Each of unit sum in the units of the data.
    loadings : numpy.ndarray, shape (n_loadings, n_positions)
        Maps of any scale: it comes with the factor, which has unit sum.
    """

    factors: np.ndarray
    loadings: np.ndarray

    @classmethod
    def of_nothing(cls, n_positions: int, n_pixels: int) -> Fixed:
        """Return that nothing is given."""
        return cls(np.zeros((0, n_pixels)), np.zeros((0, n_positions)))

    @property
    def held(self) -> Held:
        """How many there are."""
        return Held(len(self.factors), len(self.loadings))

    def put_into(self, factors: np.ndarray, loadings: np.ndarray) -> None:
        """Write what is given into the stacks of a start, of all components."""
        factors[self.held.factors(len(factors))] = self.factors
        loadings[self.held.loadings(len(loadings))] = self.loadings

    def divided(
        self, position_scale: np.ndarray | None, pixel_scale: np.ndarray | None
    ) -> Fixed:
        """Return it in the units of data that were divided by scales, or None."""
        factors, loadings = self.factors, self.loadings
        if pixel_scale is not None:
            factors = factors / pixel_scale
        if position_scale is not None:
            loadings = loadings / position_scale
        return Fixed(factors, loadings)


def fixed_of(
    estimator: Any, keep_positions: np.ndarray, keep_pixels: np.ndarray
) -> Fixed:
    """Return what the arguments of an estimator fix, of what takes part.

    Parameters
    ----------
    estimator : hspy_cnmf.ConstrainedNMF
    keep_positions, keep_pixels : numpy.ndarray of bool
        What takes part.

    Raises
    ------
    TypeError, ValueError
        If what is given does not make sense.
    """
    factors = known_stack(estimator.fixed_factors, keep_pixels, "fixed_factors")
    loadings = known_stack(estimator.fixed_loadings, keep_positions, "fixed_loadings")
    n_fixed, n_components = len(factors) + len(loadings), estimator.n_components
    if n_fixed > n_components:
        raise ValueError(
            f"fixed_factors and fixed_loadings are {n_fixed} components, but "
            f"n_components (output_dimension) is {n_components}: they count among "
            "it. Ask for more components."
        )
    _check_obeys(factors, estimator.factor_constraint, keep_pixels, "factor")
    _check_obeys(loadings, estimator.loading_constraint, keep_positions, "loading")
    total = factors.sum(axis=1, keepdims=True)
    return Fixed(factors / np.where(total > 0, total, 1), loadings)


def _check_obeys(
    stack: np.ndarray, constraint: Any, keep: np.ndarray, what: str
) -> None:
    """Raise a ValueError if what is fixed breaks a constraint that holds exactly."""
    for member in members(constraint):
        if not len(stack) or not getattr(member, "is_exact", False):
            continue
        apply = prepare(member, keep, f"{what}_constraint")
        obeyed = stack if apply is None else apply(stack)
        cosines = np.einsum("ij,ij->i", obeyed, stack)
        norms = np.linalg.norm(obeyed, axis=1) * np.linalg.norm(stack, axis=1)
        k = int(np.argmin(cosines / np.where(norms > 0, norms, 1)))
        if cosines[k] < _OBEYS * norms[k] or not norms[k]:
            raise ValueError(
                f"fixed_{what}s: number {k} contradicts {what}_constraint={member!r}, "
                "which would change it. Leave one of them out."
            )


def known_stack(values: Any, keep: np.ndarray, name: str) -> np.ndarray:
    """Return given images as a stack of the pixels that take part, (n, n_kept).

    Parameters
    ----------
    values : array_like or None
        Shape (n, *keep.shape), or flat, (n, n_pixels), or that of a single image; NaN
        only where nothing takes part. None is none.
    keep : numpy.ndarray of bool
        Pixels, or positions, that take part.
    name : str
        Of the argument, for errors.

    Raises
    ------
    TypeError
        If these are no real numbers.
    ValueError
        If the shape is another, or what takes part is negative, not finite, zero in
        all, or twice the same.
    """
    if values is None:
        return np.zeros((0, np.count_nonzero(keep)))
    stack = shaped(values, keep.shape, name)[:, keep]
    unknown, negative = ~np.isfinite(stack), stack < 0
    for wrong, what in (unknown, "NaN or infinite"), (negative, "negative"):
        if wrong.any():
            k = int(np.argmax(wrong.any(axis=1)))
            raise ValueError(
                f"{name}: number {k} is {what} at {np.count_nonzero(wrong[k])} places "
                "that no mask excludes. Give values of at least 0 there, or exclude "
                "them by a mask."
            )
    empty = ~stack.any(axis=1)
    if empty.any():
        raise ValueError(
            f"{name}: number {np.argmax(empty)} is zero wherever no mask excludes it. "
            "Leave it out."
        )
    _check_distinct(stack, name)
    return stack


def shaped(values: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return given images as a stack of floats, shape (n, *shape), or raise."""
    try:
        stack = np.asarray(values)
    except ValueError:  # of unequal lengths
        stack = np.empty((), object)
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a NumPy masked array, whose mask would not be seen: give "
            f"{name}.filled(numpy.nan)."
        )
    if stack.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be real numbers, not {values!r:.60} of type "
            f"{type(values).__name__}."
        )
    if stack.shape == shape:
        stack = stack[np.newaxis]
    elif stack.ndim == 2 and stack.shape[1:] == (np.prod(shape),):
        stack = stack.reshape(-1, *shape)
    if stack.shape[1:] != shape or not len(stack):
        raise ValueError(
            f"{name} has the shape {np.shape(values)}, where (n, "
            f"{', '.join(map(str, shape))}) belongs, or {shape} of a single one."
        )
    return stack.astype(float)


def _check_distinct(stack: np.ndarray, name: str) -> None:
    """Raise a ValueError if two are the same but for their scale."""
    unit = stack / np.linalg.norm(stack, axis=1, keepdims=True)
    same = np.argwhere(np.triu(unit @ unit.T > _SAME, 1))
    if len(same):
        i, j = same[0].tolist()
        raise ValueError(
            f"{name}: numbers {i} and {j} are the same but for their scale, so that "
            "data cannot tell them apart. Leave one out."
        )
