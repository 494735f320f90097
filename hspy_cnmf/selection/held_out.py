"""Held-out error: a factorisation judged by data that it has not seen."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf import compression as compress
from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.selection.progress import advance
from hspy_cnmf.solver.factorise import changed, factorise
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.loop import gram
from hspy_cnmf.solver.revision import without_one

#: Random starts at the largest number of components, of which the best goes on.
N_STARTS = 3

#: Factorisations for each number of components: one for each half of the positions.
N_HALVES = 2

#: Spawn key of the random numbers, so that they differ from those of the starts.
_STREAM = 5


@dataclass(frozen=True, eq=False)
class Halves:
    """Sketches of two halves of the positions, and images of both on half the pixels.

    Parameters
    ----------
    positions : numpy.ndarray of bool, shape (2, n_positions)
        Positions of each half, among those that take part.
    sketches : list of LowRankOperator
        Of each half, from its own patterns only.
    images : numpy.ndarray, shape (2, 2, rank, n_positions)
        Images of all positions in the basis patterns of each sketch, on each half of
        the pixels.
    grams : numpy.ndarray, shape (2, 2, rank, rank)
        Products of those halves of basis patterns with each other.
    n_pixels : tuple of int
        Number of pixels in each half.
    """

    positions: np.ndarray
    sketches: list
    images: np.ndarray
    grams: np.ndarray
    n_pixels: tuple

    @classmethod
    def of(cls, operator, rank, seed):
        """Read the data three times and sketch both halves.

        Parameters
        ----------
        operator : StreamedOperator
            The data, weighted if they are to be.
        rank : int
            Rank of each sketch; less where there are fewer positions or pixels.
        seed : int
            Of the halves and of the sketches.
        """
        n_positions, n_pixels = operator.shape
        sequence = np.random.SeedSequence(seed, spawn_key=(_STREAM,))
        seeds = sequence.generate_state(2)
        rng = np.random.default_rng(seeds[0])
        positions, pixels = (_random_halves(n, rng) for n in operator.shape)
        rank = min(rank, n_positions // 2, n_pixels)
        random = compress.random_patterns(rank, n_pixels, seeds[1])
        images = operator.images(random)
        # Zero at the positions of the other half, whose noise the basis must not know.
        spans = np.zeros((2, rank, n_positions))
        for span, half in zip(spans, positions, strict=True):
            span[:, half] = compress.orthonormal_rows(images[:, half])
        bases = [compress.orthonormal_rows(p) for p in operator.patterns(spans)]
        bases = np.stack(bases).astype(operator.dtype)
        parts = bases[:, np.newaxis] * pixels[:, np.newaxis]
        images = operator.images(parts)
        sketches = [
            # The norm of all the data: a constant that no comparison depends on.
            LowRankOperator(
                np.ascontiguousarray(both.sum(axis=0)[:, half]),
                basis,
                operator.square_norm,
            )
            for both, half, basis in zip(images, positions, bases, strict=True)
        ]
        grams = np.array([[gram(part) for part in both] for both in parts])
        sizes = tuple(np.count_nonzero(pixels, axis=1).tolist())
        return cls(positions, sketches, images, grams, sizes)

    def errors(self, i, factors):
        r"""Return the errors of factors of one half at the positions of the other.

        Parameters
        ----------
        i : {0, 1}
            The half that was factorised.
        factors : numpy.ndarray, shape (n_components, n_pixels)
            In units of the weighted data.

        Returns
        -------
        numpy.ndarray, shape (2,)
            Mean squared error on each half of the pixels, with loadings from the other
            one, but for a constant: the mean square of those data.

        Notes
        -----
        With loadings :math:`h = \arg\min_{h \geq 0} \|x_a - W_a h\|^2` of a pattern
        :math:`x` from the pixels a, the error on the pixels b is

        .. math:: \|x_b - W_b h\|^2 - \|x_b\|^2 = h^T W_b^T W_b h - 2 h^T W_b^T x_b

        (bi-cross-validation after Owen & Perry, Ann. Appl. Stat. 3, 564, 2009, but that
        factors are known in all pixels). W here are the factors as far as the basis of
        their sketch reaches.
        """
        coefficients = factors.astype(np.float64) @ self.sketches[i].basis_patterns.T
        grams = coefficients @ self.grams[i] @ coefficients.T
        images = coefficients @ self.images[i][..., self.positions[1 - i]]
        errors = []
        for a, b in ((0, 1), (1, 0)):
            start = np.zeros_like(images[a])
            loadings = nonnegative_least_squares(images[a], grams[a], start)
            model = np.vdot(grams[b], gram(loadings))
            errors.append(model - 2 * np.vdot(loadings, images[b]))
        counts = np.array(self.n_pixels[::-1]) * images.shape[-1]
        return np.array(errors) / counts


def held_out_errors(operator, scales, estimator, rank, numbers, bar):
    """Return the held-out error of each number of components.

    Half of the positions, drawn at random, are factorised. At the others, loadings
    come from a random half of the pixels, and the error is that on the other half. So
    factors know nothing of the noise they are judged by, and neither do loadings.

    The largest number comes first; from its components those that are missed least are
    left out one by one. Random starts for each number would now and then miss a
    component that the data hold, and the errors would tell of that.

    Parameters
    ----------
    operator : StreamedOperator
        The data, divided by `scales`; read three times.
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels were divided by.
    estimator : hspy_cnmf.ConstrainedNMF
        Parameters, with a seed. Factors have no constraint: one that lifts a factor
        above the data, as a floor does, would be made good by further components.
    rank : int
        Rank of the sketches.
    numbers : sequence of int
        Numbers of components.
    bar : tqdm.tqdm
        Progress, in iterations.

    Returns
    -------
    numpy.ndarray, shape (4, n_numbers)
        Two halves of the positions, and of the pixels of each: mean squared errors
        above those of the number whose mean is the lowest. NaN for numbers that half
        of the data have no room for.
    """
    halves = Halves.of(operator, rank, estimator.random_state)
    estimator = changed(estimator, factor_constraint=None, prune=False)
    errors = np.full((N_HALVES, 2, len(numbers)), np.nan)
    room = min(sketch.rank for sketch in halves.sketches)
    for i, half in enumerate(halves.positions):
        keep = operator.keep_positions.copy()
        keep[keep] = half
        part = StreamedOperator(operator.data, keep, operator.keep_pixels)
        own = (None if scales[0] is None else scales[0][half], scales[1])
        factors = loadings = None
        for j in reversed(range(len(numbers))):
            n = int(numbers[j])
            if n > room:
                bar.update(estimator.max_iter)
                continue
            settings = changed(estimator, n_components=n, n_init=N_STARTS)
            if loadings is not None:
                settings = changed(settings, init=without_least(factors, loadings, n))
            result = factorise(
                part, settings, own, halves.sketches[i], advance(bar), "sketch"
            )
            factors, loadings = _divided(result, own)
            errors[i, :, j] = halves.errors(i, factors)
    errors = errors.reshape(-1, len(numbers))
    mean = errors.mean(axis=0)
    return errors if np.isnan(mean).all() else errors - errors[:, [np.nanargmin(mean)]]


def n_runs(n_numbers):
    """Return how many starts there are for a number of numbers of components."""
    return N_HALVES * (n_numbers - 1 + N_STARTS)


def without_least(factors, loadings, n):
    """Return the loadings of n components, those left out that are missed least.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
    loadings : numpy.ndarray, shape (n_components, n_positions)
    n : int
        How many are to stay.

    Returns
    -------
    numpy.ndarray, shape (n, n_positions)
    """
    while len(loadings) > n:
        _, factors, loadings = without_one(factors, loadings)
    return loadings


def _divided(result, scales):
    """Return factors and loadings of a result in units of the weighted data."""
    if scales[0] is None:
        return result.factors, result.loadings
    return result.factors / scales[1], result.loadings / scales[0]


def _random_halves(n, rng):
    """Return two complementary halves, shape (2, n)."""
    first = rng.permutation(n) < n // 2
    return np.stack([first, ~first])
