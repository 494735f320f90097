"""What noise of counts explains where components are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.counting_noise import CountingNoise
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.redundancy import without_own_noise


def of_counts(n_positions, n_pixels):
    ones = np.ones(n_positions)
    return CountingNoise(ones, np.ones(n_pixels), ones)


def particles_in_vacuum(seed, side=24, detector=30, counts=400):
    """Return counts of three particles with ten spots each, nothing between them."""
    rng = np.random.default_rng(seed)

    def squares(size, place):
        row, column = np.indices((size, size)).reshape(2, -1)
        return (row - place[0]) ** 2 + (column - place[1]) ** 2

    maps, patterns = np.zeros((3, side**2)), np.zeros((3, detector**2))
    places = np.add([(6, 6), (6, 17), (17, 11)], rng.uniform(-2, 2, (3, 2)))
    for k, place in enumerate(places):
        inside = 1 - squares(side, place) / 16
        maps[k] = np.sqrt(np.maximum(inside, 0))
        for spot in rng.uniform(0, detector, (10, 2)):
            patterns[k] += rng.exponential() * np.exp(-squares(detector, spot) / 4)
    patterns /= patterns.sum(axis=1, keepdims=True)
    return rng.poisson(counts * maps.T @ patterns).astype(float), maps, patterns


@settings(deadline=None, max_examples=15)
@given(
    n_positions=st.integers(150, 400),
    n_pixels=st.integers(150, 400),
    level=st.floats(0.5, 50),
    seed=st.integers(0, 999),
)
def test_it_is_the_strongest_component_of_what_is_left_over(
    n_positions, n_pixels, level, seed
):
    counts = np.random.default_rng(seed).poisson(level, (n_positions, n_pixels))
    maps, patterns = np.ones((1, n_positions)), np.full((1, n_pixels), level)
    left = counts - level
    there = of_counts(n_positions, n_pixels).of_model(
        maps, patterns, np.sum(left**2), 1.0
    )
    strongest = np.linalg.svd(left, compute_uv=False)[0] ** 2
    assert strongest == pytest.approx(there(maps, patterns)[0], rel=0.15)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999))
def test_noise_has_the_variance_of_the_divided_data(seed):
    """Positions and pixels are divided by scales, and some positions are summed."""
    rng = np.random.default_rng(seed)
    apart = np.arange(3)[:, None]  # components that are nowhere alike
    maps = rng.random((3, 21)) * (np.arange(21) % 3 == apart)
    patterns = rng.random((3, 30)) * (np.arange(30) % 3 == apart)
    n_summed, by_pixel = rng.integers(1, 5, 21), rng.uniform(0.5, 2, 30)
    scale = rng.uniform(0.5, 2, 21)
    # Sums of counts, each over the root of their number, of divided positions.
    by_position = scale / np.sqrt(n_summed)
    variance = (maps.T @ patterns) / (scale**2)[:, None] / by_pixel**2
    model = maps / by_position, patterns / by_pixel
    counting = CountingNoise(1 / (by_position * n_summed), 1 / by_pixel, n_summed)
    left = np.sum(variance * n_summed[:, None])
    there = counting.of_model(*model, left, 0.5)
    h, w = model[0][:1], model[1][:1]
    mean = np.sum(h.T**2 * w**2 * variance) / np.sum(h**2) / np.sum(w**2)
    n, m = (np.sum(v**2) ** 2 / np.sum(v**4) for v in (h, w))
    assert there(h, w)[0] == pytest.approx(mean * (np.sqrt(n / 2) + np.sqrt(m)) ** 2)


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_data_that_are_no_counts_have_none(gain):
    counts, maps, patterns = particles_in_vacuum(0)
    counting = of_counts(*counts.shape)
    model = 400 * maps, patterns
    left = np.sum((counts - model[0].T @ model[1]) ** 2)
    assert counting.of_model(*model, left, 1.0) is not None
    assert counting.of_model(gain * model[0], patterns, gain**2 * left, 1.0) is None


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), share=st.floats(0.3, 0.7))
def test_spots_of_one_particle_are_not_two_components(seed, share):
    """Of the noise of all positions, most of them empty, both explain far more."""
    counts, maps, patterns = particles_in_vacuum(seed)
    of_first = np.random.default_rng(seed).random(patterns.shape[1]) < share
    parts = np.vstack([patterns[:1] * of_first, patterns[:1] * ~of_first, patterns[1:]])
    fitted = np.maximum(np.linalg.lstsq(parts.T, counts.T, rcond=None)[0], 0)
    left = np.sum((counts - fitted.T @ parts) ** 2)
    there = of_counts(*counts.shape).of_model(fitted, parts, left, 1.0)
    kept, kept_maps = without_own_noise(parts, fitted, there, Held())
    assert len(kept) == 3
    model, truth = kept_maps.T @ kept, 400 * maps.T @ patterns
    assert np.linalg.norm(model - truth) < 0.2 * np.linalg.norm(truth)
    again = without_own_noise(kept, kept_maps, there, Held())
    assert again[0] is kept and again[1] is kept_maps
