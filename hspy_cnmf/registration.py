"""All that touches the private parts of HyperSpy, and what ``import`` registers.

HyperSpy has no registry of decomposition algorithms. So the ``decomposition`` methods
of `BaseSignal` and `LazySignal` are wrapped: calls for any other algorithm reach
HyperSpy's own method with the arguments as they came.
"""

import copy
import functools
import inspect

import numpy as np
from hyperspy._signals.lazy import LazySignal
from hyperspy.defaults_parser import preferences
from hyperspy.learn._mva import LearningResults
from hyperspy.signal import BaseSignal

from hspy_cnmf import methods
from hspy_cnmf.solver import ConstrainedNMF

#: The name that the argument ``algorithm`` takes.
ALGORITHM = "constrained_nmf"

#: HyperSpy's arguments that `hspy_cnmf.decomposition.decompose` takes over.
_SHARED = (
    "output_dimension",
    "normalize_poissonian_noise",
    "navigation_mask",
    "signal_mask",
    "reproject",
    "return_info",
    "print_info",
)

#: Metadata nodes with results that belong to a decomposition, and go with it.
CLUSTERS = "Diffraction_clusters"
RESIDUAL = "Decomposition_residual"
CHECK = "Component_check"
FRACTIONS = "Component_fractions"
_RESULTS = (CLUSTERS, RESIDUAL, CHECK, FRACTIONS)

#: Metadata node with a scan over the number of components: no decomposition's own.
SCAN = "Output_dimension_scan"

#: Metadata node with a map of domains: no decomposition's own either.
DOMAINS = "Diffraction_domains"

#: What pyxem keeps in the metadata about how patterns were recorded.
_CALIBRATION = ("Acquisition_instrument", "General.affine_transformation")

_DOCUMENTATION = f"""

        Constrained NMF
        ---------------
        ``algorithm="{ALGORITHM}"`` (package hspy-cnmf), or an instance of
        `hspy_cnmf.ConstrainedNMF`, takes the further keyword arguments
        ``factor_constraint``, ``loading_constraint``, ``solver``, ``n_init``,
        ``max_iter``, ``tol``, ``init``, ``prune``, ``random_state``, ``compression``,
        ``sketch``, ``last_iteration``, ``max_memory`` and ``show_progressbar``; see
        `hspy_cnmf.decomposition.decompose`.
"""


def register():
    """Add to the methods of HyperSpy's and pyxem's signals, once."""
    for signal_class in (BaseSignal, LazySignal):
        original = signal_class.decomposition
        if not hasattr(original, "_hspy_cnmf_original"):
            signal_class.decomposition = _with_constrained_nmf(original)
    for method, signal_classes in methods.METHODS.items():
        for signal_class in signal_classes:
            setattr(signal_class, method.__name__, method)


def _with_constrained_nmf(original):
    signature = inspect.signature(original)

    @functools.wraps(original)
    def decomposition(self, *args, **kwargs):
        try:
            arguments = signature.bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)
        algorithm = arguments.arguments.get("algorithm")
        ours = isinstance(algorithm, str) and algorithm == ALGORITHM
        if ours or isinstance(algorithm, ConstrainedNMF):
            arguments.apply_defaults()
            return _decompose(signature, **arguments.arguments)
        result = original(self, *args, **kwargs)
        _forget(self)
        return result

    decomposition._hspy_cnmf_original = original
    decomposition.__doc__ = (original.__doc__ or "").rstrip() + _DOCUMENTATION
    return decomposition


def _decompose(signature, self, algorithm, kwargs, **arguments):
    """Hand HyperSpy's arguments on, refusing those that would be ignored."""
    from hspy_cnmf.decomposition import decompose

    for name, value in arguments.items():
        if name in _SHARED or name in ("get", "auto_transpose"):
            continue
        if value is not signature.parameters[name].default:
            raise ValueError(
                f"{name}={value!r} has no meaning for algorithm={ALGORITHM!r}: "
                "leave it out."
            )
    if isinstance(algorithm, ConstrainedNMF):
        ignored = sorted(set(kwargs) & set(algorithm.get_params(deep=False)))
        if ignored:
            raise ValueError(
                f"{', '.join(ignored)}: set the parameters of algorithm="
                "ConstrainedNMF(...) there, not beside it."
            )
        kwargs = kwargs | {"estimator": algorithm}
    shared = {name: arguments[name] for name in _SHARED}
    return decompose(self, **shared, scheduler=arguments.get("get"), **kwargs)


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


def copy_calibration(source, target):
    """Give patterns the calibration that pyxem keeps in another signal's metadata."""
    for path in _CALIBRATION:
        value = source.metadata.get_item(path)
        if value is not None:
            target.metadata.set_item(path, copy.deepcopy(value))


def found_components(signal):
    """Return the components of a decomposition but those left empty as noise."""
    loadings = np.asarray(signal.learning_results.loadings)
    if not stored(signal):
        return list(range(loadings.shape[1]))
    return np.flatnonzero(np.nansum(loadings, axis=0)).tolist()


def kept(signal, node, result):
    """Keep a result, its signals and strings, in a node of a signal's metadata."""
    signal.metadata.set_item(node, result.to_store())
    return result


def stored_items(signal, node):
    """Return by name what `kept` has kept there, or an empty dictionary."""
    content = signal.metadata.get_item(node)
    names = () if content is None else content.keys()
    return {name: content.get_item(name) for name in names}


def _forget(signal):
    """Drop what an earlier decomposition left, now that it is out of date."""
    for node in _RESULTS:
        if signal.metadata.has_item(node):
            delattr(signal.metadata, node)
    learning_results = signal.learning_results
    for name in list(vars(learning_results)):
        if name.startswith(f"{ALGORITHM}_"):
            delattr(learning_results, name)


def aligned_data(signal):
    """Return a signal's data, navigation axes first, eager or lazy."""
    return signal._data_aligned_with_axes


def shapes(signal):
    """Return the shapes of the navigation and of the signal space in the array."""
    manager = signal.axes_manager
    return manager.navigation_shape[::-1], manager.signal_shape[::-1]


def with_data(signal, data):
    """Return a signal like another, axes included, with other data."""
    return signal._deepcopy_with_new_data(data)


def navigation_signal(signal, data):
    """Return an array, shape of a map, as a signal with the axes of the scan."""
    return signal._get_navigation_signal(data)


def pattern_signal(signal, data):
    """Return an array, shape of a pattern, as a signal of the class of another."""
    return signal._get_signal_signal(data)


def make_eager(signal, data):
    """Give a lazy signal its computed data, in place, as ``compute`` does."""
    signal.data = data
    signal._lazy = False
    signal._assign_subclass()


def signal_figure(signal):
    """Return HyperSpy's open figure of a signal's signal space, or None."""
    plot = signal._plot
    return plot.signal_plot if plot is not None and plot.is_active else None


def wants_progressbar(show_progressbar):
    """Return the argument, or HyperSpy's preference where it is None."""
    if show_progressbar is None:
        return bool(preferences.General.show_progressbar)
    return bool(show_progressbar)


def store(signal, factors, loadings, masks, normalized, extra):
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
    _forget(signal)
    vars(signal.learning_results).update(vars(results))


def stored(signal):
    """Return what `store` was given as `extra`, or an empty dictionary."""
    prefix = f"{ALGORITHM}_"
    results = signal.learning_results
    if results.decomposition_algorithm != ALGORITHM:
        return {}
    return {
        name.removeprefix(prefix): value
        for name, value in vars(results).items()
        if name.startswith(prefix)
    }
