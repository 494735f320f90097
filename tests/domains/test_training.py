"""Laws of the training of networks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hspy_cnmf.domains import training  # noqa: E402
from hspy_cnmf.domains.network_embedding import make_model  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def trained(seed, patterns, epochs=3):
    """Return a network that was trained, and its losses."""
    covered = np.ones((16, 16), bool)
    with training.reproducible(seed) as generator:
        model = make_model(covered, 2, True, False)
        training.start(model, patterns, 500.0)
        losses = training.train(
            model, patterns, 500.0, epochs=epochs, batch_size=7, generator=generator
        )
    return model, losses


@pytest.fixture(scope="module")
def patterns():
    """Counts of two patterns in turn."""
    rng = np.random.default_rng(0)
    means = rng.exponential(2, (2, 16, 16))
    return rng.poisson(means[np.arange(30) % 2]).astype(np.float32)


def test_the_seed_decides_and_torch_is_left_alone(patterns):
    state = torch.get_rng_state()
    one, losses = trained(3, patterns)
    other, again = trained(3, patterns)
    assert losses == again and losses != trained(4, patterns)[1]
    assert torch.equal(torch.get_rng_state(), state)
    found = [training.embed(m, patterns, 500.0) for m in (one, other)]
    np.testing.assert_array_equal(*found)


def test_losses_fall_by_training(patterns):
    _, losses = trained(0, patterns, epochs=12)
    assert len(losses) == 12 and np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < losses[0]


def test_patterns_are_embedded_each_alone(patterns):
    model, _ = trained(0, patterns)
    whole = training.embed(model, patterns, 500.0)
    assert whole.shape == (30, 2 + model.n_nuisances)
    part = training.embed(model, patterns[4:6], 500.0)
    np.testing.assert_allclose(part, whole[4:6], atol=1e-5)


@pytest.mark.parametrize("n_positions", [1, 5, 31])
@pytest.mark.parametrize("polar", [False, True])
def test_few_patterns_and_dark_ones_are_enough(n_positions, polar):
    covered = np.ones((16, 64) if polar else (32, 32), bool)
    model = make_model(covered, 3, True, polar)
    training.start(model, np.zeros((n_positions, *covered.shape), np.float32), 1.0)
    assert torch.isfinite(model.background).all()
    assert torch.isfinite(model.level).all()
