"""How ``python -m hspy_cnmf`` groups components, and what it writes of groups."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal1D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import get_clusters
from hspy_cnmf.cli.output import CLUSTER_FILES, FILES
from hspy_cnmf.data import metallic_glass
from tests.helpers.command_line import QUICK, SMALL, names_in, refused, run


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("Agg")


def table_in(path):
    """Return a table as a structured array."""
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")


def make_patterns(path, navigation=(6, 8), units="1/nm"):
    """Save a scan over a crystal that is turned by 40 degrees halfway."""
    rows, columns = np.indices((32, 32)) - 15.5
    pattern = 40 * np.exp(-np.hypot(rows, columns) / 8)
    halves = [pattern, pattern.copy()]
    for half, turn in zip(halves, (0, 40), strict=True):
        for angle in np.deg2rad([turn, turn + 180]):
            away = rows + 9 * np.sin(angle), columns - 9 * np.cos(angle)
            half += 400 * np.exp(-np.square(away).sum(axis=0) / 2)
    share = np.linspace(0, 1, navigation[-1]) > 0.5
    expected = np.stack(halves)[np.broadcast_to(share.astype(int), navigation)]
    scan = ElectronDiffraction2D(np.random.default_rng(0).poisson(expected))
    if units is not None:
        scan.calibration(scale=0.4, units=units)
    scan.save(path)
    return path


def test_the_same_crystal_turned_is_one_group(tmp_path, capsys):
    """The lattice distance is known: spots at 9 pixels of 0.4 1/nm."""
    path = make_patterns(tmp_path / "scan.hspy")
    output = tmp_path / "results"
    arguments = (path, "--components", 2, "--restarts", 2, "--output", output)
    assert run(*arguments, "--clusters", 1) == 0
    clusters = get_clusters(hs.load(output / "analysed.zspy"))
    assert clusters.n_clusters == 1
    assert abs(clusters.rotation.data[0, 1]) % 180 == pytest.approx(40, abs=0.5)
    table = np.atleast_1d(table_in(output / "lattice_distances.csv"))
    assert table["lattice_distance"][0] == pytest.approx(1 / 3.6, rel=0.01)
    assert table["unit"][0] == "nm"
    said = capsys.readouterr().out
    assert "group 0: components 0, 1" in said
    assert "0.27" in said


@pytest.mark.parametrize(
    "options, expected",
    [
        (("--clusters", 2), {"n_clusters": 2}),
        (("--distance-threshold", 0.7), {"distance_threshold": 0.7}),
        (("--linkage", "average", "--mirror"), {"linkage": "average", "mirror": True}),
        ((), {"linkage": "merge", "mirror": False, "n_clusters": None}),
    ],
)
def test_every_option_reaches_the_clustering(tmp_path, options, expected):
    path, output = make_patterns(tmp_path / "scan.hspy"), tmp_path / "results"
    arguments = (path, "--components", 3, "--output", output, *QUICK)
    assert run(*arguments, *options) == 0
    parameters = get_clusters(hs.load(output / "analysed.zspy", lazy=True)).parameters
    assert {name: parameters[name] for name in expected} == expected


def test_missing_values_are_refused_or_left_out(tmp_path, capsys):
    scan, output = make_patterns(tmp_path / "scan.hspy"), tmp_path / "results"
    signal = hs.load(scan)
    signal.change_dtype("float32")
    signal.data[2, 3], signal.data[0, 0, 5, 6] = np.nan, np.nan
    signal.save(scan, overwrite=True)
    arguments = (scan, "--components", 2, "--output", output, *QUICK)
    assert "--missing ignore" in refused(capsys, *arguments)
    assert run(*arguments, "--missing", "ignore") == 0
    loadings = hs.load(output / "analysed.zspy").learning_results.loadings
    assert np.isfinite(loadings).all(axis=1).sum() >= 6 * 8 - 1


def test_particles_are_corrected_for_the_probe_if_it_is_known(tmp_path):
    path = tmp_path / "glass.zspy"
    size = {"detector_shape": (64, 64), "n_precipitates": 3, "crystallinity": 0.2}
    metallic_glass((16, 16), **size, random_state=0).save(path)
    ratios = []
    for name, options in (("a", ()), ("b", ("--probe-fwhm", 2))):
        output = tmp_path / name
        arguments = (path, "--components", 4, *QUICK, "--output", output, *options)
        assert run(*arguments) == 0
        table = np.atleast_1d(table_in(output / "particle_diameters.csv"))
        ratios.append(table["diameter"] / table["width"])
    np.testing.assert_allclose(ratios[0], 2 / np.sqrt(3), rtol=1e-3)
    assert np.min(ratios[1]) > 1.01 * np.max(ratios[0])


@pytest.mark.parametrize("lazy", [[], ["--lazy"]])
@pytest.mark.parametrize(
    "options, missing, said",
    [
        (
            {"units": None},
            {"lattice_distances.csv"},
            "Lattice distances: not measured",
        ),
        (
            {"navigation": (24,)},
            {"particle_diameters.csv", "mean_particle_diameters.csv"},
            "Mean particle diameters: not measured",
        ),
    ],
    ids=["not calibrated", "line scan"],
)
def test_what_cannot_be_measured_is_said(
    tmp_path, capsys, options, missing, said, lazy
):
    path = make_patterns(tmp_path / "scan.hspy", **options)
    output = tmp_path / "results"
    arguments = (path, "--components", 2, "--output", output, *QUICK, *lazy)
    assert run(*arguments) == 0
    assert said in capsys.readouterr().out
    assert names_in(output) == {*FILES, *CLUSTER_FILES} - missing
    assert len(get_clusters(hs.load(output / "analysed.zspy")).labels.data) == 2


def test_polar_patterns_are_grouped(tmp_path):
    path = make_patterns(tmp_path / "scan.hspy")
    scan = hs.load(path)
    polar = scan.get_azimuthal_integral2d(npt=14, npt_azim=60, show_progressbar=False)
    polar.save(tmp_path / "polar.hspy")
    output = tmp_path / "results"
    arguments = ("--components", 2, "--output", output, *QUICK)
    assert run(tmp_path / "polar.hspy", *arguments) == 0
    assert {"clusters.png", "dendrogram.png"} <= names_in(output)


@pytest.mark.parametrize(
    "options, said",
    [
        (("--no-clustering",), None),
        (("--components", 1), "will not be grouped: there is only one"),
    ],
)
def test_there_need_not_be_groups(tmp_path, capsys, options, said):
    path, output = make_patterns(tmp_path / "scan.hspy"), tmp_path / "results"
    arguments = (path, "--components", 2, "--output", output, *QUICK)
    assert run(*arguments, *options) == 0
    assert names_in(output) == set(FILES)
    signal = hs.load(output / "analysed.zspy", lazy=True)
    with pytest.raises(RuntimeError, match="has no clusters"):
        get_clusters(signal)
    printed = capsys.readouterr().out
    assert "lattice" not in printed
    assert said is None or said in printed


def test_patterns_that_cannot_be_compared_are_still_factorised(
    tmp_path, capsys, monkeypatch
):
    def refuse(*_, **__):
        raise ValueError("no two rings are complete")

    monkeypatch.setattr(ElectronDiffraction2D, "cluster_diffraction", refuse)
    path, output = make_patterns(tmp_path / "scan.hspy"), tmp_path / "results"
    assert run(path, "--components", 2, "--output", output, *QUICK) == 0
    assert "not grouped: no two rings are complete" in capsys.readouterr().out
    assert names_in(output) == set(FILES)


# --- what is refused, before the factorisation -------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        ("--clusters 0", "--clusters: 0 is too small"),
        ("--clusters 5", "only 4 components"),
        ("--components 6 --clusters 7", "only 6 components"),
        ("--clusters 2 --distance-threshold 0.3", "not allowed with"),
        ("--distance-threshold -0.1", "give 0 or more"),
        ("--distance-threshold nan", "give 0 or more"),
        ("--distance-threshold near", "invalid number"),
        ("--linkage ward", "--linkage"),
        ("--no-clustering --clusters 3 --mirror", "--clusters, --mirror"),
        ("--components 1 --clusters 1", "--clusters: one component"),
    ],
)
def test_options_that_make_no_sense(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.setattr("hspy_cnmf.cli.factorise.decompose", None)  # not called
    output = tmp_path / "results"
    arguments = (*SMALL, "--output", output, *options.split())
    assert message in refused(capsys, *arguments)
    assert not output.exists()


@pytest.mark.parametrize("option", ["--clusters 2", "--mirror", "--linkage single"])
def test_spectra_are_not_grouped_on_request(tmp_path, capsys, monkeypatch, option):
    monkeypatch.setattr("hspy_cnmf.cli.factorise.decompose", None)  # not called
    path, output = tmp_path / "spectra.hspy", tmp_path / "results"
    Signal1D(np.ones((8, 9, 40))).save(path)
    arguments = (path, "--components", 3, "--output", output, *option.split())
    assert "only diffraction patterns" in refused(capsys, *arguments)
    assert not output.exists()


# --- the output folder -------------------------------------------------------


def test_groups_of_an_earlier_run_do_not_stay(tmp_path):
    path, output = make_patterns(tmp_path / "scan.hspy"), tmp_path / "results"
    arguments = (path, "--components", 2, "--output", output, "--overwrite", *QUICK)
    assert run(*arguments) == 0
    assert {*CLUSTER_FILES} < names_in(output)
    (output / "mine.csv").write_text("1")
    assert run(*arguments, "--no-clustering") == 0
    assert names_in(output) == {*FILES, "mine.csv"}


def test_an_earlier_table_alone_is_not_replaced_unasked(tmp_path, capsys):
    output = tmp_path / "results"
    output.mkdir()
    (output / "lattice_distances.csv").write_text("mine")
    message = refused(capsys, *SMALL, "--output", output)
    assert "already holds lattice_distances.csv" in message
    assert (output / "lattice_distances.csv").read_text() == "mine"
