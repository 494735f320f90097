"""Maps that are made with a network, and laws of what it embeds."""

import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import data

torch = pytest.importorskip("torch")

from hspy_cnmf.domains import training  # noqa: E402
from hspy_cnmf.domains.network_embedding import NetworkEmbedding  # noqa: E402
from hspy_cnmf.domains.settings import Settings, TrainingDiverged  # noqa: E402
from tests.helpers.domain_scans import DEFAULTS  # noqa: E402

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


@pytest.mark.parametrize("rotation_invariant", [False, True])
def test_decoded_patterns_have_the_electrons_and_the_cells(rotation_invariant):
    covered = np.ones((16, 32) if rotation_invariant else (16, 16), bool)
    patterns = np.random.default_rng(0).poisson(2, (20, covered.size))
    given = Settings(**(DEFAULTS | {"rotation_invariant": rotation_invariant}))
    embedding = NetworkEmbedding.fit(
        patterns.astype(np.float32), 700.0, covered, covered, given, "cpu"
    )
    places = embedding.embed(patterns)
    assert places.shape == (20, 3)
    found = embedding.decode(places)
    assert found.shape == patterns.shape and (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 700, rtol=1e-3)
