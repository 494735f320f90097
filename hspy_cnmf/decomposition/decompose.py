"""Constrained NMF of a HyperSpy signal: signals in, learning results out."""

import logging
from dataclasses import replace

import numpy as np
from tqdm.auto import tqdm

from hspy_cnmf._hyperspy import store
from hspy_cnmf._hyperspy.store import to_store
from hspy_cnmf.constraints.base import expand, prepare
from hspy_cnmf.decomposition.constraints import with_resolved_constraints
from hspy_cnmf.decomposition.reprojection import expand_and_reproject
from hspy_cnmf.decomposition.sketching import (
    check_choices,
    checked_inspection,
    kept_sketch,
    masked_operator,
    sketch_of,
)
from hspy_cnmf.operators import scheduling
from hspy_cnmf.operators.range_finder import rank_of
from hspy_cnmf.operators.sketch import noise_of
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.factorise import changed, factorise, with_seed
from hspy_cnmf.solver.parameters import check_parameters

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
    prune=True,
    random_state=None,
    compression="auto",
    sketch=None,
    last_iteration="data",
    show_progressbar=None,
    normalize_poissonian_noise=False,
    navigation_mask=None,
    signal_mask=None,
    reproject=None,
    return_info=False,
    print_info=True,
    scheduler=None,
    max_memory=None,
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
    solver, n_init, max_iter, tol, init, prune, random_state, compression
        See `hspy_cnmf.ConstrainedNMF`.
    sketch : Sketch or path-like, optional
        A sketch to use again, of the same data, masks and `normalize_poissonian_noise`
        (see `hspy_cnmf.make_sketch`), or a file to keep it in: one that is there is
        used, otherwise the sketch is made and saved there before the iterations begin,
        so that an interrupted run leaves it. With `compression` "auto" it may have any
        rank from twice the number of components. The data are then read twice, for the
        last iteration, and a few chunks to see that the sketch is theirs.
    last_iteration : {"data", "sketch"}, default "data"
        "sketch" leaves out the iteration on the data that ends a run, so that with a
        kept sketch nothing is read but the sample. Factors then are mixtures of the
        sketch's basis patterns, made non-negative, and the error is that of the sketch.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.
    normalize_poissonian_noise : bool, default False
        Weight positions and pixels by one over the square root of their counts while
        fitting (Keenan & Kotula 2004). Recommended for few counts.
    navigation_mask, signal_mask : BaseSignal, numpy.ndarray or dask.array.Array
        True excludes. An array of positions is in HyperSpy's order (x, y). Masks leave
        the map a grid, in whose smoothing masked positions take no part.
    reproject : {None, "navigation", "signal", "both"}, default None
        Fill in loadings at masked positions, or factors in masked pixels, from the
        data there; they are NaN otherwise. Each costs two more readings.
    return_info : bool, default False
        Return the `Result`, or with `estimator` the fitted estimator.
    print_info : bool, default True
        Print how the run ended.
    scheduler : str, callable or dask.distributed.Client, optional
        Dask scheduler for lazy signals (HyperSpy's argument ``get``). Default: the
        cluster that is active, otherwise threads.
    max_memory : int or str, optional
        What chunks of a lazy signal may take while they are read in this process, in
        bytes or as "2 GB": as many are read at a time as fit. It does not change the
        result. Default: three quarters of what is free. On a cluster, the workers'
        own limits hold instead.
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
            prune=prune,
            random_state=random_state,
            compression=compression,
        )
    elif output_dimension is not None:
        estimator = changed(estimator, n_components=output_dimension)
    settings = {
        "normalize_poissonian_noise": normalize_poissonian_noise,
        "reproject": reproject,
        "last_iteration": last_iteration,
    }
    with scheduling.scheduler(scheduler):
        operator = masked_operator(
            signal, navigation_mask, signal_mask, show_progressbar, max_memory
        )
        check_run(signal, operator, estimator, reproject, last_iteration)
        kept = kept_sketch(sketch, operator, estimator, normalize_poissonian_noise)
        result, factors, loadings = _decompose(
            signal, operator, estimator, *kept, **settings
        )
    result = replace(result, parameters=result.parameters | settings)
    masks = tuple(
        None if mask is None else ~keep
        for mask, keep in (
            (navigation_mask, operator.keep_positions),
            (signal_mask, operator.keep_pixels),
        )
    )
    store.fill_learning_results(
        signal, factors, loadings, masks, normalize_poissonian_noise, to_store(result)
    )
    if print_info:
        _print_info(result)
    if given is not None:
        given._store(result)
    return (result if given is None else given) if return_info else None


def _decompose(
    signal,
    operator,
    estimator,
    sketch,
    path,
    *,
    normalize_poissonian_noise,
    reproject,
    last_iteration,
):
    """Return the result, and factors and loadings as HyperSpy has them."""
    estimator = with_seed(estimator)
    rank = rank_of(estimator.compression, estimator.n_components, operator.shape)
    if sketch is None and (rank is not None or path is not None):
        sketch = sketch_of(operator, estimator, normalize_poissonian_noise)
        if path is not None:
            sketch.save(path)
    inspection = (
        checked_inspection(operator)[0] if sketch is None else sketch.inspection
    )
    operator = operator.expecting(inspection)
    scales = noise_of(inspection, normalize_poissonian_noise)
    estimator = with_resolved_constraints(
        estimator, signal, mean_pattern(operator, inspection)
    )
    result = _factorise(operator, scales, estimator, sketch, last_iteration)
    expanded = expand_and_reproject(
        operator, scales, estimator, result, reproject, inspection.maximum
    )
    return result, *expanded


def check_run(signal, operator, estimator, reproject=None, last_iteration="data"):
    """Check all that can be checked without the data."""
    if estimator.n_components is None:
        raise ValueError(
            "output_dimension is missing: give the number of components, for example "
            "output_dimension=10."
        )
    check_choices(reproject, last_iteration)
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


def mean_pattern(operator, inspection):
    """Return the mean pattern of what an inspection read, NaN where masked."""
    mean = inspection.pixel_sums / operator.shape[0]
    return expand(mean[np.newaxis], operator.keep_pixels)[0]


def _factorise(operator, scales, estimator, sketch, last_iteration):
    """Run the solver, with a progress bar, and warn if it did not converge."""
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
            None if sketch is None else sketch.operator,
            lambda n: bar.update(n - bar.n),
            last_iteration,
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
        f"  algorithm={store.ALGORITHM}",
        f"  output_dimension={result.parameters['n_components']}",
        *(f"  {name}={result.parameters[name]}" for name in names),
        f"  status={result.summary()}",
        f"  agreement={result.agreement_summary()}",
    ]
    print("\n".join(lines))
