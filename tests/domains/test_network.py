"""Laws of what the autoencoder begins with, and of envelopes of polar patterns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from hspy_cnmf.domains import training  # noqa: E402
from hspy_cnmf.domains.embedding import make_model  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@settings(max_examples=20, deadline=None)
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


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 2 * np.pi))
def test_envelopes_of_turned_crystals_are_made_of_the_terms(rotation):
    model = make_model(np.ones((16, 64), bool), 3, True, True)
    radius = np.linspace(0, 1, 16)[:, np.newaxis]
    azimuth = 2 * np.pi * np.arange(64) / 64 + rotation
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    g2 = x**2 + y**2
    envelopes = [x**0, x, y, g2, x**2 - y**2, 2 * x * y, g2 * x, g2 * y, g2**2]
    wanted = np.stack([e.ravel() for e in envelopes])
    known = np.concatenate([model.terms.numpy(), model.further_terms.numpy()])
    coefficients, *_ = np.linalg.lstsq(known.T, wanted.T, rcond=None)
    np.testing.assert_allclose(known.T @ coefficients, wanted.T, atol=1e-5)
