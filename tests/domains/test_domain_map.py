"""Maps of domains, from the signal's method to files."""

import io
import resource
from signal import SIG_IGN, SIGXFSZ
from signal import signal as handle

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from pyxem.signals import ElectronDiffraction2D

import hspy_cnmf
from tests.helpers.domain_scans import QUICK, accuracy, small_scan


@pytest.fixture(scope="module")
def mapped():
    signal, truth = small_scan()
    mask = hspy_cnmf.structure_mask(signal)
    domains = signal.map_domains(3, signal_mask=mask, **QUICK)
    return signal, truth, mask, domains


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
    assert (consistency >= 0).all() and (consistency <= 1).all()
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
        again = hspy_cnmf.map_domains(scan, 3, signal_mask=mask, **QUICK)
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
    applied = again.apply(signal)
    same = applied.labels.data == domains.labels.data
    assert same.mean() > 0.9


def test_decomposition_leaves_domains(mapped):
    signal = mapped[0].deepcopy()
    signal.change_dtype("float32")
    signal.decomposition(output_dimension=2, algorithm="SVD", print_info=False)
    assert hspy_cnmf.get_domains(signal).n_domains == 3


def test_model_applied_to_another_scan(mapped, tmp_path):
    _, _, _, domains = mapped
    domains.save_model(tmp_path / "model.npz")
    model = hspy_cnmf.load_domain_model(tmp_path / "model.npz")
    other, truth = small_scan(shape=(20, 16), random_state=1)
    applied = model.apply(other)
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
    path = tmp_path / "old.npz"
    with np.load(io.BytesIO(domains.trained.to_bytes())) as file:
        stored = dict(file)
    header = str(stored["header"]).replace('"format": 2', '"format": 99')
    with path.open("wb") as file:
        np.savez(file, **(stored | {"header": np.array(header)}))
    with pytest.raises(ValueError, match="format 99"):
        hspy_cnmf.load_domain_model(path)
    stored["places"] = stored["places"] + 1
    with path.open("wb") as file:
        np.savez(file, **stored)
    with pytest.raises(ValueError, match="checksum"):
        hspy_cnmf.load_domain_model(path)
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="no trained model"):
        hspy_cnmf.load_domain_model(path)


def test_on_a_full_disk_the_earlier_model_stays(mapped, tmp_path):
    _, _, _, domains = mapped
    path = tmp_path / "model"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = handle(SIGXFSZ, SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError):
            domains.save_model(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        handle(SIGXFSZ, handler)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_masks(mapped):
    signal, _, mask, _ = mapped
    navigation_mask = np.zeros((24, 24), bool)
    navigation_mask[:, :6] = True
    masked = hs.signals.Signal2D(navigation_mask).transpose()
    domains = hspy_cnmf.map_domains(
        signal, 2, signal_mask=mask, navigation_mask=masked, **QUICK
    )
    np.testing.assert_array_equal(domains.labels.data == -1, navigation_mask)
    np.testing.assert_array_equal(np.isnan(domains.confidence.data), navigation_mask)
    with pytest.raises(ValueError, match="navigation_mask excludes all"):
        hspy_cnmf.map_domains(signal, 2, navigation_mask=np.ones((24, 24), bool))


def test_number_of_domains_is_found(mapped):
    signal, _, mask, _ = mapped
    domains = hspy_cnmf.map_domains(signal, signal_mask=mask, **QUICK)
    assert domains.n_domains == 3


def test_it_says_when_it_cannot_tell(tmp_path):
    rng = np.random.default_rng(0)
    signal = ElectronDiffraction2D(rng.poisson(0.1, (14, 14, 32, 32)))
    signal.data[..., 15:17, 15:17] += rng.poisson(20, (14, 14, 2, 2))
    domains = signal.map_domains(4, **QUICK)
    assert domains.run["status"] == "cannot_tell"
    first = domains.doubts[0]
    assert "no better than one" in first
    assert all(w in first for w in ("structure_mask", "more counts", "fewer domains"))
    assert "cannot tell: 4 domains" in domains.summary()
    assert "cannot tell" in domains.plot().get_axes()[0].get_title()
    report = hspy_cnmf.write_report(signal, tmp_path / "report.html")
    assert "Cannot tell: 4 domains" in report.read_text()


def test_what_is_sure_has_no_doubts(mapped):
    assert mapped[3].doubts == ()
    assert "cannot tell" not in mapped[3].summary()
    names = [name for name, _ in mapped[3].run["tried"]]
    assert mapped[3].run["embedding"] == names[0] and len(names) > 3


def test_progress_says_what_is_done(mapped, capsys):
    signal, _, mask, _ = mapped
    hspy_cnmf.map_domains(
        signal, 3, signal_mask=mask, show_progressbar=True, **(QUICK | {"n_repeats": 2})
    )
    told = capsys.readouterr().err
    for step in ("reading patterns", "trying components", "repeating", "averaging"):
        assert step in told
