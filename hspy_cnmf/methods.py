"""Methods that signals and results get: a table, and what makes them of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from hspy_cnmf._hyperspy import nodes, store
from hspy_cnmf._hyperspy.late_methods import LateMethods
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D, PolarDiffraction2D
from hspy_cnmf.arguments import bound, check_flags, plain
from hspy_cnmf.docstrings import Documentation
from hspy_cnmf.operators.memory import give_back
from hspy_cnmf.solver import Result


@dataclass(frozen=True)
class Method:
    """A method of signals or results: a function that is called with them.

    Parameters
    ----------
    name : str
    module : str
        Where the function is, of the same name as the method unless given; imported
        when the method is first looked at.
    classes : tuple of type
        Classes that get the method.
    node : str, default ""
        Node of the metadata in which the result is kept, "" where it is not, as of
        plots.
    getter : str, default ""
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
    classes: tuple[type, ...]
    node: str = ""
    getter: str = ""
    function: str = ""
    given: tuple[str, ...] = ("signal",)
    take: Callable[[BaseSignal], dict[str, Any]] = lambda signal: {"signal": signal}
    of_decomposition: bool = True

    def __get__(self, instance: object | None, owner: type) -> Any:
        """Put the real method in this place, and return it."""
        method = self.make()
        for owner_class in self.classes:
            if vars(owner_class).get(self.name) is self:
                setattr(owner_class, self.name, method)
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
            given = bound(description.name, method_signature, (self, *args), kwargs)
            arguments = plain(dict(given.arguments))
            del arguments["self"]
            check_flags(method_signature, arguments)
            taken = description.take(self)
            for name, value in taken.items():
                if arguments.get(name) is None:
                    arguments[name] = value
            result = function(**arguments)
            if description.node:
                result.keep_in(self)
            give_back()  # or what steps leave adds up
            return result

        description = self
        method.__name__ = self.name
        method.__qualname__ = f"{self.classes[0].__name__}.{self.name}"
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
        kept = self._words_on_keeping()
        before = "\n\n".join(part for part in (summary, rest, kept) if part)
        return str(Documentation(before, documentation.entries, documentation.after))

    def _words_on_keeping(self) -> str:
        """Return where the result is kept, in words, "" where it is not."""
        if not self.node:
            return ""
        kept = (
            "The result is kept in the signal, in its metadata, and saved with it;\n"
            f"`hspy_cnmf.{self.getter}` returns it."
        )
        if self.of_decomposition:
            kept += " Another decomposition removes it."
        return kept


def _take_components(signal: BaseSignal) -> dict[str, Any]:
    """Return factors, loadings and the components that are not empty."""
    factors, loadings = store.component_signals(signal)
    return {
        "factors": factors,
        "loadings": loadings,
        "components": store.found_components(signal),
    }


def _take_clusters(signal: BaseSignal) -> dict[str, Any]:
    """Return the groups of the components."""
    from hspy_cnmf.clustering import get_clusters

    return {"clusters": get_clusters(signal)}


_PATTERNS = (Diffraction2D, PolarDiffraction2D)

#: All methods that signals and results get.
METHODS = (
    Method("apply_factors", "decomposition.apply_factors", (BaseSignal,)),
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
        "identify_phases",
        "phases.identify_phases",
        _PATTERNS,
        nodes.PHASES,
        "get_phases",
        given=("clusters",),
        take=_take_clusters,
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
    Method(
        "get_solution_bands",
        "verification",
        (BaseSignal,),
        nodes.BANDS,
        "get_bands",
        "solution_bands",
    ),
    Method("plot_components", "figures", (BaseSignal,)),
    Method(
        "plot_convergence",
        "figures",
        (BaseSignal,),
        given=("signal_or_result",),
        take=lambda signal: {"signal_or_result": signal},
    ),
    Method(
        "plot",
        "figures",
        (Result,),
        function="plot_convergence",
        given=("signal_or_result",),
        take=lambda result: {"signal_or_result": result},
    ),
    Method("explore_components", "figures", (BaseSignal,)),
    *(
        Method(
            name,
            module,
            (LateMethods,),
            function=function,
            given=("clusters",),
            take=lambda clusters: {"clusters": clusters},
        )
        for name, module, function in (
            ("identify_phases", "phases.identify_phases", ""),
            ("to_crystal_map", "phases.map_of_groups", "map_of_groups"),
        )
    ),
)
