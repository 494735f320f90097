"""Files that version 0.1 wrote are read, with all results and the same numbers."""

import json
import shutil
from pathlib import Path

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf._hyperspy import nodes

FOLDER = Path(__file__).parents[1] / "files" / "version_0_1"


@pytest.fixture(scope="module", params=["hspy", "zspy"])
def signal(request, tmp_path_factory):
    path = FOLDER / f"analysed.{request.param}"
    if request.param == "zspy":
        folder = tmp_path_factory.mktemp("before") / path.name
        shutil.unpack_archive(f"{path}.zip", folder)
        path = folder
    return hs.load(path)


@pytest.fixture(scope="module")
def expected():
    return json.loads((FOLDER / "expected.json").read_text())


def test_the_result(signal, expected):
    result = hspy_cnmf.get_result(signal)
    error, factors, loadings, _ = expected["result"]
    assert result.error == pytest.approx(error, rel=1e-12)
    assert np.nansum(result.factors) == pytest.approx(factors, rel=1e-6)
    assert np.nansum(result.loadings) == pytest.approx(loadings, rel=1e-6)
    assert result.summary().startswith("converged")


def test_the_clusters(signal, expected):
    clusters = hspy_cnmf.get_clusters(signal)
    labels, factors = expected["clusters"]
    assert np.asarray(clusters.labels).tolist() == labels
    assert np.nansum(clusters.factors.data) == pytest.approx(factors, rel=1e-6)


def test_the_residual(signal):
    assert "reduced chi-square 0.9985" in hspy_cnmf.get_residual(signal).summary()


def test_the_check(signal, expected):
    table = hspy_cnmf.get_component_check(signal).table
    np.testing.assert_allclose(table["correlation"], expected["check"], rtol=1e-9)


def test_the_fractions(signal, expected):
    fractions = hspy_cnmf.get_fractions(signal).fractions.data
    assert np.nansum(fractions) == pytest.approx(expected["fractions"], rel=1e-6)


def test_the_scan(signal, expected):
    assert str(hspy_cnmf.get_scan(signal).suggested) == expected["scan"]


def test_the_domains(signal, expected):
    if not nodes.is_kept(signal, nodes.DOMAINS):
        with pytest.raises(RuntimeError, match="map_domains"):
            hspy_cnmf.get_domains(signal)
        return
    labels = hspy_cnmf.get_domains(signal).labels.data
    assert labels.sum() == expected["domains"][0]


def test_results_move_out_of_the_tree_that_is_printed_when_made_again(signal, tmp_path):
    signal = signal.deepcopy()
    before = hspy_cnmf.get_residual(signal)
    assert "Decomposition_residual" in repr(signal.metadata)
    before.keep_in(signal)
    assert "Decomposition_residual" not in repr(signal.metadata)
    assert "hspy_cnmf" in repr(signal.metadata)
    path = tmp_path / "again.hspy"
    signal.save(path)
    again = hspy_cnmf.get_residual(hs.load(path))
    assert again.summary() == before.summary()
