"""Laws of the autoencoder, and maps that are made with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from hspy_cnmf.domains import training  # noqa: E402
from hspy_cnmf.domains.network_embedding import make_model  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


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
