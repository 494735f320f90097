"""Nodes of results: a new decomposition takes those with it that are its own."""

import numpy as np

from hspy_cnmf._hyperspy import nodes


def test_only_what_belongs_to_a_decomposition_goes(make_scan):
    scan = make_scan()
    every = (
        nodes.CLUSTERS,
        nodes.RESIDUAL,
        nodes.CHECK,
        nodes.FRACTIONS,
        nodes.SCAN,
        nodes.DOMAINS,
    )
    for node in every:
        scan.metadata.set_item(node, {"numbers": np.arange(3), "text": node})
        assert nodes.get_items(scan, node)["text"] == node
    nodes.forget_results(scan)
    left = [node for node in every if nodes.get_items(scan, node)]
    assert left == [nodes.SCAN, nodes.DOMAINS]
    nodes.forget_results(scan)
