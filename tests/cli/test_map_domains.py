"""``python -m hspy_cnmf --domains``, as from the shell."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import get_domains
from hspy_cnmf.cli import arguments
from hspy_cnmf.cli.output import CLUSTER_FILES, DOMAIN_FILES, FILES
from tests.helpers.command_line import QUICK, names_in, refused, run, shell
from tests.helpers.report_page import Page

SHORT = ("--rounds", 1)


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("Agg")


@pytest.fixture
def scan(tmp_path):
    """Return the path of a small scan of two domains."""
    path = tmp_path / "scan.zspy"
    options = {"detector_shape": (32, 32), "n_variants": 2, "n_cells": 4}
    hspy_cnmf.data.layered_domains((14, 12), random_state=0, **options).save(path)
    return path


def analysed(output, **arguments):
    return hs.load(output / "analysed.zspy", **arguments)


def test_embedded_data_are_mapped_and_written(tmp_path):
    options = ("--data", "layered_domains", "--scan-shape", 12, 12, *SHORT)
    done = shell("--domains", 3, *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    output = tmp_path / "hspy_cnmf_results"
    assert names_in(output) == set(DOMAIN_FILES)
    assert all(path.stat().st_size > 1e4 for path in output.glob("*.png"))
    signal = analysed(output)
    domains = get_domains(signal)
    assert domains.summary() in done.stdout
    assert np.isnan(domains.factors.data[:, 32, 32]).all()  # the direct beam
    page = Page(output / "report.html")
    assert page.names == ["summary", "data", "domains", "parameters"]
    model = hspy_cnmf.load_domain_model(output / "domain_model.pt")
    applied = model.apply(signal)
    np.testing.assert_allclose(applied.latent.data, domains.latent.data, atol=1e-4)


def test_every_option_reaches_the_mapping(tmp_path, scan):
    output = tmp_path / "results"
    given = "--latent-dimension 3 --rounds 1 --seed 4"
    options = ("--domains", "--rotation-invariant", "--no-mask", "--lazy")
    assert run(scan, *options, *given.split(), "--output", output) == 0
    domains = get_domains(analysed(output, lazy=True))
    expected = {
        "n_domains": None,
        "latent_dimension": 3,
        "max_rounds": 1,
        "rotation_invariant": True,
        "random_state": 4,
    }
    parameters = domains.run["parameters"]
    assert {name: parameters[name] for name in expected} == expected
    # The direct beam is in.
    assert np.isfinite(domains.factors.data[:, 16, 16]).any()


def test_domains_and_factorisation_one_after_the_other(tmp_path, capsys, scan):
    """Results stay in the signal and its report; files of the other job do not."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert run(scan, "--components", 2, "--output", first, *QUICK) == 0
    assert run(first / "analysed.zspy", "--domains", 2, *SHORT, "--output", second) == 0
    assert names_in(second) == set(DOMAIN_FILES)
    signal = analysed(second)
    assert get_domains(signal).n_domains == 2
    assert len(hspy_cnmf.get_result(signal).factors) == 2
    assert {"components", "domains"} < set(Page(second / "report.html").names)
    again = (scan, "--components", 2, "--output", second, *QUICK)
    assert "domain_model.pt" in refused(capsys, *again)
    assert run(*again, "--overwrite") == 0
    assert names_in(second) <= {*FILES, *CLUSTER_FILES}
    with pytest.raises(RuntimeError, match="has no domains"):
        get_domains(analysed(second, lazy=True))


# --- what is refused, before data are read ------------------------------------


@pytest.fixture
def unread(monkeypatch):
    """Make opening data a failure."""
    monkeypatch.setattr("hspy_cnmf.cli.opening.open_signal", None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--domains 1", "--domains: 1 is too small: give 2 or more"),
        ("--domains scan.zspy", "FILE comes before --domains"),
        ("--domains --components 3", "--components has no meaning with --domains"),
        ("--domains 3 --poisson", "--poisson has no meaning with --domains"),
        ("--domains --no-clustering", "--no-clustering has no meaning"),
        ("--domains --rounds 0", "--rounds: 0 is too small"),
        ("--domains --seed some", "--seed"),
        ("--rotation-invariant", "--rotation-invariant is for --domains"),
        ("--latent-dimension 3", "--latent-dimension is for --domains"),
    ],
)
def test_options_that_make_no_sense(tmp_path, capsys, unread, options, message):
    output = tmp_path / "results"
    assert message in refused(capsys, *options.split(), "--output", output)
    assert not output.exists()


def test_the_data_set_that_has_domains_is_the_default():
    assert arguments.parse(["--domains"]).data == "layered_domains"
    assert arguments.parse([]).data == "four_phases"


# --- data that cannot be mapped -------------------------------------------------


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda s: s.set_signal_type(""), (), "add --signal-type electron_diffraction"),
        (lambda s: s.data.fill(3), (), "All patterns that take part are the same"),
        (lambda s: None, ("--domains", 50), "n_domains=50"),
    ],
    ids=["plain images", "constant", "too few positions"],
)
def test_data_that_cannot_be_mapped(tmp_path, capsys, scan, make, options, message):
    signal, output = hs.load(scan), tmp_path / "results"
    make(signal)
    signal.save(scan, overwrite=True)
    arguments = (scan, "--domains", 2, *SHORT, *options, "--output", output)
    assert message in refused(capsys, *arguments)
    assert not output.exists()
