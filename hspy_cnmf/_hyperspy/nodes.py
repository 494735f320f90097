"""Nodes of a signal's metadata that hold results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hyperspy.signal import BaseSignal

#: Results that belong to a decomposition, and go with it.
CLUSTERS = "Diffraction_clusters"
PHASES = "Diffraction_phases"
RESIDUAL = "Decomposition_residual"
CHECK = "Component_check"
FRACTIONS = "Component_fractions"
_OF_A_DECOMPOSITION = (CLUSTERS, PHASES, RESIDUAL, CHECK, FRACTIONS)

#: A scan over the number of components: no decomposition's own.
SCAN = "Output_dimension_scan"

#: A map of domains: no decomposition's own either.
DOMAINS = "Diffraction_domains"


def keep(signal: BaseSignal, node: str, result: Any) -> Any:
    """Keep a result, its signals and strings, in a node of a signal's metadata."""
    signal.metadata.set_item(node, result.to_store())
    if node == CLUSTERS:
        # Phases were those of other groups.
        forget_results(signal, (PHASES,))
    return result


def get_items(signal: BaseSignal, node: str) -> dict[str, Any]:
    """Return by name what `keep` has keep there, or an empty dictionary."""
    content = signal.metadata.get_item(node)
    names = () if content is None else content.keys()
    return {name: content.get_item(name) for name in names}


def forget_results(
    signal: BaseSignal, names: Sequence[str] = _OF_A_DECOMPOSITION
) -> None:
    """Drop results, by default all that belong to a decomposition."""
    for node in names:
        if signal.metadata.has_item(node):
            delattr(signal.metadata, node)
