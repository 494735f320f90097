"""Held-out error: a factorisation judged by data that it has not seen."""

from __future__ import annotations

import numpy as np

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.streamed import Scales
from hspy_cnmf.progress import Progress
from hspy_cnmf.selection.halves import Half, split_in_halves, widths
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.redundancy import without_one
from hspy_cnmf.solver.resolution import changed

#: How often the data are read for halves.
N_READINGS = 3

#: Random starts at the largest number of components, of which the best goes on.
N_STARTS = 3

#: Factorisations for each number of components: one for each half of the positions.
N_HALVES = 2


def held_out_errors(
    operator: StreamedOperator,
    scales: Scales,
    estimator: ConstrainedNMF,
    rank: int,
    numbers: np.ndarray,
    bar: Progress,
) -> tuple[np.ndarray, float]:
    """Return the held-out error of each number of components.

    Half of the positions, drawn at random, are factorised. At the others, loadings
    come from a random half of the pixels, and the error is that on the other half. So
    factors know nothing of the noise they are judged by, and neither do loadings.

    Where counts are few, a position alone does not tell its loadings. So neighbours
    are pooled in both halves, over the width that predicts best with the largest
    number of components; over none where counts are many.

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
    numbers : numpy.ndarray of int, shape (n_numbers,)
        Increasing numbers of components.
    bar : hspy_cnmf.progress.Progress

    Returns
    -------
    errors : numpy.ndarray, shape (4, n_numbers)
        Two halves of the positions, and of the pixels of each: mean squared errors
        above those of the number whose mean is the lowest. NaN for numbers that half
        of the data have no room for.
    width : float
        Full width at half maximum over which neighbours were pooled, in steps.
    """
    halves = split_in_halves(operator, scales, rank, estimator.random_state)
    estimator = changed(estimator, factor_constraint=None, prune=False)
    errors = np.full((N_HALVES, 2, len(numbers)), np.nan)
    room = np.flatnonzero(numbers <= min(half.sketch.rank for half in halves))
    bar.skip(n_runs(len(numbers) - room.size, 0))
    if not room.size:
        return errors.reshape(-1, len(numbers)), 0.0
    most = changed(estimator, n_components=int(numbers[room[-1]]), n_init=N_STARTS)
    found = [_factorised(half, most, 0.0, bar) for half in halves]
    width = min(
        widths(operator.keep_positions.shape),
        key=lambda w: sum(
            half.errors(factors, w).sum()
            for half, (factors, _) in zip(halves, found, strict=True)
        ),
    )
    for i, half in enumerate(halves):
        factors, loadings = found[i]
        for j in reversed(room):
            init = without_least(factors, loadings, int(numbers[j]))
            settings = changed(estimator, n_components=len(init), init=init)
            factors, loadings = _factorised(half, settings, width, bar)
            errors[i, :, j] = half.errors(factors, width)
    scores = errors.reshape(-1, len(numbers))
    return scores - scores[:, [np.nanargmin(scores.mean(axis=0))]], width


def _factorised(
    half: Half, estimator: ConstrainedNMF, width: float, bar: Progress
) -> tuple[np.ndarray, np.ndarray]:
    label = f"held out, {estimator.n_components} components"
    n_starts = 1 if isinstance(estimator.init, np.ndarray) else estimator.n_init
    with bar.starts(label, n_starts, estimator.max_iter) as advance:
        return half.factorise(estimator, width, advance)


def n_runs(n_numbers: int, n_starts: int = N_STARTS) -> int:
    """Return how many starts there are for a number of numbers of components."""
    return N_HALVES * (n_numbers + n_starts)


def without_least(factors: np.ndarray, loadings: np.ndarray, n: int) -> np.ndarray:
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
