"""Registration with HyperSpy and pyxem: the algorithm, and the methods of signals.

HyperSpy has no registry of decomposition algorithms. So the ``decomposition`` methods
of `BaseSignal` and `LazySignal` are wrapped: calls for any other algorithm reach
HyperSpy's own method with the arguments as they came.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from textwrap import indent
from typing import Any

from hyperspy.signal import BaseSignal
from hyperspy.signals import LazySignal
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.store import ALGORITHM, forget
from hspy_cnmf.arguments import plain
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.docstrings import Documentation, Entry
from hspy_cnmf.solver import ConstrainedNMF

#: HyperSpy's arguments that `hspy_cnmf.decompose` takes over.
_TAKEN_OVER = (
    "output_dimension",
    "normalize_poissonian_noise",
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


@dataclass(frozen=True)
class Method:
    """A method of signals: a function that is called with them, its result kept.

    Parameters
    ----------
    name : str
    module : str
        Where the function is, of the same name as the method unless given; imported
        when the method is first looked at.
    signal_classes : tuple of type
        Classes of signals that get the method.
    node : str
        Node of the metadata in which the result is kept.
    getter : str
        Public function that returns it.
    function : str, default ""
        Name of the function.
    given : tuple of str, default ("signal",)
        Arguments of the function that come from the signal.
    take : callable, optional
        Takes them from the signal, and defaults of others. Default: the signal itself.
    of_decomposition : bool, default True
        Whether the result belongs to a decomposition, and goes with it.
    """

    name: str
    module: str
    signal_classes: tuple[type, ...]
    node: str
    getter: str
    function: str = ""
    given: tuple[str, ...] = ("signal",)
    take: Callable[[BaseSignal], dict[str, Any]] = lambda signal: {"signal": signal}
    of_decomposition: bool = True

    def __get__(self, instance: BaseSignal | None, owner: type) -> Any:
        """Put the real method in this place, and return it."""
        method = self.make()
        for signal_class in self.signal_classes:
            if vars(signal_class).get(self.name) is self:
                setattr(signal_class, self.name, method)
        return method if instance is None else method.__get__(instance, owner)

    def make(self) -> Callable[..., Any]:
        """Return the method as a function, with full signature and docstring."""
        function = getattr(
            import_module(f"hspy_cnmf.{self.module}"), self.function or self.name
        )
        signature = inspect.signature(function)
        own = [p for n, p in signature.parameters.items() if n not in self.given]
        first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        method_signature = signature.replace(parameters=[first, *own])

        def method(self: BaseSignal, *args: Any, **kwargs: Any) -> Any:
            bound = method_signature.bind(self, *args, **kwargs)
            arguments = plain(dict(bound.arguments))
            del arguments["self"]
            taken = description.take(self)
            for name, value in taken.items():
                if arguments.get(name) is None:
                    arguments[name] = value
            return nodes.keep(self, description.node, function(**arguments))

        description = self
        method.__name__ = self.name
        method.__qualname__ = f"{self.signal_classes[0].__name__}.{self.name}"
        method.__doc__ = self._documentation(function)
        method.__signature__ = method_signature  # type: ignore[attr-defined]
        return method

    def _documentation(self, function: Callable) -> str:
        """Return the docstring of the function, as that of a method."""
        documentation = Documentation.parse(function.__doc__)
        for name in self.given:
            documentation = documentation.replace(name, [])
        for name, entry in documentation.by_name().items():
            if entry.reference:
                module, _, source = entry.reference.rpartition(".")
                theirs = getattr(import_module(module), source).__doc__
                full = Documentation.parse(theirs).by_name()[name]
                documentation = documentation.replace(name, [full])
        summary, _, rest = documentation.before.partition("\n\n")
        kept = (
            "The result is kept in the signal, in its metadata, and saved with it;\n"
            f"`hspy_cnmf.{self.getter}` returns it."
        )
        if self.of_decomposition:
            kept += " Another decomposition removes it."
        before = "\n\n".join(part for part in (summary, rest, kept) if part)
        return str(Documentation(before, documentation.entries, documentation.after))


def _take_components(signal: BaseSignal) -> dict[str, Any]:
    """Return factors, loadings and the components that are not empty."""
    factors, loadings = store.component_signals(signal)
    return {
        "factors": factors,
        "loadings": loadings,
        "components": store.found_components(signal),
    }


_PATTERNS = (Diffraction2D, PolarDiffraction2D)

#: All methods that signals get.
METHODS = (
    Method(
        "cluster_diffraction",
        "clustering.cluster_diffraction",
        _PATTERNS,
        nodes.CLUSTERS,
        "get_clusters",
        given=("factors", "loadings"),
        take=_take_components,
    ),
    Method(
        "map_domains",
        "domains.mapping",
        (Diffraction2D,),
        nodes.DOMAINS,
        "get_domains",
        of_decomposition=False,
    ),
    Method(
        "scan_output_dimension",
        "selection.scan",
        (BaseSignal,),
        nodes.SCAN,
        "get_scan",
        of_decomposition=False,
    ),
    Method(
        "get_decomposition_residual",
        "verification",
        (BaseSignal,),
        nodes.RESIDUAL,
        "get_residual",
        "decomposition_residual",
    ),
    Method(
        "get_component_fractions",
        "verification",
        (BaseSignal,),
        nodes.FRACTIONS,
        "get_fractions",
        "component_fractions",
    ),
    Method(
        "check_components",
        "verification",
        _PATTERNS,
        nodes.CHECK,
        "get_component_check",
    ),
)


def register() -> None:
    """Add to the methods of HyperSpy's and pyxem's signals, once."""
    for signal_class in (BaseSignal, LazySignal):
        original = signal_class.decomposition
        original = getattr(original, "_hspy_cnmf_original", original)
        if "_hspy_cnmf_original" not in vars(signal_class.decomposition):
            signal_class.decomposition = _with_constrained_nmf(original)
    for method in METHODS:
        for signal_class in method.signal_classes:
            setattr(signal_class, method.name, method)


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
