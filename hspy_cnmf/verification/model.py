"""The model of a decomposition: a sum of patterns times maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hspy_cnmf.operators.low_rank import column_parts, gram_of_rows, inverse_of_gram


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Factors and loadings whose sum of products describes the data.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, n_pixels)
        Patterns, on the pixels that take part, in double precision.
    loadings : numpy.ndarray, shape (n, n_positions)
        Maps, at the positions that take part, in the precision in which they are kept:
        of the signal itself where all do, so that they must stay as they are.
    keep_pixels : numpy.ndarray of bool, shape of a pattern
        Pixels that take part: those where factors are known.
    keep_positions : numpy.ndarray of bool, shape of a map
        Positions that take part: those where loadings are known.
    algorithm : str
        What found them.
    n_known : int, default 0
        The first factors that were known beforehand: not fitted to these data.
    part : float, default 1
        Part that these data have in those that the other factors were fitted to: less
        than 1 of one scan of a series.
    """

    factors: np.ndarray
    loadings: np.ndarray
    keep_pixels: np.ndarray
    keep_positions: np.ndarray
    algorithm: str
    n_known: int = 0
    part: float = 1.0

    @classmethod
    def from_stacks(
        cls,
        factors: np.ndarray,
        loadings: np.ndarray,
        mean: Any,
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        algorithm: str,
        n_known: int = 0,
        part: float = 1.0,
    ) -> FittedModel:
        """Take what is known of stacks that are NaN where masked.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n, number of all pixels)
        loadings : numpy.ndarray, shape (n, number of all positions)
        mean : array_like or None
            What was taken off the data: a value for each pixel, or for each position.
        shapes : tuple
            Shapes of a map and of a pattern.
        algorithm : str
        n_known, part
            As of `FittedModel`.

        Raises
        ------
        ValueError
            If nothing is known of the model, or `mean` has another size.
        """
        factors, loadings = _with_mean(factors, loadings, mean)
        known = [np.isfinite(stack).all(axis=0) for stack in (factors, loadings)]
        if not all(mask.any() for mask in known):
            raise ValueError(
                "All factors, or all loadings, of this decomposition are NaN: "
                "decompose again, with other masks."
            )
        return cls(
            factors[:, known[0]],
            loadings if known[1].all() else loadings[:, known[1]],
            known[0].reshape(shapes[1]),
            known[1].reshape(shapes[0]),
            algorithm,
            n_known,
            part,
        )

    @property
    def n_components(self) -> int:
        """Number of components, that of a mean included."""
        return len(self.factors)

    @property
    def there(self) -> np.ndarray:
        """Which components are not zero everywhere; all, where all of them are."""
        there = np.array(self.factors.any(axis=1) & self.loadings.any(axis=1))
        return there if there.any() else np.ones_like(there)

    def without_empty(self) -> FittedModel:
        """Return the model without components that are zero everywhere, if there are.

        Nothing is known of their factors, or of their loadings.
        """
        there = self.there
        if there.all():
            return self
        return replace(
            self,
            factors=self.factors[there],
            loadings=self.loadings[there],
            n_known=int(np.count_nonzero(there[: self.n_known])),
        )

    @property
    def part_fitted(self) -> float:
        """Part of the freedom of the factors that was spent on these data."""
        return self.part * (1 - self.n_known / self.n_components)

    @property
    def mean_loadings(self) -> np.ndarray:
        """Mean of each map, in double precision."""
        return self.loadings.mean(axis=1, dtype=float)

    @property
    def is_nonnegative(self) -> bool:
        """Whether this is a sum of patterns that are nowhere negative."""
        return bool((self.factors >= 0).all() and (self.loadings >= 0).all())

    def leverage(self) -> np.ndarray:
        r"""Return how far each pixel decides the loadings fitted to its pattern.

        Returns
        -------
        numpy.ndarray, shape (n_pixels,)
            In [0, 1]; the sum is the number of independent components.

        Notes
        -----
        The diagonal of the projection on the factors, :math:`A (A^T A)^+ A^T`, with
        the columns :math:`a_k = w_k / \sqrt{\bar m}` weighted by the mean model.
        """
        mean = np.maximum(self.mean_loadings @ self.factors, 0)
        scale = np.sqrt(np.maximum(mean, 1e-6 * max(mean.max(), 1e-30)))
        return _projection_diagonal(self.factors / scale)

    def position_leverage(self) -> np.ndarray:
        """Return how far each position decided the factors, shape (n_positions,).

        Those that were known are decided by none.
        """
        return self.part * _projection_diagonal(self.loadings[self.n_known :])


def _with_mean(
    factors: np.ndarray, loadings: np.ndarray, mean: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors and loadings with the mean that was taken off as another pair."""
    if mean is None:
        return factors, loadings
    mean = np.ravel(np.asarray(mean, dtype=float))
    pattern, image = np.ones(factors.shape[1]), np.ones(loadings.shape[1])
    if mean.size == pattern.size:  # of all positions; as many pixels: HyperSpy's first
        pattern = mean
    elif mean.size == image.size:
        image = mean
    else:
        raise ValueError(
            f"The mean that the decomposition took off has {mean.size} values, which "
            f"is neither the {image.size} positions nor the {pattern.size} pixels: "
            "decompose without masks, or without centre=..."
        )
    return np.vstack([factors, pattern]), np.vstack([loadings, image])


def _projection_diagonal(rows: np.ndarray) -> np.ndarray:
    """Return the diagonal of the projection on the span of rows."""
    gram = gram_of_rows(rows)
    size = np.sqrt(np.diag(gram))[:, np.newaxis]
    size = np.where(size > 0, size, 1)
    inverse = inverse_of_gram(gram / (size * size.T))
    diagonal = np.empty(rows.shape[1])
    for part in column_parts(rows.shape[1]):
        own = rows[:, part] / size
        diagonal[part] = np.einsum("kp,kp->p", own, inverse @ own)
    return np.clip(diagonal, 0, 1)


def require_numbers(values: np.ndarray, what: str) -> None:
    """Raise a ValueError if data that are compared with a model are not all known.

    Parameters
    ----------
    values : numpy.ndarray
        The data, or sums of them.
    what : str
        What is to be told of them.
    """
    if not np.isfinite(values).all():
        raise ValueError(
            f"The data hold values that are NaN or infinite, so that {what} cannot be "
            "told. Fill in what the model says, s.data = np.where(np.isnan(s.data), "
            "s.get_decomposition_model().data, s.data), or mask their positions in the "
            "decomposition."
        )


def require_components(model: FittedModel) -> None:
    """Raise a ValueError if all components of a model are empty."""
    if not (model.factors.any() and model.loadings.any()):
        raise ValueError(
            "All components of this decomposition are empty: there is nothing to "
            "compare the data with. See hspy_cnmf.get_result(s).summary()."
        )
