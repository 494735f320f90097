"""What ``import hspy_cnmf`` registers with HyperSpy and pyxem.

HyperSpy has no registry of decomposition algorithms. So the ``decomposition`` methods
of `BaseSignal` and `LazySignal` are wrapped: calls for any other algorithm reach
HyperSpy's own method with the arguments as they came.
"""

import functools
import inspect

from hyperspy.signal import BaseSignal
from hyperspy.signals import LazySignal

from hspy_cnmf import methods
from hspy_cnmf._hyperspy.store import ALGORITHM, forget
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.solver import ConstrainedNMF

#: HyperSpy's arguments that `hspy_cnmf.decompose` takes over.
_SHARED = (
    "output_dimension",
    "normalize_poissonian_noise",
    "navigation_mask",
    "signal_mask",
    "reproject",
    "return_info",
    "print_info",
)

_DOCUMENTATION = f"""

        Constrained NMF
        ---------------
        ``algorithm="{ALGORITHM}"`` (package hspy-cnmf), or an instance of
        `hspy_cnmf.ConstrainedNMF`, takes the further keyword arguments
        ``factor_constraint``, ``loading_constraint``, ``solver``, ``n_init``,
        ``max_iter``, ``tol``, ``init``, ``prune``, ``random_state``, ``compression``,
        ``sketch``, ``last_iteration``, ``max_memory`` and ``show_progressbar``; see
        `hspy_cnmf.decompose`.
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
        forget(self)
        return result

    decomposition._hspy_cnmf_original = original
    decomposition.__doc__ = (original.__doc__ or "").rstrip() + _DOCUMENTATION
    return decomposition


def _decompose(signature, self, algorithm, kwargs, **arguments):
    """Hand HyperSpy's arguments on, refusing those that would be ignored."""
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
