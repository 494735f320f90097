"""What of a factorisation is kept in a signal's learning results, and read back."""

import json
from dataclasses import fields
from importlib.metadata import version

import numpy as np

from hspy_cnmf import registration
from hspy_cnmf.solver import Result

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
        **{name: np.asarray(stored[name]) for name in _ARRAYS if name in stored},
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
