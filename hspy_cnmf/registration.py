"""Registration with HyperSpy and pyxem: the algorithm, and the methods of signals.

HyperSpy has no registry of decomposition algorithms. So the ``decomposition`` methods
of `BaseSignal` and `LazySignal` are wrapped: calls for any other algorithm reach
HyperSpy's own method with the arguments as they came.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from textwrap import indent
from typing import Any

from hspy_cnmf._hyperspy.store import ALGORITHM, forget
from hspy_cnmf._hyperspy.types import BaseSignal, LazySignal
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.docstrings import Documentation, Entry
from hspy_cnmf.learning_methods import LEARNING_METHODS
from hspy_cnmf.methods import METHODS
from hspy_cnmf.solver import ConstrainedNMF

#: HyperSpy's name of how positions and pixels are weighted.
_WEIGHTS = "normalize_poissonian_noise"

#: HyperSpy's arguments that `hspy_cnmf.decompose` takes over.
_TAKEN_OVER = (
    "output_dimension",
    _WEIGHTS,
    "navigation_mask",
    "signal_mask",
    "reproject",
    "return_info",
    "print_info",
)

#: Sentence at the top of the docstring of ``decomposition``.
_POINTER = f"""
``algorithm="{ALGORITHM}"`` (package hspy-cnmf), or an instance of
`hspy_cnmf.ConstrainedNMF`, is constrained non-negative matrix factorisation. Its
own arguments are below, under *Other Parameters*."""


def register() -> None:
    """Add to the methods of HyperSpy's and pyxem's signals, once."""
    for signal_class in (BaseSignal, LazySignal):
        original = signal_class.decomposition
        original = getattr(original, "_hspy_cnmf_original", original)
        if "_hspy_cnmf_original" not in vars(signal_class.decomposition):
            signal_class.decomposition = _with_constrained_nmf(original)
    for name, ours in LEARNING_METHODS.items():
        original = getattr(BaseSignal, name, None)  # some are to go
        if original and not hasattr(original, "_hspy_cnmf_original"):
            setattr(BaseSignal, name, ours(original))
    for method in METHODS:
        for owner in method.classes:
            setattr(owner, method.name, method)


def _with_constrained_nmf(original: Callable) -> Callable:
    """Return HyperSpy's method, with another algorithm."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def decomposition(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
        try:
            arguments = signature.bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)
        algorithm = arguments.arguments.get("algorithm")
        named = isinstance(algorithm, str) and algorithm == ALGORITHM
        if named or isinstance(algorithm, ConstrainedNMF):
            # HyperSpy's default is an answer; left out, the data give it.
            arguments.arguments.setdefault(_WEIGHTS, "auto")
            arguments.apply_defaults()
            return _decompose(signature, **arguments.arguments)
        result = original(self, *args, **kwargs)
        forget(self)
        return result

    decomposition._hspy_cnmf_original = original  # type: ignore[attr-defined]
    decomposition.__doc__ = _documentation(original)
    return decomposition


def _documentation(original: Callable) -> str:
    """Return HyperSpy's docstring with our arguments after its own."""
    text = original.__doc__ or ""
    summary, gap, rest = text.partition("\n\n")
    at = rest.find("Returns\n        ---")
    before, after = (rest[:at], rest[at:]) if at >= 0 else (rest + "\n\n        ", "")
    pointer = indent(_POINTER, " " * 8)
    others = indent(_other_parameters(), " " * 8).lstrip()
    return f"{summary}\n{pointer}{gap}{before}{others}\n\n        {after}"


def _other_parameters() -> str:
    """Return the section on our arguments, in full."""
    documentation = Documentation.parse(decompose.__doc__)
    hidden = (*_TAKEN_OVER, "signal", "scheduler", "estimator")
    entries = [
        Entry((name,), entry.kind, entry.lines)
        for name, entry in documentation.by_name().items()
        if name not in hidden
    ]
    text = "\n".join(map(str, entries))
    return f"Other Parameters\n----------------\n{text}"


def _decompose(
    signature: inspect.Signature,
    self: BaseSignal,
    algorithm: Any,
    kwargs: dict[str, Any],
    **arguments: Any,
) -> Any:
    """Hand HyperSpy's arguments on, refusing those that would be ignored."""
    for name, value in arguments.items():
        if name in _TAKEN_OVER or name in ("get", "auto_transpose"):
            continue
        if value is not signature.parameters[name].default:
            raise ValueError(
                f"{name}={value!r} has no meaning for algorithm={ALGORITHM!r}: "
                "leave it out."
            )
    if "scheduler" in kwargs:
        raise ValueError(
            f"scheduler={kwargs['scheduler']!r}: in s.decomposition, HyperSpy's name "
            "for it is get=..."
        )
    if isinstance(algorithm, ConstrainedNMF):
        ignored = sorted(set(kwargs) & set(algorithm.get_params(deep=False)))
        if ignored:
            raise ValueError(
                f"{', '.join(ignored)}: set the parameters of algorithm="
                "ConstrainedNMF(...) there, not beside it."
            )
        kwargs = kwargs | {"estimator": algorithm}
    taken_over = {name: arguments[name] for name in _TAKEN_OVER}
    return decompose(self, **taken_over, scheduler=arguments.get("get"), **kwargs)
