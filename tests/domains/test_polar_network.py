"""Laws of the network that does not see how crystals are turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from hspy_cnmf.domains.polar_network import PolarVAE  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return PolarVAE(torch.ones(16, 32, dtype=torch.bool), 3, True, width=4).double()


def counts_and_codes(seed):
    generator = torch.Generator().manual_seed(seed)
    counts = torch.poisson(torch.full((2, 16, 32), 4.0), generator=generator).double()
    return counts, torch.randn(2, 6, generator=generator).double()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 31))
def test_the_likelihood_does_not_see_how_a_pattern_is_turned(model, seed, turn):
    counts, codes = counts_and_codes(seed)
    turned = torch.roll(counts, turn, dims=2)
    with torch.no_grad():
        found = model.log_likelihood(turned, codes)
        expected = model.log_likelihood(counts, codes)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 7))
def test_nor_does_the_encoder_by_steps_of_its_last_layer(model, seed, turn):
    counts, _ = counts_and_codes(seed)
    with torch.no_grad():
        found = model.encode(torch.roll(counts, 4 * turn, dims=2), 2048.0)
        expected = model.encode(counts, 2048.0)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_turned_likelihoods_are_those_of_turned_rates(model):
    counts, codes = counts_and_codes(0)
    with torch.no_grad():
        found = model.turned_likelihoods(counts, codes)
        rates = model.log_rates(codes).view(2, 16, 32)
        for turn in (0, 1, 9, 31):
            expected = (counts * torch.roll(rates, turn, dims=2)).sum(dim=(1, 2))
            np.testing.assert_allclose(found[:, turn], expected, rtol=1e-9)


def test_the_likelihood_is_a_mean_over_turns(model):
    """It lies between that of the best turn and the part of it that one turn has."""
    counts, codes = counts_and_codes(1)
    with torch.no_grad():
        best = model.turned_likelihoods(counts, codes).amax(dim=1)
        found = model.log_likelihood(counts, codes)
    assert (found <= best).all()
    assert (found >= best - np.log(32) - 1e-9).all()
