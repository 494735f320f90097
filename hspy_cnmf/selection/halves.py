"""Two halves of a scan, each sketched alone and judged by the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram

#: Spawn key of the random numbers, so that they differ from those of the starts.
_STREAM = 5

#: Widths over which neighbours may be pooled, in steps; 0 for not at all.
_WIDTHS = (0.0, 1.5, 3.0, 6.0)


@dataclass(frozen=True, eq=False)
class Half:
    """One half of the positions to be factorised, the other to judge by.

    Parameters
    ----------
    operator : StreamedOperator
        The patterns of this half.
    scales : tuple of (numpy.ndarray or None)
        What its positions and pixels were divided by.
    sketch : LowRankOperator
        Of these patterns only.
    other : numpy.ndarray of bool, shape of the map
        Positions of the other half.
    images : numpy.ndarray, shape (2, rank, n_others)
        Images of the other half in the basis patterns of the sketch, on each half of
        the pixels.
    grams : numpy.ndarray, shape (2, rank, rank)
        Products of those halves of basis patterns with each other.
    n_pixels : numpy.ndarray of int, shape (2,)
        Number of pixels in each half.
    """

    operator: StreamedOperator
    scales: Scales
    sketch: LowRankOperator
    other: np.ndarray
    images: np.ndarray
    grams: np.ndarray
    n_pixels: np.ndarray

    def factorise(
        self, estimator: ConstrainedNMF, width: float, progress: Callable[[int], object]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return factors and loadings in units of the weighted data.

        Parameters
        ----------
        estimator : hspy_cnmf.ConstrainedNMF
        width : float
            Full width at half maximum over which neighbours are pooled, in steps.
        progress : callable
            See `hspy_cnmf.solver.factorise.factorise`.
        """
        pooled = LowRankOperator(
            pooling(self.operator.keep_positions, width)(self.sketch.basis_images),
            self.sketch.basis_patterns,
            self.sketch.square_norm,
        )
        result = factorise(
            self.operator, estimator, self.scales, pooled, progress, "sketch"
        )
        factors, loadings = (
            stack if scale is None else stack / scale
            for stack, scale in (
                (result.factors, self.scales[1]),
                (result.loadings, self.scales[0]),
            )
        )
        return factors, loadings

    def errors(self, factors: np.ndarray, width: float) -> np.ndarray:
        r"""Return the errors of factors of this half at the positions of the other.

        Parameters
        ----------
        factors : numpy.ndarray, shape (n_components, n_pixels)
            In units of the weighted data.
        width : float
            As for `factorise`.

        Returns
        -------
        numpy.ndarray, shape (2,)
            Mean squared error on each half of the pixels, with loadings from the other
            one, but for a constant: the mean square of those data.

        Notes
        -----
        With loadings :math:`h = \arg\min_{h \geq 0} \|\bar x_a - W_a h\|^2` of the
        pattern :math:`\bar x` of a neighbourhood from the pixels a, the error on the
        pixels b is

        .. math:: \|x_b - W_b h\|^2 - \|x_b\|^2 = h^T W_b^T W_b h - 2 h^T W_b^T x_b

        (bi-cross-validation after Owen & Perry, Ann. Appl. Stat. 3, 564, 2009, but that
        factors are known in all pixels). W here are the factors as far as the basis of
        their sketch reaches.
        """
        coefficients = factors.astype(np.float64) @ self.sketch.basis_patterns.T
        grams = coefficients @ self.grams @ coefficients.T
        images = coefficients @ self.images
        pool = pooling(self.other, width)
        errors = []
        for a, b in ((0, 1), (1, 0)):
            pooled = pool(images[a])
            loadings = nonnegative_least_squares(
                pooled, grams[a], np.zeros_like(pooled)
            )
            model = np.vdot(grams[b], gram(loadings))
            errors.append(model - 2 * np.vdot(loadings, images[b]))
        return np.array(errors) / (self.n_pixels[::-1] * images.shape[-1])


def split_in_halves(
    operator: StreamedOperator, scales: Scales, rank: int, seed: int
) -> list[Half]:
    """Read the data three times and sketch two random halves of the positions.

    Parameters
    ----------
    operator : StreamedOperator
        The data, divided by `scales`.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    rank : int
        Rank of each sketch; less where there are fewer positions or pixels.
    seed : int
        Of the halves and of the sketches.

    Returns
    -------
    list of Half
    """
    n_positions, n_pixels = operator.shape
    sequence = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
    seeds = sequence.generate_state(2)
    rng = np.random.default_rng(seeds[0])
    positions, pixels = (_random_halves(n, rng) for n in operator.shape)
    rank = min(rank, n_positions // 2, n_pixels)
    maps = [_on_map(operator.keep_positions, half) for half in positions]
    images = operator.images(compress.random_patterns(rank, n_pixels, seeds[1]))
    # Zero at the positions of the other half, whose noise the basis must not know.
    spans = np.zeros((2, rank, n_positions))
    for span, half, keep in zip(spans, positions, maps, strict=True):
        span[:, half] = _span(images[:, half].astype(np.float64), keep)
    rows = [compress.orthonormal_rows(p) for p in operator.patterns(spans)]
    bases = np.stack(rows).astype(operator.dtype)
    parts = bases[:, np.newaxis] * pixels[:, np.newaxis]
    images = operator.images(parts)
    return [
        Half(
            StreamedOperator(operator.data, maps[i], operator.keep_pixels),
            (None if scales[0] is None else scales[0][positions[i]], scales[1]),
            # The norm of all the data: a constant that no comparison depends on.
            LowRankOperator(
                np.ascontiguousarray(images[i].sum(axis=0)[:, positions[i]]),
                bases[i],
                operator.square_norm,
            ),
            maps[1 - i],
            np.ascontiguousarray(images[i][..., positions[1 - i]]),
            np.array([gram(part) for part in parts[i]]),
            np.count_nonzero(pixels, axis=1),
        )
        for i in range(2)
    ]


def widths(shape: tuple[int, ...]) -> list[float]:
    """Return the widths over which neighbours on a map of a shape can be pooled."""
    fitting = [0.0]
    for width in _WIDTHS[1:]:
        try:
            GaussianSmoothing(fwhm=width).kernels(shape)
        except ValueError:  # wider than the map
            break
        fitting.append(width)
    return fitting


def pooling(keep: np.ndarray, width: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that takes the mean over neighbours.

    Parameters
    ----------
    keep : numpy.ndarray of bool, shape of the map
        Positions that take part.
    width : float
        Full width at half maximum of their weights, in steps; 0 for none.

    Returns
    -------
    callable
        On arrays of shape (n, number of positions that take part).
    """
    return GaussianSmoothing(fwhm=width).prepare(keep)


def _span(images: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return orthonormal maps, half of them pooled as far as can be.

    Where counts are few, the others hardly know the components for the noise.
    """
    n_pooled = len(images) // 2
    pool = pooling(keep, widths(keep.shape)[-1])
    images = np.concatenate([pool(images[:n_pooled]), images[n_pooled:]])
    return compress.orthonormal_rows(images)


def _on_map(keep: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return a map of those of the positions that take part which are chosen."""
    on_map = keep.copy()
    on_map[keep] = chosen
    return on_map


def _random_halves(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return two complementary halves, shape (2, n)."""
    first = rng.permutation(n) < n // 2
    return np.stack([first, ~first])
