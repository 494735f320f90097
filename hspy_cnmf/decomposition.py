"""Constrained NMF of a HyperSpy signal: signals in, learning results out."""

import json
import logging
from contextlib import nullcontext
from dataclasses import fields, replace
from importlib.metadata import version

import dask
import numpy as np
from pyxem.signals import Diffraction2D, PolarDiffraction2D
from sklearn.base import clone
from tqdm.auto import tqdm

from hspy_cnmf import registration
from hspy_cnmf.constraints import AzimuthalFloor, GaussianSmoothing, RadialFloor
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.inspection import check_counts, check_signal
from hspy_cnmf.masks import (
    kept_pixels,
    kept_positions,
    pattern_center,
    ring_distortion,
)
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import ConstrainedNMF, Result, half_steps
from hspy_cnmf.solver.factorise import check_parameters, factorise
from hspy_cnmf.solver.loop import half_step

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
        True excludes; see `hspy_cnmf.masks`. Masks leave the map a grid: nothing is
        smoothed across masked positions.
    reproject : {None, "navigation", "signal", "both"}, default None
        Fill in loadings at masked positions, or factors in masked pixels, from the
        data there; they are NaN otherwise. Each costs one or two more readings.
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
        estimator = clone(estimator).set_params(n_components=output_dimension)
    show_progressbar = registration.wants_progressbar(show_progressbar)
    scheduling = dask.config.set(scheduler=scheduler) if scheduler else nullcontext()
    with scheduling:
        operator = _checked_operator(
            signal, estimator, navigation_mask, signal_mask, reproject, show_progressbar
        )
        scales, mean_pattern = _inspect(signal, operator, normalize_poissonian_noise)
        estimator = _with_resolved_constraints(estimator, signal, mean_pattern)
        result = _factorise(operator, scales, estimator, show_progressbar)
        factors, loadings = _fill_in(operator, scales, estimator, result, reproject)
    masks = tuple(
        None if mask is None else ~keep
        for mask, keep in (
            (navigation_mask, operator.keep_positions),
            (signal_mask, operator.keep_pixels),
        )
    )
    registration.store(
        signal, factors, loadings, masks, normalize_poissonian_noise, _extra(result)
    )
    if print_info:
        _print_info(result, normalize_poissonian_noise)
    if given is not None:
        given._store(result)
    return (result if given is None else given) if return_info else None


def get_result(signal):
    """Return the `Result` of a signal's constrained NMF, also after save and load.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal.

    Returns
    -------
    Result
        Its factors and loadings are those of ``signal.learning_results``, masked
        values included.

    Raises
    ------
    RuntimeError
        If the signal's last decomposition was not a constrained NMF.
    """
    stored = registration.stored(signal)
    if not stored:
        raise RuntimeError(
            "This signal has no constrained NMF: run "
            f's.decomposition(algorithm="{registration.ALGORITHM}") first.'
        )
    run = json.loads(str(stored["run"]))
    results = signal.learning_results
    return Result(
        factors=np.asarray(results.factors).T,
        loadings=np.asarray(results.loadings).T,
        n_iter=np.array(run.pop("n_iter")),
        seeds=np.array(run.pop("seeds")),
        status=tuple(run.pop("status")),
        **{name: np.asarray(stored[name]) for name in _HISTORIES},
        **run,
    )


_HISTORIES = tuple(f.name for f in fields(Result) if f.name.endswith("_history"))


def _extra(result):
    """Return what of a result is stored beside factors and loadings."""
    run = {
        f.name: getattr(result, f.name)
        for f in fields(Result)
        if f.name not in ("factors", "loadings", *_HISTORIES)
    }
    run["parameters"] = result.parameters | {"hspy_cnmf": version("hspy-cnmf")}
    histories = {name: getattr(result, name) for name in _HISTORIES}
    return histories | {"run": json.dumps(run, default=_plain)}


def _plain(value):
    return value.tolist() if hasattr(value, "tolist") else repr(value)


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
    check_parameters(estimator, operator.shape)
    constraints = _with_resolved_constraints(estimator, signal, None)
    prepare(constraints.factor_constraint, operator.keep_pixels, "factor_constraint")
    prepare(
        constraints.loading_constraint, operator.keep_positions, "loading_constraint"
    )
    return operator


def _inspect(signal, operator, normalize_poissonian_noise):
    """Read the data once: check them, and return scales and the mean pattern.

    Returns
    -------
    scales : tuple of (numpy.ndarray or None)
        What positions and pixels are divided by while fitting.
    mean_pattern : numpy.ndarray, shape `signal_shape`
        NaN where masked.
    """
    inspection = operator.inspect()
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)
    mean_pattern = np.full(operator.keep_pixels.shape, np.nan)
    mean_pattern[operator.keep_pixels] = inspection.pixel_sums / operator.shape[0]
    if not normalize_poissonian_noise:
        return (None, None), mean_pattern
    sums = inspection.position_sums, inspection.pixel_sums
    return tuple(np.sqrt(np.where(s > 0, s, 1)) for s in sums), mean_pattern


def _with_resolved_constraints(estimator, signal, mean_pattern):
    """Return an estimator whose constraints know the signal's geometry.

    Without a mean pattern the centre is not looked for.
    """
    resolved = clone(estimator, safe=False)
    factor = estimator.factor_constraint
    if _is_auto(factor):
        factor = _automatic_floor(signal)
    if isinstance(factor, RadialFloor) and mean_pattern is not None:
        if factor.center is None:
            factor = replace(factor, center=pattern_center(signal, mean_pattern))
        if factor.affine is None:
            factor = replace(factor, affine=ring_distortion(signal))
    loading = estimator.loading_constraint
    if _is_auto(loading):
        shape, _ = registration.shapes(signal)
        loading = GaussianSmoothing(size=tuple(3 if n >= 3 else 1 for n in shape))
    if isinstance(loading, GaussianSmoothing) and loading.step is None:
        axes = signal.axes_manager.navigation_axes[::-1]
        steps = tuple(float(np.mean(np.diff(axis.axis))) or 1.0 for axis in axes)
        loading = replace(loading, step=tuple(map(abs, steps)))
    return resolved.set_params(factor_constraint=factor, loading_constraint=loading)


def _is_auto(constraint):
    return isinstance(constraint, str) and constraint == "auto"


def _automatic_floor(signal):
    if isinstance(signal, PolarDiffraction2D):
        return AzimuthalFloor()
    return RadialFloor() if isinstance(signal, Diffraction2D) else None


def _factorise(operator, scales, estimator, show_progressbar):
    """Run the solver on the (weighted) data and return a result in their own units."""
    weighted = operator
    if scales[0] is not None:
        weighted = operator.weighted(1 / scales[0], 1 / scales[1])
    total = estimator.n_init * estimator.max_iter
    bar = tqdm(
        total=total,
        desc="Constrained NMF",
        unit="iteration",
        disable=not show_progressbar,
    )
    with bar:
        result = factorise(weighted, estimator, scales, lambda n: bar.update(n - bar.n))
    if result.status[result.best] != "converged":
        _logger.warning("Constrained NMF ended with %s", result.summary())
    return result


def _fill_in(operator, scales, estimator, result, reproject):
    """Return factors and loadings as HyperSpy has them, masked parts filled in or NaN.

    Returns
    -------
    factors : numpy.ndarray, shape (n_pixels of the detector, n_components)
    loadings : numpy.ndarray, shape (n_positions of the scan, n_components)
    """
    factors = _expand(result.factors, operator.keep_pixels)
    loadings = _expand(result.loadings, operator.keep_positions)
    if reproject in ("navigation", "both") and not operator.keep_positions.all():
        masked = _masked_operator(operator, ~operator.keep_positions, None)
        scale = 1 if scales[1] is None else scales[1].astype(operator.dtype)
        if scales[1] is not None:
            masked = masked.weighted(np.ones(masked.shape[0]), 1 / scales[1])
        fixed = result.factors / scale
        _solve_masked(
            loadings, masked.keep_positions, masked.images(fixed), fixed,
            estimator.loading_constraint, "loading_constraint",
        )  # fmt: skip
    if reproject in ("signal", "both") and not operator.keep_pixels.all():
        masked = _masked_operator(operator, None, ~operator.keep_pixels)
        scale = 1 if scales[0] is None else scales[0].astype(operator.dtype)
        if scales[0] is not None:
            masked = masked.weighted(1 / scales[0], np.ones(masked.shape[1]))
        fixed = result.loadings / scale
        _solve_masked(
            factors, masked.keep_pixels, masked.patterns(fixed), fixed,
            estimator.factor_constraint, "factor_constraint",
        )  # fmt: skip
    return tuple(stack.reshape(len(stack), -1).T for stack in (factors, loadings))


def _expand(values, keep):
    images = np.full((len(values), *keep.shape), np.nan, values.dtype)
    images[:, keep] = values
    return images


def _masked_operator(operator, positions, pixels):
    """Return the operator of what a mask excludes, checked."""
    masked = StreamedOperator(
        operator.data,
        operator.keep_positions if positions is None else positions,
        operator.keep_pixels if pixels is None else pixels,
        show_progressbar=operator.show_progressbar,
    )
    check_counts(masked.inspect(), masked.keep_positions, masked.keep_pixels)
    return masked


def _solve_masked(images, masked, products, fixed, constraint, name):
    """Fill the masked part of images by least squares, and constrain it."""
    images[:, masked] = half_step(
        half_steps.nonnegative_least_squares, products, fixed, np.zeros_like(products)
    )
    project = prepare(constraint, np.ones_like(masked), name)
    if project is not None:
        whole = project(images.reshape(len(images), -1)).reshape(images.shape)
        images[:, masked] = whole[:, masked]


def _print_info(result, normalize_poissonian_noise):
    parameters = result.parameters
    lines = [
        "Decomposition info:",
        f"  normalize_poissonian_noise={normalize_poissonian_noise}",
        f"  algorithm={registration.ALGORITHM}",
        f"  output_dimension={parameters['n_components']}",
        f"  factor_constraint={parameters['factor_constraint']}",
        f"  loading_constraint={parameters['loading_constraint']}",
        f"  solver={parameters['solver']}",
        f"  status={result.summary()}",
    ]
    print("\n".join(lines))
