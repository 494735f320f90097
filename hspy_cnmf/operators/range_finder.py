"""A randomised range finder: a sketch, so that iterations need not read the data."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import DTypeLike

from hspy_cnmf.operators.fit import Fit
from hspy_cnmf.operators.in_file import let_go
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.low_rank import (
    LowRankOperator,
    column_parts,
    gram_of_rows,
    principal_turn,
)
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.operators.streamed import StreamedOperator

#: How often long rows are made orthonormal: once leaves what single rounding does.
_ROUNDS = 2

#: Values that may be read, in all, to refine a span, which takes less than iterations
#: do; and how often at most.
_READ_TO_REFINE, _MOST_REFINEMENTS = 2**32, 2

#: Share of the pixels in which variance is taken to be that of noise alone, or less.
_FEW_PIXELS = 0.1

#: Columns of which a QR decomposition is made at a time.
_COLUMNS = 2**12

#: Least square of a row, of data that are nothing but zeros.
_TINY = np.finfo(np.float64).tiny


def sketch_rank(
    compression: int | str | None, n_components: int, shape: tuple[int, int]
) -> int | None:
    """Return the rank of the sketch that the argument ``compression`` stands for.

    Parameters
    ----------
    compression : "auto", int or None
        "auto" is ``max(64, 4 * n_components)``, or None where such a sketch would not
        be much smaller than the data.
    n_components : int
        Number of components to find.
    shape : tuple of int
        Number of positions and of pixels.

    Returns
    -------
    int or None
        None stands for the data themselves.
    """
    if compression == "auto":
        rank = automatic_rank(n_components)
        return rank if 2 * rank < min(shape) else None
    return None if compression is None else min(int(compression), *shape)


def automatic_rank(n_components: int) -> int:
    """Return the rank that serves a number of components."""
    return max(64, 4 * n_components)


def random_patterns(
    rank: int,
    n_pixels: int,
    seed: int,
    keep: np.ndarray | slice = slice(None),
    dtype: DTypeLike = float,
) -> np.ndarray:
    """Return the random test matrix of a sketch, shape (rank, n_kept).

    It is drawn for all pixels, one pattern after the other: that of a pixel does not
    depend on which others are kept.
    """
    rng = np.random.default_rng(seed)
    patterns = np.empty((rank, np.empty(n_pixels, bool)[keep].size), dtype)
    for row in patterns:
        row[:] = rng.standard_normal(n_pixels)[keep]
    return patterns


def without_noise(
    span: np.ndarray, patterns: np.ndarray, inspection: Inspection
) -> np.ndarray:
    r"""Return a span of random patterns, the first half without the noise of counts.

    Parameters
    ----------
    span : numpy.ndarray, shape (rank, n_pixels)
        :math:`\Omega X^T X`
    patterns : numpy.ndarray, shape (rank, n_pixels)
        :math:`\Omega`
    inspection : Inspection
        Of the same data.

    Returns
    -------
    numpy.ndarray, shape (rank, n_pixels)

    Notes
    -----
    Noise that is independent in the pixels adds its variance to the diagonal of
    :math:`X^T X`, so that the random patterns themselves come into the span, more of
    them than of faint components. That of counts is in proportion to their mean. By
    how much is not asked of the detector: it is the ratio of variance and mean that
    few pixels fall below, those in which nothing but noise differs. What is left of
    the noise falls with the square root of the number of positions (diagonals without
    noise: Zhang, Cai & Wu, Ann. Statist. 50, 53, 2022). Of data without noise the
    second half spans all, as long as they have no more components. Where positions
    are fewer than pixels, the span stays as it is.
    """
    (rank, n_pixels), n = span.shape, len(inspection.position_sums)
    sums, squares = inspection.pixel_sums, inspection.pixel_square_sums
    counted = sums > 0
    if n < n_pixels or 2 * rank >= n_pixels or not counted.any():
        return span  # Noise stays anyway, or it is to be exact, or there is nothing.
    variances = squares - sums**2 / n
    ratio = np.quantile(variances[counted] / sums[counted], _FEW_PIXELS)
    noise = max(ratio, 0.0) * np.where(counted, sums, 0)
    clean = span.copy()
    for row, pattern in zip(clean[: fitted_rows(rank)], patterns, strict=False):
        row -= pattern * noise
    return clean


def refinements(shape: tuple[int, int]) -> int:
    """Return how many readings refine the span of data of so many positions and pixels.

    None where positions are as many as pixels, as noise is taken out of the span then
    (see `without_noise`), and none of large data, where readings are what a
    decomposition costs.
    """
    if shape[0] >= shape[1]:
        return 0
    return min(_MOST_REFINEMENTS, _READ_TO_REFINE // prod(shape))


def sketch_readings(shape: tuple[int, int]) -> int:
    """Return how often a sketch reads data, in chunks of whole patterns.

    Once for the span, once for each of `refinements` and once for the images. Where
    chunks divide patterns, it is twice as often.
    """
    return 2 + refinements(shape)


def sketch(operator: StreamedOperator, span: np.ndarray) -> LowRankOperator:
    r"""Compress data by a randomised range finder with power iterations.

    Parameters
    ----------
    operator : StreamedOperator
        The data; read once and for each of `refinements`, or twice as often where
        chunks divide patterns.
    span : numpy.ndarray, shape (rank, n_pixels)
        What `StreamedOperator.span` returns of random patterns, a few times as many as
        components.

    Returns
    -------
    LowRankOperator

    Notes
    -----
    With :math:`\Omega` random and :math:`V = \mathrm{orth}(X^T X \Omega)`,

    .. math:: X \approx (X V) V^T

    (Halko, Martinsson & Tropp, SIAM Rev. 53, 217, 2011; for non-negative
    factorisations Tepper & Sapiro, IEEE Trans. Signal Process. 64, 2269, 2016).
    Of a pattern that explains :math:`\lambda`, :math:`r` random ones hold about

    .. math:: \frac{r \lambda^2}{r \lambda^2 + \sum_j \lambda_j^2}

    which is little where it is faint and the :math:`\lambda_j` of noise are many. Each
    refinement, :math:`V \leftarrow \mathrm{orth}(X^T X V)`, raises the exponents by 2.
    :math:`X \Omega` is not made orthonormal, so that of patterns that are whole in
    their chunk the products are those of a single reading, and nothing is kept of
    positions. What is lost to rounding lies below the noise of counts. The same rows,
    weighted, span the patterns of weighted data, so that weights need not be known
    before.
    """
    return sketch_from(operator, orthonormal_rows(span, operator.dtype))


def sketch_from(operator: StreamedOperator, basis: np.ndarray) -> LowRankOperator:
    """Return `sketch` of a span of which orthonormal rows are given.

    The span itself, which of large patterns is large, need not be held meanwhile.
    """
    for _ in range(refinements(operator.shape)):
        span = principal_rows(operator.span(basis))
        basis = orthonormal_rows(span, operator.dtype)
        del span
    return _compressed(operator, basis)


def _compressed(operator: StreamedOperator, basis: np.ndarray) -> LowRankOperator:
    """Return the sketch of data in a span; one reading, or two."""
    told = operator.compress(basis, fitted_rows(len(basis)))
    fit = Fit.from_reading(told, basis, gram_of_rows(told.images))
    give_back()  # copies of parts of the images
    return LowRankOperator(told.images, basis, operator.square_norm, fit)


def fitted_rows(rank: int) -> int:
    """Return how many images of a sketch are fitted to the data.

    The sums of patterns that it takes cost as much as images of so many; loadings are
    few, and nearly all of them lie in the span of the first half.
    """
    return (rank + 1) // 2


def sketch_again(operator: StreamedOperator, images: np.ndarray) -> LowRankOperator:
    """Compress data of which a sketch was made that has changed a little.

    Parameters
    ----------
    operator : StreamedOperator
        The data; read twice, or three times where chunks divide patterns.
    images : numpy.ndarray, shape (rank, n_positions)
        Of the sketch, in its basis patterns. They are overwritten: with many positions
        they are large.
    """
    patterns = operator.patterns(orthonormalise(images))
    basis = orthonormal_rows(principal_rows(patterns), operator.dtype)
    del patterns
    return _compressed(operator, basis)


def orthonormalise(rows: np.ndarray) -> np.ndarray:
    r"""Make long rows orthonormal in place, and return them.

    Parameters
    ----------
    rows : numpy.ndarray, shape (n, n_columns)
        Overwritten. Only some columns at a time are copied.

    Returns
    -------
    numpy.ndarray
        The same array; its rows span what they did, to the precision of its type.

    Notes
    -----
    With :math:`Y Y^T = U \Lambda U^T`, rows become :math:`\Lambda^{-1/2} U^T Y`, where
    small eigenvalues are raised to what rounding leaves of the largest. The square of
    what rows are conditioned by is halved in its exponent each time, so that it is done
    twice (shifted Cholesky QR: Fukaya et al., SIAM J. Sci. Comput. 42, A477, 2020).
    """
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(gram_of_rows(rows))
        least = max(values[-1] * np.finfo(np.float64).eps * rows.shape[1] ** 0.5, _TINY)
        turn = (vectors / np.sqrt(np.maximum(values, least))).T
        for part in column_parts(rows.shape[1]):
            rows[:, part] = turn @ rows[:, part].astype(np.float64)
            let_go(rows)
    return rows


def orthonormal_rows(matrix: np.ndarray, dtype: DTypeLike = float) -> np.ndarray:
    """Return orthonormal rows that span those of a matrix, found in double precision.

    The first ones span the first of the matrix. QR decompositions of some columns at a
    time are put together by that of their triangles (Demmel, Grigori, Hoemmen &
    Langou, SIAM J. Sci. Comput. 34, A206, 2012): as exact, and without copies of all.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, n_columns)
    dtype : numpy.dtype, default float
        Of what is returned.
    """
    parts = list(column_parts(matrix.shape[1], max(_COLUMNS, 2 * len(matrix))))
    if len(parts) == 1:
        return np.linalg.qr(_columns(matrix))[0].T.astype(dtype)
    rows = np.empty(matrix.shape, dtype)
    # The rest of each is found again below: all of it would be as large as the matrix.
    triangles = [np.linalg.qr(_columns(matrix[:, part]), "r") for part in parts]
    edges = np.cumsum([len(triangle) for triangle in triangles])[:-1]
    together = np.split(np.linalg.qr(np.concatenate(triangles))[0], edges)
    for part, turn in zip(parts, together, strict=True):
        rows[:, part] = (np.linalg.qr(_columns(matrix[:, part]))[0] @ turn).T
    return rows


def _columns(rows: np.ndarray) -> np.ndarray:
    """Return long rows as columns in double precision."""
    return rows.T.astype(np.float64)


def principal_rows(matrix: np.ndarray) -> np.ndarray:
    """Return rows turned so that the first hold most of them."""
    return principal_turn(matrix)[1].astype(matrix.dtype) @ matrix
