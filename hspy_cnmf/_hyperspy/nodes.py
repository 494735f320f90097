"""Nodes of a signal's metadata that hold results: one that is shown, closed.

HyperSpy saves names that begin with an underscore, but neither prints nor lists them.
Version 0.1 kept each result in a node of its own beside ``General``; what is there
is read, and moves when it is made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hyperspy.signal import BaseSignal

#: The node that holds all results, and all that is seen of them.
ROOT = "hspy_cnmf"

#: Results that belong to a decomposition, and go with it.
CLUSTERS = "Diffraction_clusters"
PHASES = "Diffraction_phases"
RESIDUAL = "Decomposition_residual"
CHECK = "Component_check"
FRACTIONS = "Component_fractions"
BANDS = "Solution_bands"
EVOLUTION = "Series_evolution"
_OF_A_DECOMPOSITION = (
    CLUSTERS,
    PHASES,
    RESIDUAL,
    CHECK,
    FRACTIONS,
    BANDS,
    EVOLUTION,
)

#: A scan over the number of components: no decomposition's own.
SCAN = "Output_dimension_scan"

#: A map of domains: no decomposition's own either.
DOMAINS = "Diffraction_domains"

#: All of them.
NODES = (*_OF_A_DECOMPOSITION, SCAN, DOMAINS)


def keep(signal: BaseSignal, node: str, result: Any) -> Any:
    """Keep a result, its signals and strings, in a signal; return the result."""
    stored = result.to_store()
    forget(signal, node)
    signal.metadata.set_item(_path(node), stored)
    if node == CLUSTERS:
        # Phases were those of other groups.
        forget_results(signal, (PHASES,))
    return result


def is_kept(signal: BaseSignal, node: str) -> bool:
    """Whether a signal keeps something in a node, readable or not."""
    return any(signal.metadata.has_item(path) for path in (_path(node), node))


def content_of(signal: BaseSignal, node: str) -> Any:
    """Return what a signal keeps in a node, or None."""
    paths = [p for p in (_path(node), node) if signal.metadata.has_item(p)]
    return signal.metadata.get_item(paths[0]) if paths else None


def get_items(signal: BaseSignal, node: str) -> dict[str, Any]:
    """Return by name what `keep` has kept there, or an empty dictionary."""
    content = content_of(signal, node)
    names = () if content is None else content.keys()
    return {name: content.get_item(name) for name in names}


def forget(signal: BaseSignal, node: str) -> None:
    """Drop what a signal keeps in a node, if anything."""
    metadata = signal.metadata
    if metadata.has_item(node):
        delattr(metadata, node)
    if metadata.has_item(_path(node)):
        root = metadata.get_item(ROOT)
        delattr(root, f"_{node}")
        if not root.as_dictionary():
            delattr(metadata, ROOT)


def forget_results(
    signal: BaseSignal, names: Sequence[str] = _OF_A_DECOMPOSITION
) -> None:
    """Drop results, by default all that belong to a decomposition."""
    for node in names:
        forget(signal, node)


def _path(node: str) -> str:
    return f"{ROOT}._{node}"
