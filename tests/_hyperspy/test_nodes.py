"""Results in the metadata: one node that is shown closed, saved and loaded whole."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf._hyperspy import nodes
from tests.conftest import QUICK


@pytest.fixture
def scan(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    scan.get_decomposition_residual().compute()
    scan.check_components()
    return scan


def test_what_is_printed_is_one_line(scan, make_scan):
    without = repr(make_scan(signal_type="electron_diffraction").metadata)
    added = set(repr(scan.metadata).splitlines()) - set(without.splitlines())
    assert [line.strip("└├─│ ") for line in added if "hspy_cnmf" in line] == [
        "hspy_cnmf"
    ]
    html = scan.metadata._repr_html_()
    for word in ("chi_square", "schema", "Residual", "residual"):
        assert word not in repr(scan.metadata)
        assert word not in html


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_all_is_saved_and_loaded(scan, tmp_path, extension, lazy):
    path = tmp_path / f"scan.{extension}"
    scan.save(path)
    loaded = hs.load(path, lazy=lazy)
    np.testing.assert_array_equal(
        hspy_cnmf.get_residual(loaded).chi_square.data,
        hspy_cnmf.get_residual(scan).chi_square.data,
    )
    expected, found = (hspy_cnmf.get_component_check(s).table for s in (scan, loaded))
    assert str(found) == str(expected)
    assert "chi_square" not in repr(loaded.metadata)


def test_nothing_is_left_of_what_is_forgotten(scan):
    for node in (nodes.RESIDUAL, nodes.CHECK):
        assert nodes.is_kept(scan, node)
        nodes.forget(scan, node)
        assert not nodes.is_kept(scan, node)
        nodes.forget(scan, node)
    assert not scan.metadata.has_item(nodes.ROOT)


def test_only_what_belongs_to_a_decomposition_goes(make_scan):
    scan = make_scan()
    every = (
        nodes.CLUSTERS,
        nodes.RESIDUAL,
        nodes.CHECK,
        nodes.FRACTIONS,
        nodes.BANDS,
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
