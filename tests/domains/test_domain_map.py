"""Maps of domains, from the signal's method to files."""

import subprocess
import sys

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import hspy_cnmf
from hspy_cnmf import data

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_torch_thread")

QUICK = {
    "n_repeats": 10,
    "max_rounds": 2,
    "epochs": 14,
    "batch_size": 32,
    "random_state": 0,
    "device": "cpu",
    "print_info": False,
}


def small_scan(**arguments):
    options = {
        "shape": (24, 24),
        "detector_shape": (32, 32),
        "n_variants": 3,
        "n_cells": 5,
        "bending": 1.0,
        "dose": 4000,
        "random_state": 1,
    }
    return data.layered_domains(**(options | arguments), return_truth=True)


@pytest.fixture(scope="module")
def mapped():
    signal, truth = small_scan()
    mask = hspy_cnmf.structure_mask(signal)
    domains = signal.map_domains(3, signal_mask=mask, **QUICK)
    return signal, truth, mask, domains


def accuracy(labels, truth):
    inside = ~truth.boundary.data
    counts = np.zeros((labels.max() + 1, truth.labels.data.max() + 1))
    np.add.at(counts, (labels[inside], truth.labels.data[inside]), 1)
    return counts[linear_sum_assignment(-counts)].sum() / inside.sum()


def test_domains_of_a_small_scan_are_found(mapped):
    _, truth, _, domains = mapped
    assert domains.n_domains == 3
    assert accuracy(domains.labels.data, truth) > 0.95
    sure = domains.confidence.data >= 0.9
    assert sure.mean() > 0.5
    assert (
        domains.confidence.data[truth.boundary.data].mean()
        < domains.confidence.data[~truth.boundary.data].mean()
    )


def test_result_is_calibrated_and_sums_to_one(mapped):
    signal, _, mask, domains = mapped
    probabilities = domains.probabilities.data
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(axis=-1), domains.labels.data)
    np.testing.assert_array_equal(probabilities.max(axis=-1), domains.confidence.data)
    assert type(domains.factors) is type(signal)
    assert domains.factors.calibration.beam_energy == 300
    for ours, theirs in zip(
        domains.labels.axes_manager.signal_axes,
        signal.axes_manager.navigation_axes,
        strict=True,
    ):
        assert (ours.name, ours.units, ours.scale) == (
            theirs.name,
            theirs.units,
            theirs.scale,
        )
    assert np.isnan(domains.factors.data[:, mask.data]).all()
    consistency = domains.consistency.data
    assert (np.diff(consistency) >= 0).all() and 0 <= consistency[0] <= 1
    agreement = domains.agreement.data
    assert (agreement > 0).all() and (agreement <= 1).all()
    assert agreement.mean() == pytest.approx(consistency[-1])


def test_factors_are_means_of_confident_patterns(mapped):
    signal, _, mask, domains = mapped
    keep = ~mask.data
    for k in range(domains.n_domains):
        sure = (domains.labels.data == k) & (domains.confidence.data >= 0.9)
        mean = signal.data[sure].mean(axis=0, dtype=float)
        np.testing.assert_allclose(domains.factors.data[k][keep], mean[keep], rtol=1e-4)


def test_same_seed_same_labels_lazy_or_not_and_nothing_else_changes(mapped, snapshot):
    signal, _, mask, domains = mapped
    lazy = signal.as_lazy()
    lazy.data = da.from_array(signal.data, chunks=(7, 10, 20, 32))
    for scan in (signal.deepcopy(), lazy):
        before = snapshot(scan)
        torch.manual_seed(5)
        state = torch.get_rng_state()
        again = hspy_cnmf.map_domains(scan, 3, signal_mask=mask, **QUICK)
        assert torch.equal(torch.get_rng_state(), state)
        assert snapshot(scan) == before
        np.testing.assert_array_equal(again.labels.data, domains.labels.data)
    np.testing.assert_allclose(again.factors.data, domains.factors.data, rtol=1e-5)


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_save_and_load(mapped, tmp_path, extension):
    signal, _, _, domains = mapped
    signal.save(tmp_path / f"scan.{extension}")
    loaded = hs.load(tmp_path / f"scan.{extension}")
    again = hspy_cnmf.get_domains(loaded)
    for name in (
        "labels",
        "confidence",
        "probabilities",
        "agreement",
        "latent",
        "consistency",
    ):
        np.testing.assert_array_equal(
            getattr(again, name).data, getattr(domains, name).data
        )
    assert again.run == domains.run
    assert again.summary() == domains.summary()
    applied = again.apply(signal, device="cpu")
    same = applied.labels.data == domains.labels.data
    assert same.mean() > 0.9


def test_decomposition_leaves_domains(mapped):
    signal = mapped[0].deepcopy()
    signal.change_dtype("float32")
    signal.decomposition(output_dimension=2, algorithm="SVD", print_info=False)
    assert hspy_cnmf.get_domains(signal).n_domains == 3


def test_model_applied_to_another_scan(mapped, tmp_path):
    _, _, _, domains = mapped
    domains.save_model(tmp_path / "model.pt")
    model = hspy_cnmf.load_domain_model(tmp_path / "model.pt")
    other, truth = small_scan(shape=(20, 16), random_state=1)
    applied = model.apply(other, device="cpu")
    assert accuracy(applied.labels.data, truth) > 0.9
    assert "another scan" in applied.summary()


def test_model_refuses_other_patterns_and_versions(mapped, tmp_path):
    _, _, _, domains = mapped
    other, _ = small_scan(detector_shape=(40, 40))
    with pytest.raises(ValueError, match="shape"):
        domains.apply(other)
    other, _ = small_scan()
    other.axes_manager.signal_axes[0].scale *= 2
    with pytest.raises(ValueError, match="scales"):
        domains.apply(other)
    content = domains.trained.trained.to_bytes()
    path = tmp_path / "old.pt"
    stored = torch.load(__import__("io").BytesIO(content), weights_only=True)
    stored["header"] = stored["header"].replace('"format": 1', '"format": 99')
    torch.save(stored, path)
    with pytest.raises(ValueError, match="format 99"):
        hspy_cnmf.load_domain_model(path)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="no trained model"):
        hspy_cnmf.load_domain_model(path)


def test_masks(mapped):
    signal, _, mask, _ = mapped
    navigation_mask = np.zeros((24, 24), bool)
    navigation_mask[:, :6] = True
    masked = hs.signals.Signal2D(navigation_mask).transpose()
    options = QUICK | {"max_rounds": 1, "epochs": 2}
    domains = hspy_cnmf.map_domains(
        signal, 2, signal_mask=mask, navigation_mask=masked, **options
    )
    np.testing.assert_array_equal(domains.labels.data == -1, navigation_mask)
    np.testing.assert_array_equal(np.isnan(domains.confidence.data), navigation_mask)
    with pytest.raises(ValueError, match="navigation_mask excludes all"):
        hspy_cnmf.map_domains(signal, 2, navigation_mask=np.ones((24, 24), bool))


def test_number_of_domains_is_found(mapped):
    signal, _, mask, _ = mapped
    options = QUICK | {"max_rounds": 1}
    domains = hspy_cnmf.map_domains(signal, signal_mask=mask, **options)
    assert 2 <= domains.n_domains <= 6


def test_rotated_grains_run_and_turn_back():
    signal, _ = small_scan(rotated=True, bending=0.5)
    mask = hspy_cnmf.structure_mask(signal)
    options = QUICK | {"max_rounds": 1, "epochs": 3}
    domains = signal.map_domains(
        2, signal_mask=mask, rotation_invariant=True, latent_dimension=3, **options
    )
    assert domains.latent.data.shape == (24, 24, 3)
    assert np.isfinite(domains.factors.data[:, ~mask.data]).mean() > 0.9


def test_plot(mapped, tmp_path):
    figure = mapped[3].plot()
    figure.savefig(tmp_path / "domains.png", dpi=40)
    assert len(figure.get_axes()) >= 3 + 3 + 2


def test_importing_does_not_import_torch():
    code = "import sys, hspy_cnmf; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_it_says_what_to_install(mapped, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "hspy-cnmf\[domains\]"'):
        mapped[0].map_domains(3)
