"""Nodes of a signal's metadata that hold results."""

#: Results that belong to a decomposition, and go with it.
CLUSTERS = "Diffraction_clusters"
RESIDUAL = "Decomposition_residual"
CHECK = "Component_check"
FRACTIONS = "Component_fractions"
_OF_A_DECOMPOSITION = (CLUSTERS, RESIDUAL, CHECK, FRACTIONS)

#: A scan over the number of components: no decomposition's own.
SCAN = "Output_dimension_scan"

#: A map of domains: no decomposition's own either.
DOMAINS = "Diffraction_domains"


def keep(signal, node, result):
    """Keep a result, its signals and strings, in a node of a signal's metadata."""
    signal.metadata.set_item(node, result.to_store())
    return result


def get_items(signal, node):
    """Return by name what `keep` has keep there, or an empty dictionary."""
    content = signal.metadata.get_item(node)
    names = () if content is None else content.keys()
    return {name: content.get_item(name) for name in names}


def forget_results(signal):
    """Drop the results that belong to a decomposition."""
    for node in _OF_A_DECOMPOSITION:
        if signal.metadata.has_item(node):
            delattr(signal.metadata, node)
