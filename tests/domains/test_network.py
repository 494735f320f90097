"""Laws of the autoencoder, and maps that are made with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf import data

torch = pytest.importorskip("torch")

from hspy_cnmf.domains import training  # noqa: E402
from hspy_cnmf.domains.network_embedding import make_model  # noqa: E402
from hspy_cnmf.domains.settings import TrainingDiverged  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SHORT = {
    "embedding": "network",
    "epochs": 2,
    "batch_size": 32,
    "n_repeats": 2,
    "max_rounds": 1,
    "random_state": 0,
    "device": "cpu",
    "print_info": False,
}


@pytest.fixture(scope="module")
def signal():
    options = {"detector_shape": (32, 32), "n_variants": 2, "n_cells": 4}
    return data.layered_domains((12, 12), random_state=0, **options)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 3))
def test_what_is_all_around_rings_is_the_background(seed, masked):
    generator = np.random.default_rng(seed)
    covered = np.ones((32, 32), bool)
    covered[:, :masked] = False
    radii = np.hypot(*(np.indices(covered.shape) - 15.5)).round().astype(int)
    diffuse = generator.uniform(0.5, 2, radii.max() + 1)[radii]
    cells = np.bincount(radii[covered])[radii]
    rows, columns = np.nonzero(covered & (cells >= 40))  # too many for 20 spots to fill
    domains = np.repeat(diffuse[np.newaxis], 3, axis=0)
    for pattern in domains:
        chosen = generator.choice(len(rows), 20, replace=False)
        pattern[rows[chosen], columns[chosen]] += 10
    domains *= covered
    patterns = np.repeat(domains, 40, axis=0).astype(np.float32)
    model = make_model(covered, 3, True, False)
    training.start(model, patterns, domains[0].sum())
    found = np.exp(model.background.detach().numpy()) - 1e-3
    np.testing.assert_allclose(found, diffuse[covered], rtol=1e-3)


@pytest.mark.parametrize("n_positions", [1, 5, 31])
@pytest.mark.parametrize("polar", [False, True])
def test_few_patterns_and_dark_ones_are_enough(n_positions, polar):
    covered = np.ones((16, 64) if polar else (32, 32), bool)
    model = make_model(covered, 3, True, polar)
    training.start(model, np.zeros((n_positions, *covered.shape), np.float32), 1.0)
    assert torch.isfinite(model.background).all()
    assert torch.isfinite(model.level).all()


@pytest.mark.parametrize("tilt_invariant", [True, False])
@pytest.mark.parametrize("rotation_invariant", [True, False])
def test_domains_are_mapped_kept_and_applied(
    signal, tmp_path, tilt_invariant, rotation_invariant
):
    options = SHORT | {"tilt_invariant": tilt_invariant}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    domains = hspy_cnmf.map_domains(
        signal, 2, rotation_invariant=rotation_invariant, **options
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert domains.latent.data.shape == (12, 12, 3)
    assert domains.run["embedding"].startswith("network")
    domains.save_model(tmp_path / "model")
    model = hspy_cnmf.load_domain_model(tmp_path / "model")
    applied = model.apply(signal, device="cpu")
    np.testing.assert_allclose(applied.latent.data, domains.latent.data, atol=1e-4)


def test_divergence_is_said_and_nothing_overwritten(monkeypatch, signal):
    scan = signal.deepcopy()
    scan.map_domains(2, **(SHORT | {"embedding": "auto"}))
    kept = hspy_cnmf.get_domains(scan).labels.data.copy()
    monkeypatch.setattr(training, "_RATE", 1e30)
    with pytest.raises(TrainingDiverged, match="diverged"):
        scan.map_domains(2, **SHORT)
    np.testing.assert_array_equal(hspy_cnmf.get_domains(scan).labels.data, kept)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there(signal):
    with pytest.raises(ValueError, match="no CUDA device"):
        hspy_cnmf.map_domains(signal, 2, **(SHORT | {"device": "cuda"}))
