"""HyperSpy's own methods on learning results, after a constrained NMF.

Each works, or says in words what to do instead; after any other decomposition the
call reaches HyperSpy's method as it came. `save` does so without copies of results.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from hspy_cnmf._hyperspy import bridge, nodes, store
from hspy_cnmf._hyperspy.saving import uncopied_results
from hspy_cnmf._hyperspy.types import BaseSignal

_NO_VARIANCE = (
    "A constrained NMF has no explained variance of single components, as its patterns "
    "are not orthogonal."
)

_SCAN = (
    " How many components there are is what s.scan_output_dimension(range(2, 21)) "
    "finds: s.plot_scree_plot() then shows its errors."
)


def _ours(signal: BaseSignal) -> bool:
    """Whether the last decomposition of a signal was a constrained NMF."""
    return bool(store.get_run(signal))


def _without_variance(signal: BaseSignal) -> bool:
    """Whether there are no explained variances, but perhaps a scan."""
    if _ours(signal):
        return True
    undecomposed = signal.learning_results.decomposition_algorithm is None
    return undecomposed and nodes.is_kept(signal, nodes.SCAN)


def _normalize(original: Callable) -> Callable:
    @functools.wraps(original)
    def normalize_decomposition_components(
        self: BaseSignal, target: str = "factors", function: Callable = np.sum
    ) -> None:
        if not _ours(self) or target not in ("factors", "loadings"):
            return original(self, target, function)
        results = self.learning_results
        stacks = [results.factors, results.loadings]
        scaled, other = stacks if target == "factors" else stacks[::-1]
        # Masked is NaN, and what was left empty has no scale.
        known = np.isfinite(scaled).any(axis=1)
        size = function(scaled[known], axis=0)
        size = np.where(np.isfinite(size) & (size != 0), size, 1)
        scaled /= size
        other *= size
        return None

    return normalize_decomposition_components


def _scree_plot(original: Callable) -> Callable:
    @functools.wraps(original)
    def plot_scree_plot(self: BaseSignal, *args: Any, **kwargs: Any) -> Axes:
        if not _without_variance(self):
            return original(self, *args, **kwargs)
        if not nodes.is_kept(self, nodes.SCAN):
            raise AttributeError(_NO_VARIANCE + _SCAN)
        # Loaded when used: importing the package stays quick.
        from hspy_cnmf.figures.scan import plot_errors
        from hspy_cnmf.selection import get_scan

        return plot_errors(get_scan(self), kwargs.get("ax"), kwargs.get("fig"))

    return plot_scree_plot


def _refusal(original: Callable) -> Callable:
    """Return a method that says why there is nothing to return, after our algorithm."""

    @functools.wraps(original)
    def method(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
        given = args or kwargs.get("explained_variance_ratio") is not None
        takes_values = original.__name__ == "estimate_elbow_position" and given
        if takes_values or not _ours(self):
            return original(self, *args, **kwargs)
        raise AttributeError(_NO_VARIANCE + _suggestion(self))

    return method


def _suggestion(signal: BaseSignal) -> str:
    """Return in words what tells how many components there are."""
    if not nodes.is_kept(signal, nodes.SCAN):
        return _SCAN
    from hspy_cnmf.selection import get_scan

    scan = get_scan(signal)
    return (
        f" The scan over the number of components suggests {scan.suggested}: see "
        "hspy_cnmf.get_scan(s), and s.plot_scree_plot() for its errors."
    )


def _masked(original: Callable) -> Callable:
    """Return a method that leaves out by itself what was masked, which is NaN."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def method(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
        if _ours(self):
            given = signature.bind(self, *args, **kwargs)
            given.apply_defaults()
            name, mask = _mask_of(self, given.arguments)
            if name in given.arguments and given.arguments[name] is None:
                kwargs = kwargs | {name: mask}
        return original(self, *args, **kwargs)

    return method


def _mask_of(signal: BaseSignal, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the argument that masks what a method takes, and its value or None."""
    results = signal.learning_results
    if "cluster_source" in given:
        takes_results = given["cluster_source"] in ("decomposition", "bss")
        unknown = np.isnan(np.asarray(results.loadings)).any(axis=1)
        return "navigation_mask", unknown if takes_results and unknown.any() else None
    on_loadings = given.get("on_loadings", False)
    stack = results.loadings if on_loadings else results.factors
    unknown = np.isnan(np.asarray(stack)).any(axis=1)
    if not unknown.any():
        return "mask", None
    navigation, pattern = bridge.shapes(signal)
    shape = navigation if on_loadings else pattern
    wrap = bridge.navigation_signal if on_loadings else bridge.pattern_signal
    return "mask", wrap(signal, unknown.reshape(shape))


#: Where HyperSpy's exports fail, of whichever decomposition: the kind of the error,
#: what is in its message, and what to do.
_EXPORTS: dict[str, tuple[type[Exception], str, str]] = {
    "export_decomposition_results": (
        TypeError,
        "concatenate",
        "images of components one by one: give multiple_files=False, or use "
        "s.get_decomposition_factors().save(...) and "
        "s.get_decomposition_loadings().save(...)",
    ),
    "export_cluster_results": (
        AttributeError,
        "NoneType",
        "clusters: use s.get_cluster_signals().save(...) and "
        "s.get_cluster_labels().save(...)",
    ),
}


def _export(original: Callable) -> Callable:
    kind, sign, advice = _EXPORTS[original.__name__]

    @functools.wraps(original)
    def method(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except kind as error:
            if not _ours(self) or sign not in str(error):
                raise
            raise kind(f"This version of HyperSpy cannot export {advice}.") from error

    return method


def _undo(original: Callable) -> Callable:
    @functools.wraps(original)
    def undo_treatments(self: BaseSignal) -> None:
        try:
            original(self)
        except AttributeError:
            # There is nothing to undo: ours leaves the data as they are.
            if not _ours(self):
                raise

    return undo_treatments


def _saved(original: Callable) -> Callable:
    @functools.wraps(original)
    def save(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
        if not _ours(self) and not self.metadata.has_item(nodes.ROOT):
            return original(self, *args, **kwargs)
        with uncopied_results(self):
            return original(self, *args, **kwargs)

    return save


def _marked(wrap: Callable) -> Callable:
    """Have what is wrapped remember HyperSpy's own method."""

    def wrapped(original: Callable) -> Callable:
        """Return what takes the method's place."""
        method = wrap(original)
        method._hspy_cnmf_original = original
        return method

    return wrapped


#: What takes the place of HyperSpy's methods, made of them.
LEARNING_METHODS = {
    "normalize_decomposition_components": _marked(_normalize),
    "plot_scree_plot": _marked(_scree_plot),
    "get_scree_plot_data": _marked(_refusal),
    "plot_cumulative_scree_plot": _marked(_refusal),
    "estimate_elbow_position": _marked(_refusal),
    "blind_source_separation": _marked(_masked),
    "cluster_analysis": _marked(_masked),
    "estimate_number_of_clusters": _marked(_masked),
    **dict.fromkeys(_EXPORTS, _marked(_export)),
    "undo_treatments": _marked(_undo),
    "save": _marked(_saved),
}
