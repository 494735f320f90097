"""Judgement of maps: correlations of numbers, and what is said of them."""

import numpy as np
import pytest

from hspy_cnmf.verification.judgement import (
    correlations,
    judge,
    possible_correlations,
)


def test_correlations_are_those_of_numpy_and_blind_to_scale():
    rng = np.random.default_rng(0)
    images, maps = rng.random((2, 4, 30))
    found = correlations(images, maps)
    expected = [np.corrcoef(*pair)[0, 1] for pair in zip(images, maps, strict=True)]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(correlations(7 * images + 3, maps), found)
    np.testing.assert_array_equal(correlations(np.ones((1, 5)), np.ones((1, 5))), 0)


def test_noise_limits_the_correlation_of_an_exact_map():
    rng = np.random.default_rng(1)
    exact = rng.normal(0, 2, (1, 200_000))
    image = exact + rng.normal(0, 1, exact.shape)
    possible = possible_correlations(image, np.ones(1))
    assert possible == pytest.approx(correlations(image, exact), abs=0.01)
    assert possible_correlations(image, np.full(1, 100.0)) == 0


@pytest.mark.parametrize(
    "values, reason",
    [
        ((9, 9, 0.95, 1, 1), ""),
        ((9, 9, 0.80, 1, 1), "its spots are not where its map is"),
        ((9, 9, 0.80, 0.85, 1), ""),
        ((0, 0, 0.10, 1, 1), "its rings are not where its map is"),
        ((9, 0, 0.95, 1, 1), "all spots are another's too, so its image shows both"),
        ((9, 9, 0.95, 0.1, 1), "too few counts in its own spots to tell"),
        ((0, 0, 0.95, 0.1, 1), "no spots, and rings that do not vary"),
        ((1, 1, 0.95, 1, 1), "only 1 spot"),
        ((9, 9, 0.95, 1, 0.5), "other starts found something else"),
        ((2, 2, 0.1, 1, np.nan), "its spots are not where its map is; only 2 spots"),
    ],
)
def test_each_doubt_has_its_words(values, reason):
    table = judge("component", *(np.array([v]) for v in values), 0.9, 10_000)
    assert table["reason"][0] == reason
    assert table["look_again"][0] == bool(reason)


def test_of_few_positions_an_image_must_be_surely_elsewhere():
    def doubted(n_positions):
        row = (np.array([v]) for v in (0, 0, 0.37, 0.5, 1.0))
        return bool(judge("component", *row, 0.9, n_positions)["look_again"][0])

    assert doubted(10_000)
    assert not doubted(400)  # where 0.37 may be 0.45 as well


@pytest.mark.parametrize("n_positions", [30, 300])
def test_an_exact_map_is_rarely_said_to_be_elsewhere(n_positions):
    rng = np.random.default_rng(2)
    exact = rng.normal(0, 1, (500, n_positions))
    noise = np.full(500, 3.0)
    images = exact + rng.normal(0, np.sqrt(3), exact.shape)
    found, possible = correlations(images, exact), possible_correlations(images, noise)
    n, whole = np.full(500, 9), np.ones(500)
    table = judge("component", n, n, found, possible, whole, 0.9, n_positions)
    elsewhere = np.char.find(table["reason"].astype(str), "not where its map is") >= 0
    assert elsewhere.mean() < 0.05
