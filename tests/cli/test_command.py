"""``python -m hspy_cnmf``, as from the shell."""

import os

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal1D, Signal2D
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import get_clusters, get_result
from hspy_cnmf.cli.output import CLUSTER_FILES, FILES
from tests.helpers.command_line import QUICK, SMALL, names_in, refused, run, shell


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("Agg")


@pytest.fixture
def spectra(tmp_path):
    path = tmp_path / "spectra.hspy"
    data = np.random.default_rng(0).poisson(3, (8, 9, 40)).astype(np.uint8)
    Signal1D(data).save(path)
    return path


# --- the main job ------------------------------------------------------------


def test_embedded_data_are_analysed_and_written(tmp_path):
    done = shell(*SMALL, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    output = tmp_path / "hspy_cnmf_results"
    assert str(output) in done.stdout
    assert "starts converged" in done.stdout
    # No terminal, so no progress bar; no foreign warnings. These data have no beam.
    said = done.stderr.splitlines()
    assert len(said) == 1 and "No direct beam was found" in said[0]
    assert "n_clusters=4 (proposed: " in done.stdout
    assert "lattice_distance" in done.stdout
    assert names_in(output) == {*FILES, *CLUSTER_FILES}
    assert all(path.stat().st_size > 1e4 for path in output.glob("*.png"))
    signal = hs.load(output / "analysed.zspy")
    assert get_clusters(signal).n_clusters == 4
    assert isinstance(signal, ElectronDiffraction2D)
    assert signal.data.shape == (12, 12, 128, 128)
    result = get_result(signal)
    assert result.parameters["n_init"] == 2
    assert signal.learning_results.signal_mask.any()


def test_quiet_says_nothing_and_of_damage_one_sentence(tmp_path, capfd):
    output = tmp_path / "results"
    assert run(*SMALL, "--quiet", "--output", output) == 0
    assert capfd.readouterr() == ("", "")
    (tmp_path / "scan.zspy").mkdir()
    assert run(tmp_path / "scan.zspy", "--components", 2) == 2
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_errors_reach_the_shell(tmp_path):
    done = shell("nothing.hspy", "--components", 3, folder=tmp_path)
    assert done.returncode == 2
    assert "there is no file nothing.hspy" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lazy", [[], ["--lazy"]])
def test_a_file_of_spectra(tmp_path, spectra, lazy, capsys):
    output = tmp_path / "results"
    arguments = (spectra, "--components", 3, "--output", output, *QUICK, *lazy)
    assert run(*arguments) == 0
    said = capsys.readouterr().out
    assert "Spectra: no constraint on factors" in said
    assert "Components will not be grouped: only diffraction patterns" in said
    assert names_in(output) == set(FILES)
    signal = hs.load(output / "analysed.zspy")
    np.testing.assert_array_equal(signal.data, hs.load(spectra).data)
    result = get_result(signal)
    assert result.factors.shape == (3, 40)
    assert result.parameters["factor_constraint"] is None
    assert signal.learning_results.signal_mask is None


def test_the_same_seed_gives_the_same_result_lazy_or_not(tmp_path, spectra):
    results = []
    for name, lazy in (("a", []), ("b", ["--lazy"])):
        arguments = ("--components", 2, "--seed", 5, *QUICK, *lazy)
        assert run(spectra, *arguments, "--output", tmp_path / name) == 0
        results.append(get_result(hs.load(tmp_path / name / "analysed.zspy")))
    np.testing.assert_allclose(results[0].factors, results[1].factors, rtol=1e-4)


def test_every_option_reaches_the_factorisation(tmp_path, spectra):
    options = "--restarts 3 --iterations 7 --tolerance 0.01 --seed 4 --solver als"
    options += " --compression 12 --probe-fwhm 2.5 --poisson --components 2"
    assert run(spectra, *options.split(), "--output", tmp_path / "results") == 0
    signal = hs.load(tmp_path / "results" / "analysed.zspy")
    parameters = get_result(signal).parameters
    expected = {
        "n_components": 2,
        "n_init": 3,
        "max_iter": 7,
        "tol": 0.01,
        "random_state": 4,
        "solver": "als",
        "compression": 12,
    }
    assert {name: parameters[name] for name in expected} == expected
    assert "fwhm=2.5" in parameters["loading_constraint"]
    assert signal.learning_results.poissonian_noise_normalized


@pytest.mark.parametrize(
    "options, said, constraint",
    [
        ((), "add --signal-type electron_diffraction", "None"),
        (("--signal-type", "electron_diffraction"), "on rings", "RadialFloor"),
    ],
)
def test_plain_images_become_patterns_on_request(
    tmp_path, capsys, options, said, constraint
):
    rows, columns = np.indices((16, 16)) - 7.5
    pattern = 50 * np.exp(-np.hypot(rows, columns) / 3)
    data = np.random.default_rng(0).poisson(pattern, (6, 7, 16, 16))
    Signal2D(data).save(tmp_path / "images.hspy")
    output = tmp_path / "results"
    arguments = ("--components", 2, "--output", output, *QUICK, *options)
    assert run(tmp_path / "images.hspy", *arguments) == 0
    assert said in capsys.readouterr().out
    result = get_result(hs.load(output / "analysed.zspy"))
    assert constraint in str(result.parameters["factor_constraint"])


def test_the_mask_can_be_left_out(tmp_path):
    arguments = (*SMALL, "--no-clustering", "--output", tmp_path / "results")
    assert run(*arguments, "--no-mask") == 0
    signal = hs.load(tmp_path / "results" / "analysed.zspy", lazy=True)
    assert signal.learning_results.signal_mask is None


# --- what is refused ---------------------------------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        ("--components 0", "--components: 0 is too small"),
        ("--components many", "--components: invalid number"),
        ("--restarts 0", "--restarts"),
        ("--tolerance -1", "tol must be a number, 0 or more"),
        ("--probe-fwhm -1", "--probe-fwhm"),
        ("--seed -1", "negative"),
        ("--compression 0", "--compression"),
        ("--max-memory much", "--max-memory: max_memory must be a positive number"),
        ("--max-memory 0GB", "--max-memory: max_memory must be a positive number"),
        ("--scan-shape 2 2", "too small"),
        ("--components 500", "at most 144"),
        ("--data unheard_of", "--data"),
        ("--signal-type electron_diffraction", "--signal-type"),
    ],
)
def test_arguments_that_make_no_sense(tmp_path, capsys, options, message):
    output = tmp_path / "results"
    arguments = (*SMALL, "--output", output, *options.split())
    assert message in refused(capsys, *arguments)
    assert not output.exists()


@pytest.mark.parametrize(
    "options, message",
    [
        ("", "how many components"),
        ("--components 2 --data four_phases", "leave out FILE"),
        ("--components 2 --scan-shape 5 5", "the file holds 72 positions"),
    ],
)
def test_options_that_do_not_go_with_a_file(capsys, spectra, options, message):
    assert message in refused(capsys, spectra, *options.split())


@pytest.mark.parametrize("components", [2, "auto"])
def test_lazy_data_are_read_within_the_memory_given(
    tmp_path, capsys, spectra, components
):
    output = tmp_path / "results"
    arguments = (spectra, "--components", components, "--lazy", "--output", output)
    message = refused(capsys, *arguments, "--max-memory", "1kB")
    assert "there are 0.98 kiB: max_memory" in message
    assert not output.exists()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda path: path.write_text("no data"), "HyperSpy cannot read"),
        (lambda path: path.mkdir(), "is an empty folder"),
        (lambda path: Signal1D(np.ones(9)).save(path), "navigation axes"),
        (lambda path: Signal1D(np.full((5, 9), np.nan)).save(path), "NaN"),
        (lambda path: Signal1D(np.full((5, 9), -1.0)).save(path), "--negative clip"),
        (lambda path: Signal1D(np.ones((5, 9)) * 1j).save(path), "complex"),
    ],
    ids=["no data", "folder", "no navigation axes", "NaN", "negative", "complex"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_files_that_cannot_be_analysed(tmp_path, capsys, make, message):
    path, output = tmp_path / "file.hspy", tmp_path / "results"
    make(path)
    arguments = (path, "--components", 2, "--output", output)
    assert message in refused(capsys, *arguments)
    assert not output.exists()


# --- the output folder -------------------------------------------------------


def test_earlier_results_are_kept_unless_told(tmp_path, spectra, capsys):
    arguments = (spectra, "--output", tmp_path / "results", *QUICK)
    assert run(*arguments, "--components", 2) == 0
    note = tmp_path / "results" / "note.txt"
    note.write_text("mine")
    assert "--overwrite" in refused(capsys, *arguments, "--components", 3)
    assert n_components(tmp_path) == 2
    assert run(*arguments, "--components", 3, "--overwrite") == 0
    assert n_components(tmp_path) == 3
    assert note.read_text() == "mine"


def n_components(folder):
    signal = hs.load(folder / "results" / "analysed.zspy", lazy=True)
    return len(get_result(signal).factors)


def test_results_can_be_analysed_again_in_place(tmp_path, spectra):
    output = tmp_path / "results"
    arguments = ("--components", 2, "--output", output, *QUICK)
    assert run(spectra, *arguments) == 0
    analysed = output / "analysed.zspy"
    assert run(analysed, *arguments, "--lazy", "--overwrite") == 0
    np.testing.assert_array_equal(hs.load(analysed).data, hs.load(spectra).data)


def test_a_file_is_no_output_folder(capsys, spectra):
    arguments = (spectra, "--components", 2, "--output", spectra)
    assert "is a file" in refused(capsys, *arguments)


def test_a_failure_while_writing_leaves_what_is_finished(
    tmp_path, spectra, capsys, monkeypatch
):
    arguments = (spectra, "--output", tmp_path / "results", "--overwrite", *QUICK)
    assert run(*arguments, "--components", 2) == 0

    def no_space(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("hspy_cnmf.cli.output.plot_convergence", no_space)
    assert "No space left" in refused(capsys, *arguments, "--components", 3)
    assert n_components(tmp_path) == 3
    # Figures of before are not those of the new factorisation.
    finished = {"analysed.zspy", "components.png", "report.html"}
    assert set(os.listdir(tmp_path / "results")) == finished
