"""``python -m hspy_cnmf --components auto``, verification, and the report."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest

from hspy_cnmf import (
    get_clusters,
    get_component_check,
    get_fractions,
    get_residual,
    get_result,
    get_scan,
)
from tests.helpers.command_line import QUICK, SMALL, refused, run
from tests.helpers.report_page import Page

AUTO = ("--components", "auto", "--restarts", "2", "--iterations", "20")


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("Agg")


@pytest.fixture
def spectra(tmp_path, make_scan):
    """Return a function that saves spectra of three components."""

    def make(navigation=(10, 12), scale=1):
        scan = make_scan(navigation, (48,), dtype="int64")
        scan.data = scale * scan.data
        scan.save(tmp_path / "spectra.hspy", overwrite=True)
        return tmp_path / "spectra.hspy"

    return make


def analysed(output):
    return hs.load(output / "analysed.zspy")


def page_in(output):
    return Page(output / "report.html")


# --- the number of components ------------------------------------------------


def test_the_number_that_is_suggested_is_taken(tmp_path, capsys):
    arguments = ("--scan-shape", 16, 16, "--most-components", 6, *AUTO)
    output = tmp_path / "results"
    assert run(*arguments, "--output", output) == 0
    said = capsys.readouterr().out
    signal = analysed(output)
    scan, result = get_scan(signal), get_result(signal)
    assert scan.suggested == len(result.factors) == 4
    assert scan.output_dimensions.tolist() == [1, 2, 3, 4, 5, 6]
    assert scan.reason in said
    page = page_in(output)
    assert {"scan", "groups", "residuals", "restarts", "check", "overlap"} < set(
        page.names
    )
    assert scan.reason in page.texts["dd"]
    assert get_residual(signal).summary() in said
    assert str(get_component_check(signal).table) in said
    assert get_fractions(signal).summary() in said
    assert get_fractions(signal).summary()[1:] in page.texts["dd"]


@pytest.mark.parametrize("signal_type", ["electron_diffraction", ""])
def test_one_phase_is_one_component(tmp_path, make_scan, capsys, signal_type):
    scan = make_scan(
        (12, 12), (24, 24), signal_type, dtype="uint16", counts=5e3, n_components=1
    )
    scan.save(tmp_path / "one_phase.zspy")
    output = tmp_path / "results"
    arguments = (*AUTO, "--most-components", 4, "--output", output)
    assert run(tmp_path / "one_phase.zspy", *arguments) == 0
    said = capsys.readouterr().out
    signal = analysed(output)
    assert get_scan(signal).suggested == len(get_result(signal).factors) == 1
    assert get_scan(signal).reason.startswith("1 component: ")
    assert "fewer" not in get_scan(signal).reason
    assert "Overlap: there is only one component" in said
    page = page_in(output)
    assert {"scan", "components", "residuals", "restarts"} < set(page.names)
    assert not {"groups", "overlap"} & set(page.names)
    residual = get_residual(signal)
    assert residual.chi_square.data.mean() == pytest.approx(1, abs=0.02)
    assert not residual.exceeds_chance
    with pytest.raises(RuntimeError, match="cluster"):
        get_clusters(signal)
    if signal_type:
        assert "Components are not grouped: there is only one." in page.texts["p"]
        (row,) = get_component_check(signal).table
        assert row["correlation"] > 0.9 and not row["look_again"]
        assert "The component is seen where its map is." in page.texts["dd"]


def test_scan_and_decomposition_share_one_sketch(tmp_path, spectra, monkeypatch):
    path = "hspy_cnmf.decomposition.first_reading.sketch_data"
    monkeypatch.setattr(path, None)  # not called
    output = tmp_path / "results"
    assert run(spectra(), *AUTO, "--most-components", 5, "--output", output) == 0
    signal = analysed(output)
    rank = get_result(signal).parameters["compression_rank"]
    assert get_scan(signal).parameters["compression_rank"] == rank


@pytest.mark.parametrize("options", [(), ("--poisson",)], ids=["plain", "weighted"])
def test_lazy_or_not_the_same_is_suggested(tmp_path, spectra, options):
    scans = []
    for name, lazy in (("a", ()), ("b", ("--lazy",))):
        arguments = (*AUTO, "--most-components", 5, *options, *lazy)
        assert run(spectra(), *arguments, "--output", tmp_path / name) == 0
        signal = analysed(tmp_path / name)
        scans.append(get_scan(signal))
        assert len(get_result(signal).factors) == scans[-1].suggested == 3
        assert scans[-1].parameters["normalize_poissonian_noise"] == bool(options)
        assert "residuals" in page_in(tmp_path / name).names
    one, other = (scan.error.data for scan in scans)
    np.testing.assert_allclose(one, other, rtol=1e-3)


def test_the_scan_ends_where_the_data_do(tmp_path, spectra):
    output = tmp_path / "results"
    arguments = (*AUTO, "--no-verification", "--output", output)
    assert run(spectra((2, 3)), *arguments) == 0
    assert get_scan(analysed(output)).output_dimensions.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "options, message",
    [
        ("--components auto --most-components 1", "give 2 or more"),
        ("--components auto --most-components many", "invalid number"),
        ("--components 3 --most-components 9", "is for --components auto"),
        ("--components automatic", "invalid number"),
        ("--components auto --compression none", "leave out --compression none"),
        ("--components auto --compression 4", "compression"),
        ("--components auto --clusters 21", "only 20 components"),
        ("--components auto --most-components 5 --clusters 6", "--most-components"),
    ],
)
def test_options_that_make_no_sense(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.setattr("hspy_cnmf.cli.factorise.decompose", None)  # not called
    output = tmp_path / "results"
    arguments = (*SMALL, "--output", output, *options.split())
    assert message in refused(capsys, *arguments)
    assert not output.exists()


def test_without_a_number_auto_is_offered(capsys, spectra):
    assert "--components auto" in refused(capsys, spectra())


# --- verification ------------------------------------------------------------


def test_verification_can_be_left_out(tmp_path, spectra):
    arguments = (spectra(), "--components", 3, "--restarts", 2)
    assert run(*arguments, "--output", tmp_path / "a") == 0
    names = set(page_in(tmp_path / "a").names)
    assert {"residuals", "overlap"} < names
    assert "check" not in names  # spectra have no spots
    residual = get_residual(analysed(tmp_path / "a"))
    assert residual.chi_square.data.mean() == pytest.approx(1, abs=0.05)
    assert run(*arguments, "--no-verification", "--output", tmp_path / "b") == 0
    assert not {"residuals", "overlap"} & set(page_in(tmp_path / "b").names)
    with pytest.raises(RuntimeError, match="has no residual"):
        get_residual(analysed(tmp_path / "b"))


def test_data_that_are_no_counts_have_no_residual_and_it_is_said(
    tmp_path, spectra, capsys
):
    output = tmp_path / "results"
    arguments = (spectra(scale=7.5), "--components", 3, "--restarts", 2)
    assert run(*arguments, "--output", output) == 0
    said = "Residuals, Overlap: left out. The data are not Poisson counts"
    assert said in capsys.readouterr().out
    page = page_in(output)
    assert said in page.texts["p"]
    assert not {"residuals", "overlap"} & set(page.names)


# --- the report --------------------------------------------------------------


def test_the_report_has_the_tables_that_are_written(tmp_path):
    output = tmp_path / "results"
    assert run(*SMALL, "--output", output, "--probe-fwhm", 1) == 0
    page = page_in(output)
    for name, caption in (
        ("lattice_distances", "Lattice distances from"),
        ("particle_diameters", "Particles in"),
    ):
        lines = (output / f"{name}.csv").read_text().splitlines()[1:]
        rows = page.table(caption)
        assert len(rows) == len(lines) > 0
        for row, line in zip(rows, lines, strict=True):
            one, other = row[:2], line.split(",")[:2]
            # The report has uncertainties in parentheses: 0.25653(88).
            assert [float(v.partition("(")[0]) for v in one] == pytest.approx(
                [float(v) for v in other], rel=5e-4
            )


def test_a_report_that_fails_leaves_the_factorisation(
    tmp_path, spectra, capsys, monkeypatch
):
    output = tmp_path / "results"
    arguments = (spectra(), "--output", output, "--overwrite", *QUICK)
    assert run(*arguments, "--components", 2) == 0

    def no_space(_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    assert "No space left" in refused(capsys, *arguments, "--components", 3)
    assert not (output / "report.html").exists()  # That of before is no longer true.
    assert len(get_result(analysed(output)).factors) == 3
