"""Storage of a factorisation in a signal's learning results, and its way back."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import numpy as np
from hyperspy.learn import LearningResults
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.calibration import copy_calibration
from hspy_cnmf._hyperspy.nodes import forget_results
from hspy_cnmf.messages import owner, said_before
from hspy_cnmf.solver import Result
from hspy_cnmf.solver.result import STATUS

#: The name that the argument ``algorithm`` takes.
ALGORITHM = "constrained_nmf"

#: Fields that are arrays of their own in the learning results.
_ARRAYS = (
    *(field.name for field in fields(Result) if field.name.endswith("_history")),
    "agreement",
)

#: Where the factors of a signal have the gain of its data.
GAIN = "hspy_cnmf._Gain"


def check_results_fit(signal: BaseSignal) -> None:
    """Raise if a signal has no decomposition, or one that no longer fits it.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    ValueError
        If it was cropped, rebinned or transposed since.
    """
    results = signal.learning_results
    if results.factors is None or results.loadings is None:
        raise RuntimeError(
            "This signal has not been decomposed (a part of a signal, by inav or isig, "
            f'has no results either): run s.decomposition(algorithm="{ALGORITHM}", '
            "output_dimension=...)."
        )
    _check_matrices(results)
    _check_numbers(results)
    found = len(results.loadings), len(results.factors)
    expected = tuple(int(np.prod(shape)) for shape in shapes(signal))
    before, now = results.original_shape, signal.data.shape
    folded = isinstance(before, (tuple, list, np.ndarray)) and len(before) == len(now)
    if found != expected or (folded and tuple(before) != now):
        raise ValueError(
            f"The decomposition is one of {found[0]} positions and {found[1]} pixels"
            + (f", data of shape {tuple(before)}" if folded else "")
            + f", but the signal has {expected[0]} and {expected[1]}, shape {now}: it "
            "was cropped, rebinned or transposed afterwards. Decompose it again."
        )


def _check_numbers(results: LearningResults) -> None:
    """Raise a ValueError if nothing is known of factors or loadings any longer."""
    for name in ("factors", "loadings"):
        if np.isnan(np.asarray(getattr(results, name))).all():
            raise ValueError(
                f"All {name} of this decomposition are NaN. They may have been "
                "divided by a sum over masked pixels or positions, which are NaN (as "
                "HyperSpy's normalize_decomposition_components does), or masks leave "
                "nothing: decompose again."
            )


def get_notes(signal: BaseSignal) -> tuple[str, ...]:
    """Return what a run noted of a signal's data, sentences; none without a run."""
    notes = get_parameters(signal).get("notes", ())
    return tuple(map(str, notes)) if isinstance(notes, (list, tuple)) else ()


def get_parameters(signal: BaseSignal) -> dict[str, Any]:
    """Return the parameters of a signal's run; none without a run that can be read."""
    try:
        parameters = json.loads(str(get_run(signal)["run"]))["parameters"]
    except (LookupError, AttributeError, TypeError, ValueError):
        return {}  # whatever is wrong, `get_result` says it
    return parameters if isinstance(parameters, dict) else {}


def _check_matrices(results: LearningResults) -> None:
    """Raise a ValueError unless factors and loadings are matrices that go together."""
    factors, loadings = results.factors, results.loadings
    for name, matrix in ("factors", factors), ("loadings", loadings):
        is_array = hasattr(matrix, "shape") and hasattr(matrix, "dtype")
        if not is_array or len(matrix.shape) != 2 or matrix.dtype.kind not in "biuf":
            raise ValueError(
                f"The {name} of this decomposition are {matrix!r:.60}, not a matrix "
                "of real numbers: its file is damaged. Decompose the data again."
            )
    if factors.shape[1] != loadings.shape[1]:
        raise ValueError(
            f"This decomposition has {factors.shape[1]} factors and "
            f"{loadings.shape[1]} loadings: its file is damaged. Decompose again."
        )


def get_result(signal: BaseSignal) -> Result:
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
    ValueError
        If the signal was cropped, rebinned or transposed since.
    """
    run_fields = get_run(signal)
    if not run_fields:
        raise RuntimeError(
            "This signal has no constrained NMF: run "
            f's.decomposition(algorithm="{ALGORITHM}") first.'
        )
    check_results_fit(signal)
    try:
        result = _read(run_fields, signal.learning_results)
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"The decomposition kept in this signal cannot be used: {error!r}. Its "
            "file is damaged, or of a newer version: decompose the data again."
        ) from error
    return result


def _read(run_fields: dict[str, Any], results: LearningResults) -> Result:
    """Return what was stored of a run; raise if it does not fit together."""
    run = json.loads(str(run_fields["run"]))
    n_components = results.factors.shape[1]
    arrays: dict[str, Any] = {
        name: np.asarray(run_fields[name], float)
        for name in _ARRAYS
        if run_fields.get(name) is not None
    }
    agreement = arrays.get("agreement")
    if agreement is not None and agreement.shape[-1] == _n_asked(run) > n_components:
        # HyperSpy's ``crop_decomposition_dimension`` keeps the first ones.
        arrays["agreement"] = agreement[..., :n_components]
    result = Result(
        factors=np.asarray(results.factors, float).T,
        loadings=as_floats(results.loadings).T,
        n_iter=np.array(run.pop("n_iter"), int),
        seeds=np.array(run.pop("seeds")),
        status=tuple(run.pop("status")),
        **arrays,
        **run,
    )
    _check(result)
    return result


def as_floats(matrix: Any) -> np.ndarray:
    """Return a matrix of floats, of many positions, in its own precision."""
    matrix = np.asarray(matrix)
    return matrix if matrix.dtype.kind == "f" else matrix.astype(float)


def _n_asked(run: dict[str, Any]) -> int:
    """Return how many components a run that was stored was one of."""
    return int(run["parameters"].get("n_components", 0))


def _check(result: Result) -> None:
    """Raise a ValueError unless the parts of a result go together."""
    n_starts, n_components = len(result.status), len(result.factors)
    longest = max(result.n_iter, default=0)
    shapes_of = {
        "loadings": (n_components, result.loadings.shape[-1]),
        "n_iter": (n_starts,),
        "seeds": (n_starts,),
        "agreement": (n_starts, n_components),
    } | {name: (n_starts, longest) for name in _ARRAYS if name != "agreement"}
    for name, shape in shapes_of.items():
        value = getattr(result, name)
        if value is not None and value.shape != shape:
            raise ValueError(f"{name} has the shape {value.shape}, not {shape}")
    if not isinstance(result.best, int) or not 0 <= result.best < n_starts:
        raise ValueError(f"best={result.best!r:.60} of {n_starts} starts")
    if not set(result.status) <= set(STATUS) or result.n_iter.min() < 1:
        raise ValueError(f"status={result.status!r:.60}, n_iter={result.n_iter}")
    for name in ("error", "square_norm"):
        if not isinstance(getattr(result, name), (int, float)):
            raise ValueError(f"{name}={getattr(result, name)!r:.60}")
    if not isinstance(result.parameters, dict):
        raise ValueError(f"parameters={result.parameters!r:.60}")


def to_store(result: Result) -> dict[str, Any]:
    """Return what of a result is stored beside factors and loadings."""
    run = {
        f.name: getattr(result, f.name)
        for f in fields(Result)
        if f.name not in ("factors", "loadings", *_ARRAYS)
    }
    run["parameters"] = result.parameters | {"hspy_cnmf": version("hspy-cnmf")}
    arrays = {name: getattr(result, name) for name in _ARRAYS}
    return arrays | {"run": json.dumps(run, default=_plain)}


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def component_signals(signal: BaseSignal) -> tuple[BaseSignal, BaseSignal]:
    """Return factors and loadings of a decomposed signal.

    The factors have the calibration that pyxem keeps in the metadata, too, and the gain
    of the data, for `gain_of_data`. What was said of the signal is not said again of
    them.
    """
    check_results_fit(signal)
    factors = signal.get_decomposition_factors()
    copy_calibration(signal, factors)
    gain = _fitted_gain(signal)
    if gain is not None:
        factors.metadata.set_item(GAIN, gain)
    said_before(signal, owner(np.asarray(factors.data)))
    return factors, signal.get_decomposition_loadings()


def gain_of_data(factors: BaseSignal) -> float | None:
    """Return the variance over the mean of the data that factors were fitted to.

    None where that is not known; see `hspy_cnmf.solver.Result.gain`.
    """
    gain = factors.metadata.get_item(GAIN)
    return gain if isinstance(gain, float) and 0 < gain < np.inf else None


def _fitted_gain(signal: BaseSignal) -> float | None:
    """Return the gain of data that all factors were fitted to, and no others."""
    parameters = get_parameters(signal)
    if parameters.get("fixed_factors") or parameters.get("part_of_series", 1) != 1:
        return None
    try:
        return get_result(signal).gain
    except (RuntimeError, ValueError):
        return None  # of another algorithm, or damaged


def found_components(signal: BaseSignal) -> list[int]:
    """Return the components of a decomposition but those left empty as noise."""
    loadings = np.asarray(signal.learning_results.loadings)
    if not get_run(signal):
        return list(range(loadings.shape[1]))
    return np.flatnonzero(np.nansum(loadings, axis=0)).tolist()


def fill_learning_results(
    signal: BaseSignal,
    factors: np.ndarray,
    loadings: np.ndarray,
    masks: tuple[np.ndarray | None, np.ndarray | None],
    normalized: bool,
    extra: dict[str, Any],
) -> None:
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
        "mean",
        "centre",
        "bss_algorithm",
        "unmixing_matrix",
    ):
        setattr(results, name, None)
    # How many components HyperSpy's ``cluster_analysis`` takes; empty ones are last.
    results.number_significant_components = int(
        np.count_nonzero(np.nansum(loadings, axis=0))
    )
    for name, value in extra.items():
        setattr(results, f"{ALGORITHM}_{name}", value)
    forget(signal)
    vars(signal.learning_results).update(vars(results))


def get_run(signal: BaseSignal) -> dict[str, Any]:
    """Return what `fill_learning_results` was given as `extra`, or nothing."""
    prefix = f"{ALGORITHM}_"
    results = signal.learning_results
    if str(results.decomposition_algorithm) != ALGORITHM:  # may be an array
        return {}
    return {
        name.removeprefix(prefix): value
        for name, value in vars(results).items()
        if name.startswith(prefix)
    }


def forget(signal: BaseSignal) -> None:
    """Drop what an earlier decomposition left, now that it is out of date."""
    forget_results(signal)
    learning_results = signal.learning_results
    for name in list(vars(learning_results)):
        if name.startswith(f"{ALGORITHM}_"):
            delattr(learning_results, name)
