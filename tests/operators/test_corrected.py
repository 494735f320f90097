"""Corrected sketches: exact where they were read, and for the factors that are seen."""

import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.corrected import CorrectedSketch
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from tests.operators.test_range_finder import low_rank_scan
from tests.operators.test_streamed import as_matrix


@pytest.fixture(scope="module")
def scan():
    return low_rank_scan(6, noise=0.3)


@pytest.fixture(scope="module")
def near(scan):
    rng = np.random.default_rng(0)
    operator = StreamedOperator(*scan)
    low_rank = sketch(operator, operator.span(random_patterns(7, 240, 0)))
    stacks = (rng.random((3, n)) for n in operator.shape)
    before = operator.n_passes
    made = CorrectedSketch.read(operator, low_rank, *stacks)
    assert operator.n_passes == before + 1
    return made


def test_products_are_exact_where_it_was_read(scan, near):
    matrix = as_matrix(*scan)
    np.testing.assert_allclose(near.patterns, near.loadings @ matrix)
    np.testing.assert_allclose(near.images(near.factors), near.factors @ matrix.T)


def changed(near):
    return near.factors + 0.1 * np.random.default_rng(1).random(near.factors.shape)


def test_images_miss_only_what_is_unlike_the_loadings(scan, near):
    matrix, factors = as_matrix(*scan), changed(near)
    missed = factors @ matrix.T - near.images(factors)
    assert np.abs(missed).max() > 1e-3
    np.testing.assert_allclose(missed @ near.loadings.T, 0, atol=1e-8)
    rest = matrix - near.sketch.basis_images.T @ near.sketch.basis_patterns
    assert np.linalg.norm(missed) < np.linalg.norm((factors - near.factors) @ rest.T)


def test_images_are_exact_within_the_basis_patterns(scan, near):
    matrix, basis = as_matrix(*scan), near.sketch.basis_patterns
    factors = near.factors + np.random.default_rng(1).random((3, 7)) @ basis
    np.testing.assert_allclose(near.images(factors), factors @ matrix.T)
    np.testing.assert_allclose(near.unseen(factors), 0, atol=1e-12)
    unseen = near.unseen(changed(near))
    np.testing.assert_allclose(unseen @ basis.T, 0, atol=1e-12)
    assert np.abs(unseen).max() > 1e-3
