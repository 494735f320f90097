"""Storage of a factorisation in a signal's learning results, and its way back."""

import json
from dataclasses import fields
from importlib.metadata import version

import numpy as np
from hyperspy.learn import LearningResults

from hspy_cnmf._hyperspy.calibration import copy_calibration
from hspy_cnmf._hyperspy.nodes import forget_results
from hspy_cnmf.solver import Result

#: The name that the argument ``algorithm`` takes.
ALGORITHM = "constrained_nmf"

#: Fields that are arrays of their own in the learning results.
_ARRAYS = (
    *(field.name for field in fields(Result) if field.name.endswith("_history")),
    "agreement",
)


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
    run_fields = get_run(signal)
    if not run_fields:
        raise RuntimeError(
            "This signal has no constrained NMF: run "
            f's.decomposition(algorithm="{ALGORITHM}") first.'
        )
    run = json.loads(str(run_fields["run"]))
    results = signal.learning_results
    return Result(
        factors=np.asarray(results.factors).T,
        loadings=np.asarray(results.loadings).T,
        n_iter=np.array(run.pop("n_iter")),
        seeds=np.array(run.pop("seeds")),
        status=tuple(run.pop("status")),
        **{
            name: np.asarray(run_fields[name]) for name in _ARRAYS if name in run_fields
        },
        **run,
    )


def to_store(result):
    """Return what of a result is stored beside factors and loadings."""
    run = {
        f.name: getattr(result, f.name)
        for f in fields(Result)
        if f.name not in ("factors", "loadings", *_ARRAYS)
    }
    run["parameters"] = result.parameters | {"hspy_cnmf": version("hspy-cnmf")}
    arrays = {name: getattr(result, name) for name in _ARRAYS}
    return arrays | {"run": json.dumps(run, default=_plain)}


def _plain(value):
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def component_signals(signal):
    """Return factors and loadings of a decomposed signal.

    The factors have the calibration that pyxem keeps in the metadata, too.
    """
    if signal.learning_results.factors is None:
        raise RuntimeError(
            "This signal has not been decomposed: run "
            f's.decomposition(algorithm="{ALGORITHM}", output_dimension=...) first, or '
            "give a stack of patterns to hspy_cnmf.cluster_diffraction."
        )
    factors = signal.get_decomposition_factors()
    copy_calibration(signal, factors)
    return factors, signal.get_decomposition_loadings()


def found_components(signal):
    """Return the components of a decomposition but those left empty as noise."""
    loadings = np.asarray(signal.learning_results.loadings)
    if not get_run(signal):
        return list(range(loadings.shape[1]))
    return np.flatnonzero(np.nansum(loadings, axis=0)).tolist()


def fill_learning_results(signal, factors, loadings, masks, normalized, extra):
    """Fill ``signal.learning_results`` as HyperSpy's own algorithms do.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal.
    factors, loadings : numpy.ndarray, shape (n_pixels, n), (n_positions, n)
        NaN where masked.
    masks : tuple of (numpy.ndarray of bool or None)
        Navigation mask and signal mask in array order, True excludes.
    normalized : bool
        Whether Poisson noise was normalised.
    extra : dict
        Further attributes; arrays and strings, which every file format keeps.
    """
    results = LearningResults()
    results.factors = factors
    results.loadings = loadings
    results.decomposition_algorithm = ALGORITHM
    results.output_dimension = factors.shape[1]
    results.poissonian_noise_normalized = normalized
    results.navigation_mask, results.signal_mask = masks
    results.unfolded = signal.data.ndim > 2
    results.original_shape = signal.data.shape if results.unfolded else None
    for name in (
        "explained_variance",
        "explained_variance_ratio",
        "number_significant_components",
        "mean",
        "centre",
        "bss_algorithm",
        "unmixing_matrix",
    ):
        setattr(results, name, None)
    for name, value in extra.items():
        setattr(results, f"{ALGORITHM}_{name}", value)
    forget(signal)
    vars(signal.learning_results).update(vars(results))


def get_run(signal):
    """Return what `fill_learning_results` was given as `extra`, or nothing."""
    prefix = f"{ALGORITHM}_"
    results = signal.learning_results
    if results.decomposition_algorithm != ALGORITHM:
        return {}
    return {
        name.removeprefix(prefix): value
        for name, value in vars(results).items()
        if name.startswith(prefix)
    }


def forget(signal):
    """Drop what an earlier decomposition left, now that it is out of date."""
    forget_results(signal)
    learning_results = signal.learning_results
    for name in list(vars(learning_results)):
        if name.startswith(f"{ALGORITHM}_"):
            delattr(learning_results, name)
