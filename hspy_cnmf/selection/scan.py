"""Scan the number of components of a HyperSpy signal."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.arguments import with_shared_parameters
from hspy_cnmf.decomposition.first_reading import FirstReading, read_first
from hspy_cnmf.decomposition.kept_sketch import check_compression
from hspy_cnmf.decomposition.options import SHARED
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.decomposition.run import most_summed
from hspy_cnmf.messages import warn_once
from hspy_cnmf.operators import LowRankOperator, scheduling
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.operators.range_finder import sketch_readings
from hspy_cnmf.progress import Progress, one_bar
from hspy_cnmf.selection import held_out as left_out
from hspy_cnmf.selection.noise_floor import check_gain, noise_floor
from hspy_cnmf.selection.output_dimension_scan import OutputDimensionScan
from hspy_cnmf.solver import Result

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal

_logger = logging.getLogger(__name__)

#: Iterations and relative change of the run that leaves out components of noise, which
#: is as careful as a decomposition, and how many times more starts it has.
_MAX_ITER, _TOL, _MORE_STARTS = 500, 1e-4, 2

#: Parameters that belong to one decomposition.
_OF_ONE_DECOMPOSITION = (
    "init",
    "last_iteration",
    "missing",
    "reproject",
    "fixed_factors",
    "fixed_loadings",
)

#: Parameters of a decomposition that a scan has too.
_SHARED = {
    name: shared for name, shared in SHARED.items() if name not in _OF_ONE_DECOMPOSITION
}


@with_shared_parameters(_SHARED, n_init=5, max_iter=60, tol=3e-3, prune=False)
def scan_output_dimension(
    signal: BaseSignal,
    output_dimensions: Iterable[int] = range(2, 21),
    *,
    held_out: bool = True,
    gain: float | None = None,
    print_info: bool = True,
    **shared: Any,
) -> OutputDimensionScan:
    """Factorise with several numbers of components, and suggest one.

    The data are read for one sketch, that of all runs, unless one is given; three times
    more for the held-out error.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    output_dimensions : iterable of int, default range(2, 21)
        Numbers of components, in any order.
    **shared
        See `hspy_cnmf.decomposition.options`.
    held_out : bool, default True
        Whether to find the held-out error, which takes about half the time.
    gain : float, optional
        Electrons per unit of the data, for the noise floor. Default: 1 if the data
        look like counts; otherwise there is no floor.
    print_info : bool, default True
        Print what is suggested, and why.

    Returns
    -------
    OutputDimensionScan

    Raises
    ------
    ValueError, TypeError
        Before any work, if arguments or data do not make sense.

    See Also
    --------
    hspy_cnmf.get_scan, hspy_cnmf.load_scan, hspy_cnmf.plot_scan

    Notes
    -----
    There are fewer starts and iterations than in a decomposition: it is the numbers of
    components that are compared. For that each run keeps as many components as it is
    asked for (`prune`). "auto" as `compression` suits the largest number.

    The number suggested is the smallest whose held-out error is the lowest within its
    standard error, where counts are few that of neighbours pooled over
    ``parameters["held_out_width"]`` steps, if another criterion says the same: the last
    up to which NMF follows PCA (its error falls by at least 70 % of what that of PCA
    falls; after Kimoto et al., Sci. Rep. 14, 2901, 2024, Fig. 4), or up to which
    restarts agree. Else it is how many of the largest number are more than noise, as a
    decomposition with ``prune=True`` finds it with twice as many starts; if all are,
    the first of the others that has an answer. How far the error is from that of
    Poisson counts is told beside it.
    """
    numbers = check_numbers(output_dimensions)
    check_gain(gain)
    check_compression(shared["compression"])
    plan = make_plan(signal, int(numbers[-1]), needs_sketch=True, **shared)
    n_steps = _n_steps(len(numbers), plan.estimator.n_init, held_out)
    n_steps += 0 if plan.sketch is not None else sketch_readings(plan.shape)
    name = "Scan of the number of components"
    with (
        scheduling.scheduler(plan.scheduler),
        one_bar(name, n_steps, plan.show_progressbar) as bar,
    ):
        plan, data = plan.with_remedy(aligned_data(signal))
        operator = plan.operator(data)
        plan.try_constraints(operator.dtype)
        reading = read_first(plan, operator)
        for text in reading.notes:
            warn_once(_logger, signal, text)
        summed = most_summed(plan, reading)
        arrays, note, found = _scan(reading, numbers, held_out, gain, summed, bar)
    parameters = reading.estimator.get_params(deep=False) | {
        "compression_rank": reading.require_sketch().rank,
        "normalize_poissonian_noise": reading.normalized,
        "weights": reading.weights,
        "negative": plan.negative.negative,
        "gain": gain,
    }
    title = signal.metadata.get_item("General.title", "")
    parameters |= found
    scan = OutputDimensionScan.from_arrays(numbers, arrays, note, parameters, title)
    if print_info:
        print(f"Scan of the number of components:\n  suggested={scan.reason}")
    return scan


def check_numbers(output_dimensions: Iterable[int]) -> np.ndarray:
    """Return increasing numbers of components, or raise if they are none.

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If there are none, or twice the same, or one below 1.
    """
    advice = "give a range or a list of them, for example range(2, 21)."
    try:
        numbers = list(output_dimensions)
    except TypeError:
        raise TypeError(
            f"output_dimensions={output_dimensions!r} is not a sequence of integers: "
            + advice
        ) from None
    if not numbers:
        raise ValueError(f"output_dimensions={output_dimensions!r} is empty: {advice}")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise TypeError(
                f"output_dimensions has {number!r}, which is no integer: {advice}"
            )
        if number < 1:
            raise ValueError(
                f"output_dimensions has {number}, but there is at least 1 component: "
                + advice
            )
    twice = sorted({int(n) for n in numbers if numbers.count(n) > 1})
    if twice:
        raise ValueError(
            f"output_dimensions has {', '.join(map(str, twice))} more than once."
        )
    return np.array(sorted(map(int, numbers)))


def _scan(
    reading: FirstReading,
    numbers: np.ndarray,
    held_out: bool,
    gain: float | None,
    summed: int,
    bar: Progress,
) -> tuple[dict[str, np.ndarray], str, dict[str, float]]:
    """Return curves by their names, a note on the noise floor, and what else is told.

    That is how many of the largest number of components are more than noise, and over
    how many steps neighbours were pooled.
    """
    sketch, estimator = reading.require_sketch(), reading.estimator
    operator = reading.source
    floor = noise_floor(operator, sketch, reading.scales, gain)
    width, results = 0.0, []
    for n in map(int, numbers):
        label = f"{n} components"
        with bar.starts(label, estimator.n_init, estimator.max_iter) as advance:
            results.append(reading.factorise("sketch", advance, n_components=n))
    n = int(numbers[-1])
    n_starts = _MORE_STARTS * estimator.n_init
    with bar.starts(f"{n} components, no noise", n_starts, _MAX_ITER) as advance:
        careful: dict[str, Any] = {"prune": True, "max_iter": _MAX_ITER, "tol": _TOL}
        careful |= {"n_components": n, "n_init": n_starts}
        n_found = reading.factorise("sketch", advance, summed, **careful).n_found
    arrays = _curves(results) | {
        "pca_error": pca_errors(sketch.operator, numbers),
        "noise_floor": floor.errors(numbers, operator.shape),
        "held_out_error": np.full((4, len(numbers)), np.nan),
    }
    if held_out:
        arrays["held_out_error"], width = left_out.held_out_errors(
            reading.operator, reading.scales, estimator, sketch.rank, numbers, bar
        )
    return arrays, floor.note, {"n_found": n_found, "held_out_width": width}


def _n_steps(n_numbers: int, n_init: int, held_out: bool) -> int:
    """Return how many starts there are, and readings for what is held out."""
    n = (n_numbers + _MORE_STARTS) * n_init
    return n + (left_out.n_runs(n_numbers) + left_out.N_READINGS if held_out else 0)


def _curves(results: list[Result]) -> dict[str, np.ndarray]:
    """Return what the runs tell, one value or more for each."""
    return {
        "error": np.array([result.error for result in results]),
        "start_errors": np.stack([result.last_errors for result in results], axis=1),
        "agreement": np.array(
            [np.fmin.reduce(result.median_agreement) for result in results]
        ),
    }


def pca_errors(operator: LowRankOperator, numbers: np.ndarray) -> np.ndarray:
    r"""Return the lowest mean squared error of any factorisation of some ranks.

    Parameters
    ----------
    operator : LowRankOperator
        A sketch.
    numbers : numpy.ndarray of int, shape (n_numbers,)
        Ranks, not above that of the sketch.

    Returns
    -------
    numpy.ndarray, shape (n_numbers,)

    Notes
    -----
    .. math:: \frac{1}{P Q} \left(\|X\|^2 - \sum_{i \leq n} \sigma_i^2\right)

    (Eckart & Young 1936) with the singular values of the sketch of P x Q data. These
    are not centred: PCA of centred data has no bearing on factors that must not be
    negative. No factorisation of the sketch has a lower error. The error of PCA of the
    data themselves is lower by what the sketch leaves out: up to 0.2 % where components
    are real, and 0.1 % more for each that is noise, which a larger rank makes less.
    """
    eigenvalues = np.linalg.eigvalsh(gram_of_rows(operator.basis_images))[::-1]
    tails = operator.square_norm - np.cumsum(eigenvalues)
    return np.maximum(tails[numbers - 1], 0) / np.prod(operator.shape)
