"""Clusters are kept in the signal and in files, until it is decomposed again."""

import subprocess
import sys

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signals import Signal1D, Signal2D
from pyxem.signals import ElectronDiffraction2D, PolarDiffraction2D

from hspy_cnmf import get_clusters
from hspy_cnmf._hyperspy import nodes
from hspy_cnmf.signals import Dendrogram
from tests.conftest import QUICK
from tests.helpers.clustering_cases import (
    assert_same_clusters,
    clustered,
    clusters_of_crystals,
    crystal,
    decomposed_crystals,
    make_crystals,
)

RUN = QUICK | {"output_dimension": 5}
FORMATS = ("hspy", "zspy")

PROGRAM = """
import sys
import hyperspy.api as hs
for name in sys.argv[1:]:
    for lazy in (False, True):
        s = hs.load(name, lazy=lazy)
        kept = s.metadata.hspy_cnmf._Diffraction_clusters
        print(*(type(kept.get_item(n)).__name__ for n in (
            "dendrogram", "factors", "loadings", "labels", "similarity")))
        assert "hspy_cnmf" in sys.modules
        from hspy_cnmf import get_clusters
        print(get_clusters(s).summary().splitlines()[-1])
"""


@pytest.fixture
def scan():
    scan = decomposed_crystals()
    scan.cluster_diffraction(print_info=False)
    return scan


def clusters_are_kept(signal):
    return nodes.is_kept(signal, nodes.CLUSTERS)


# --- files -------------------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
@pytest.mark.parametrize("extension", FORMATS)
def test_signals_keep_their_clusters(scan, tmp_path, extension, lazy):
    scan.save(tmp_path / f"scan.{extension}")
    loaded = hs.load(tmp_path / f"scan.{extension}", lazy=lazy)
    assert loaded._lazy is lazy
    clusters = get_clusters(loaded)
    assert_same_clusters(clusters, clusters_of_crystals())
    assert type(clusters.factors) is ElectronDiffraction2D
    assert type(clusters.loadings) is Signal2D
    assert type(clusters.labels) is Signal1D
    assert type(clusters.dendrogram) is Dendrogram
    assert clusters.dendrogram.labels.tolist() == clusters.labels.data.tolist()
    assert clusters.summary() == clusters_of_crystals().summary()
    assert clusters.members(0).tolist() == clusters_of_crystals().members(0).tolist()
    # and once more, now from what was loaded
    loaded.save(tmp_path / f"again.{extension}")
    again = hs.load(tmp_path / f"again.{extension}")
    assert_same_clusters(get_clusters(again), clusters)
    # Clustering what was loaded gives the same.
    new = loaded.cluster_diffraction(print_info=False)
    assert_same_clusters(new, clusters)


@pytest.mark.parametrize("extension", FORMATS)
def test_all_arguments_come_back(tmp_path, extension):
    scan = decomposed_crystals()
    clusters = scan.cluster_diffraction(
        distance_threshold=np.float32(0.4),
        linkage="average",
        components=[4, 2, 1],
        center=(np.float32(23.5), 22),
        radial_range=(0.5, np.inf),
        n_azimuth=np.int64(90),
        mirror=np.bool_(True),
        similarity="cross-correlation",
        noise_threshold=np.int32(3),
        print_info=False,
    )
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_clusters(hs.load(tmp_path / f"scan.{extension}"))
    assert_same_clusters(loaded, clusters)
    assert loaded.components.indices.tolist() == [4, 2, 1]
    assert loaded.parameters["center"] == [23.5, 22.0]
    assert loaded.parameters["n_azimuth"] == 90
    assert loaded.parameters["mirror"] is True
    assert loaded.parameters["radii"][0] == pytest.approx(5)
    assert loaded.parameters["distance_threshold"] == pytest.approx(0.4)
    assert loaded.parameters["hspy_cnmf"]


def test_files_are_understood_by_a_fresh_process(scan, tmp_path):
    names = [tmp_path / f"scan.{extension}" for extension in FORMATS]
    for name in names:
        scan.save(name)
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *map(str, names)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kinds = "Dendrogram ElectronDiffraction2D Signal2D Signal1D Signal2D"
    summary = get_clusters(scan).summary().splitlines()[-1]
    assert done.stdout.splitlines() == [kinds, summary] * 4


@pytest.mark.parametrize("extension", FORMATS)
def test_polar_and_lazy_signals_keep_theirs(tmp_path, extension):
    scan = make_crystals(polar=True, lazy=True)
    scan.decomposition(**RUN)
    clusters = scan.cluster_diffraction(print_info=False)
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_clusters(hs.load(tmp_path / f"scan.{extension}", lazy=True))
    assert_same_clusters(loaded, clusters)
    assert type(loaded.factors) is PolarDiffraction2D


def test_results_are_saved_by_themselves(tmp_path):
    clusters = clusters_of_crystals()
    for name in ("dendrogram", "factors", "aligned_loadings", "rotation"):
        signal = getattr(clusters, name)
        signal.save(tmp_path / f"{name}.hspy")
        loaded = hs.load(tmp_path / f"{name}.hspy")
        assert type(loaded) is type(signal)
        np.testing.assert_array_equal(loaded.data, signal.data)


# --- in the signal -----------------------------------------------------------


def test_clusters_are_copied_with_the_signal(scan):
    copy = scan.deepcopy()
    scan.metadata.hspy_cnmf._Diffraction_clusters.labels.data[:] = 7
    assert_same_clusters(get_clusters(copy), clusters_of_crystals())
    scan.decomposition(**RUN)
    assert_same_clusters(get_clusters(copy), clusters_of_crystals())


def test_converting_a_signal_keeps_its_clusters(scan):
    lazy = scan.as_lazy()
    assert_same_clusters(get_clusters(lazy), clusters_of_crystals())
    lazy.compute(show_progressbar=False)
    assert_same_clusters(get_clusters(lazy), clusters_of_crystals())


@pytest.mark.parametrize(
    "arguments, extension",
    [
        (RUN, None),
        (RUN, "zspy"),
        ({"algorithm": "SVD"}, None),
        ({"algorithm": "SVD"}, "hspy"),
        ({"algorithm": "NMF", "random_state": 0}, None),
    ],
)
def test_another_decomposition_removes_them(scan, tmp_path, arguments, extension):
    if extension:
        scan.save(tmp_path / f"scan.{extension}")
        scan = hs.load(tmp_path / f"scan.{extension}")
    scan.decomposition(**{"output_dimension": 3, "print_info": False} | arguments)
    assert not clusters_are_kept(scan)
    with pytest.raises(RuntimeError, match=r"s\.cluster_diffraction\(\) first"):
        get_clusters(scan)
    scan.cluster_diffraction(print_info=False)
    assert clusters_are_kept(scan)


def test_a_decomposition_that_fails_leaves_them(scan):
    for arguments in (RUN | {"solver": "mu"}, {"algorithm": "SVD", "centre": "middle"}):
        with pytest.raises(ValueError):
            scan.decomposition(**arguments)
        assert_same_clusters(get_clusters(scan), clusters_of_crystals())


def test_components_do_not_carry_the_clusters_of_their_signal(scan):
    for signal in (
        scan.get_decomposition_factors(),
        scan.get_decomposition_loadings(),
        get_clusters(scan).factors,
    ):
        assert not clusters_are_kept(signal)


def test_a_stack_is_left_as_it_is():
    clusters = clustered([crystal(0), crystal(0, 40), crystal(1)])
    assert not clusters_are_kept(clusters.components.factors)
