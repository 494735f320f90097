"""All that a signal holds, noted for comparisons."""

import dask.array as da
import numpy as np


def note(signal):
    """Return everything about a signal: class, data, axes, metadata, results."""
    results = vars(signal.learning_results).items()
    return {
        "class": type(signal),
        "data": (id(signal.data), _frozen(signal.data)),
        "axes": _frozen(signal.axes_manager.as_dictionary()),
        "metadata": _frozen(signal.metadata.as_dictionary()),
        "results": {name: _frozen(value) for name, value in results},
    }


def _frozen(value):
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_frozen(item) for item in value]
    if isinstance(value, da.Array):
        return "dask", value.name, value.chunks
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return value
