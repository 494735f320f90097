"""Constrained NMF of a HyperSpy signal: signals in, learning results out."""

import logging
from contextlib import nullcontext
from dataclasses import replace

import dask
import numpy as np
from tqdm.auto import tqdm

from hspy_cnmf import registration
from hspy_cnmf.constraints.base import expand, prepare
from hspy_cnmf.geometry import with_resolved_constraints
from hspy_cnmf.inspection import check_counts, check_signal
from hspy_cnmf.masks import kept_pixels, kept_positions
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.reprojection import expand_and_reproject
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.factorise import (
    changed,
    check_parameters,
    factorise,
    random_patterns_of,
    with_seed,
)
from hspy_cnmf.storage import to_store

_logger = logging.getLogger(__name__)


def decompose(
    signal,
    output_dimension=None,
    *,
    factor_constraint="auto",
    loading_constraint="auto",
    solver="hals",
    n_init=10,
    max_iter=500,
    tol=1e-4,
    init="random",
    random_state=None,
    compression="auto",
    show_progressbar=None,
    normalize_poissonian_noise=False,
    navigation_mask=None,
    signal_mask=None,
    reproject=None,
    return_info=False,
    print_info=True,
    scheduler=None,
    estimator=None,
):
    """Decompose a signal by constrained NMF; the results go to ``learning_results``.

    This is what ``s.decomposition(algorithm="constrained_nmf")`` calls.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    output_dimension : int
        Number of components.
    factor_constraint : "auto", None, constraint or callable, default "auto"
        What a factor is known to look like. "auto": `RadialFloor` on pyxem's
        diffraction patterns, `AzimuthalFloor` on polar ones, None on other signals.
        A callable takes and returns a stack of patterns, shape (n, *signal_shape),
        NaN where masked.
    loading_constraint : "auto", None, constraint or callable, default "auto"
        The same for maps. "auto": `GaussianSmoothing` over 3 points along each
        navigation axis.
    solver, n_init, max_iter, tol, init, random_state, compression
        See `hspy_cnmf.ConstrainedNMF`.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.
    normalize_poissonian_noise : bool, default False
        Weight positions and pixels by one over the square root of their counts while
        fitting (Keenan & Kotula 2004). Recommended for few counts.
    navigation_mask, signal_mask : BaseSignal, numpy.ndarray or dask.array.Array
        True excludes; see `hspy_cnmf.masks`. Masks leave the map a grid, in whose
        smoothing masked positions take no part.
    reproject : {None, "navigation", "signal", "both"}, default None
        Fill in loadings at masked positions, or factors in masked pixels, from the
        data there; they are NaN otherwise. Each costs two more readings.
    return_info : bool, default False
        Return the `Result`, or with `estimator` the fitted estimator.
    print_info : bool, default True
        Print how the run ended.
    scheduler : str or callable, optional
        Dask scheduler for lazy signals (HyperSpy's argument ``get``).
    estimator : ConstrainedNMF, optional
        Takes the place of the parameters from `factor_constraint` to `compression`;
        fitted in the end.

    Returns
    -------
    Result, ConstrainedNMF or None

    Raises
    ------
    ValueError, TypeError
        Before any work, if arguments or data do not make sense; the signal and its
        learning results stay as they were.

    See Also
    --------
    hspy_cnmf.get_result, hspy_cnmf.plot_convergence
    """
    given = estimator
    if estimator is None:
        estimator = ConstrainedNMF(
            output_dimension,
            factor_constraint=factor_constraint,
            loading_constraint=loading_constraint,
            solver=solver,
            n_init=n_init,
            max_iter=max_iter,
            tol=tol,
            init=init,
            random_state=random_state,
            compression=compression,
        )
    elif output_dimension is not None:
        estimator = changed(estimator, n_components=output_dimension)
    scheduling = dask.config.set(scheduler=scheduler) if scheduler else nullcontext()
    with scheduling:
        operator = _checked_operator(
            signal,
            estimator,
            navigation_mask,
            signal_mask,
            reproject,
            registration.wants_progressbar(show_progressbar),
        )
        result, factors, loadings = _decompose(
            signal, operator, estimator, normalize_poissonian_noise, reproject
        )
    masks = tuple(
        None if mask is None else ~keep
        for mask, keep in (
            (navigation_mask, operator.keep_positions),
            (signal_mask, operator.keep_pixels),
        )
    )
    registration.store(
        signal, factors, loadings, masks, normalize_poissonian_noise, to_store(result)
    )
    if print_info:
        _print_info(result)
    if given is not None:
        given._store(result)
    return (result if given is None else given) if return_info else None


def _decompose(signal, operator, estimator, normalize_poissonian_noise, reproject):
    """Return the result, and factors and loadings as HyperSpy has them."""
    estimator = with_seed(estimator)
    inspection, random_images = operator.inspect(
        random_patterns_of(estimator, operator.shape)
    )
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)
    scales = _noise(inspection) if normalize_poissonian_noise else (None, None)
    estimator = with_resolved_constraints(
        estimator, signal, _mean_pattern(operator, inspection)
    )
    result = _factorise(operator, scales, estimator, random_images)
    expanded = expand_and_reproject(
        operator, scales, estimator, result, reproject, inspection.maximum
    )
    settings = {
        "normalize_poissonian_noise": normalize_poissonian_noise,
        "reproject": reproject,
    }
    return replace(result, parameters=result.parameters | settings), *expanded


def _checked_operator(
    signal, estimator, navigation_mask, signal_mask, reproject, show_progressbar
):
    """Check all that can be checked without the data and return the operator."""
    check_signal(signal)
    if estimator.n_components is None:
        raise ValueError(
            "output_dimension is missing: give the number of components, for example "
            "output_dimension=10."
        )
    if reproject not in (None, "navigation", "signal", "both"):
        raise ValueError(
            "reproject must be None, 'navigation', 'signal' or 'both', "
            f"not {reproject!r}."
        )
    operator = StreamedOperator(
        registration.aligned_data(signal),
        kept_positions(signal, navigation_mask),
        kept_pixels(signal, signal_mask),
        show_progressbar=show_progressbar,
    )
    check_parameters(estimator, operator.keep_positions, operator.keep_pixels)
    estimator = with_resolved_constraints(estimator, signal, None)
    for name, keep in (
        ("factor_constraint", operator.keep_pixels),
        ("loading_constraint", operator.keep_positions),
    ):
        project = prepare(getattr(estimator, name), keep, name)
        if project is not None:
            n = estimator.n_components, np.count_nonzero(keep)
            project(np.random.default_rng(0).random(n).astype(operator.dtype))
    return operator


def _noise(inspection):
    """Return the square roots of the counts at each position and in each pixel.

    Their product is the standard deviation of Poisson counts, but for a constant
    (Keenan & Kotula 2004). Without counts there is nothing to be divided.
    """
    sums = inspection.position_sums, inspection.pixel_sums
    return tuple(np.sqrt(np.where(s > 0, s, 1)) for s in sums)


def _mean_pattern(operator, inspection):
    mean = inspection.pixel_sums / operator.shape[0]
    return expand(mean[np.newaxis], operator.keep_pixels)[0]


def _factorise(operator, scales, estimator, random_images):
    """Run the solver, with a progress bar, and warn if it did not converge."""
    position_scale = scales[0]
    if position_scale is not None:
        random_images = random_images / position_scale
    with tqdm(
        total=estimator.n_init * estimator.max_iter,
        desc="Constrained NMF",
        unit="iteration",
        disable=not operator.show_progressbar,
    ) as bar:
        result = factorise(
            operator.divided(*scales),
            estimator,
            scales,
            random_images,
            lambda n: bar.update(n - bar.n),
        )
    if result.status[result.best] != "converged":
        _logger.warning("Constrained NMF ended with %s", result.summary())
    return result


def _print_info(result):
    names = (
        "normalize_poissonian_noise",
        "factor_constraint",
        "loading_constraint",
        "solver",
    )
    lines = [
        "Decomposition info:",
        f"  algorithm={registration.ALGORITHM}",
        f"  output_dimension={result.parameters['n_components']}",
        *(f"  {name}={result.parameters[name]}" for name in names),
        f"  status={result.summary()}",
    ]
    print("\n".join(lines))
