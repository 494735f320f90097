"""The range finder: exact for low rank, nearly the best otherwise."""

import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators import range_finder as compression
from tests.operators.test_streamed import as_matrix


def sketch_of(operator, rank, seed=0):
    patterns = compression.random_patterns(rank, operator.shape[1], seed)
    return compression.sketch(operator, operator.span(patterns))


def low_rank_scan(rank, shape=(20, 25), detector=(15, 16), noise=0.0):
    rng = np.random.default_rng(3)
    size = np.prod(shape), np.prod(detector)
    data = rng.random((size[0], rank)) @ rng.random((rank, size[1]))
    data += noise * rng.standard_normal(data.shape)
    return (
        data.reshape(*shape, *detector),
        np.ones(shape, bool),
        np.ones(detector, bool),
    )


def test_a_sketch_of_sufficient_rank_is_exact():
    operator = StreamedOperator(*low_rank_scan(5))
    compressed = sketch_of(operator, 8)
    assert operator.n_passes == 2 + compression.refinements(operator.shape)
    rng = np.random.default_rng(1)
    loadings, factors = (rng.random((3, n)) for n in operator.shape)
    np.testing.assert_allclose(
        compressed.patterns(loadings), operator.patterns(loadings), rtol=1e-7
    )
    np.testing.assert_allclose(
        compressed.images(factors), operator.images(factors), rtol=1e-7
    )
    assert compressed.rank == 8
    assert compressed.square_norm == operator.square_norm


def test_a_sketch_is_nearly_as_good_as_the_best_of_its_rank():
    data, *keep = low_rank_scan(5, noise=0.05)
    operator = StreamedOperator(data, *keep)
    compressed = sketch_of(operator, 20)
    matrix = as_matrix(data, *keep)
    sketched = compressed.basis_images.T @ compressed.basis_patterns
    best = np.sqrt(np.sum(np.linalg.svd(matrix, compute_uv=False)[20:] ** 2))
    assert np.linalg.norm(matrix - sketched) < 1.05 * best


def test_basis_patterns_are_orthonormal():
    operator = StreamedOperator(*low_rank_scan(5, noise=0.05))
    basis = sketch_of(operator, 12).basis_patterns
    np.testing.assert_allclose(basis @ basis.T, np.eye(12), atol=1e-9)


@pytest.mark.parametrize(
    ("n_components", "shape", "rank"),
    [(4, (1000, 1000), 64), (30, (1000, 1000), 120), (30, (200, 1000), None)],
)
def test_automatic_rank(n_components, shape, rank):
    assert compression.sketch_rank("auto", n_components, shape) == rank
    assert compression.sketch_rank(None, n_components, shape) is None
    assert compression.sketch_rank(50, n_components, shape) == 50


def test_random_patterns_of_a_pixel_do_not_depend_on_others():
    keep = np.random.default_rng(1).random(300) < 0.4
    all_pixels = compression.random_patterns(12, 300, 0)
    some = compression.random_patterns(12, 300, 0, keep)
    np.testing.assert_array_equal(some, all_pixels[:, keep])


def test_noise_of_counts_is_taken_out_of_the_span():
    rng = np.random.default_rng(0)
    pattern, faint = 3 * rng.random(300), np.zeros(300)
    faint[::6] = 1.0
    maps = np.stack([np.ones(9000), rng.random(9000) < 0.02])
    data = rng.poisson(maps.T @ np.stack([pattern, faint])).astype(np.uint16)
    operator = StreamedOperator(data, np.ones(9000, bool), np.ones(300, bool))
    patterns = compression.random_patterns(12, 300, 0)
    inspection, span, _ = operator.inspect_and_span(patterns)
    seen = []
    for own in (span, compression.without_noise(span, patterns, inspection)):
        basis = compression.orthonormal_rows(own)
        rest = faint - faint @ pattern / (pattern @ pattern) * pattern
        seen.append(np.linalg.norm(basis @ rest) / np.linalg.norm(rest))
    assert seen[1] > 1.5 * seen[0]


def test_faint_patterns_are_held_where_positions_are_few():
    """Of a sketch of noise nearly alone the principal images are those of the data."""
    rng = np.random.default_rng(0)
    pattern, faint = 3 + 3 * rng.random(900), np.zeros(900)
    faint[::20] = 10.0
    maps = np.stack([np.ones(400), rng.random(400) < 0.04])
    data = rng.poisson(maps.T @ np.stack([pattern, faint])).astype(np.uint16)
    operator = StreamedOperator(data, np.ones(400, bool), np.ones(900, bool))
    basis = sketch_of(operator, 16).basis_patterns
    best = np.linalg.svd(data.astype(float), full_matrices=False)[2][1]
    assert np.linalg.norm(basis @ best) > 0.99


@pytest.mark.parametrize(
    ("shape", "n"), [((576, 2304), 2), ((2304, 576), 0), ((2**16, 2**18), 0)]
)
def test_only_spans_of_few_positions_and_data_are_refined(shape, n):
    assert compression.refinements(shape) == n


def test_data_without_noise_are_spanned_whatever_is_taken_out():
    operator = StreamedOperator(*low_rank_scan(5))
    patterns = compression.random_patterns(12, 240, 0)
    inspection, span, _ = operator.inspect_and_span(patterns)
    own = compression.without_noise(span, patterns, inspection)
    assert np.abs(own[:6] - span[:6]).max() > 0
    np.testing.assert_array_equal(own[6:], span[6:])
    made = compression.sketch(operator, own)
    rest = operator.square_norm - np.sum(made.basis_images**2)
    assert rest < 1e-9 * operator.square_norm


def test_a_span_that_is_to_be_exact_stays():
    operator = StreamedOperator(*low_rank_scan(5, shape=(4, 5)))
    patterns = compression.random_patterns(12, 240, 0)
    inspection, span, _ = operator.inspect_and_span(patterns)
    assert compression.without_noise(span, patterns, inspection) is span


def test_principal_rows_span_the_same_the_first_most():
    matrix = np.random.default_rng(0).random((5, 40)) * np.arange(1, 6)[:, np.newaxis]
    rows = compression.principal_rows(matrix)
    norms = np.linalg.norm(rows, axis=1)
    assert np.all(np.diff(norms) < 0)
    np.testing.assert_allclose(rows.T @ rows, matrix.T @ matrix)


@pytest.mark.parametrize("n_columns", [60, 4096, 9001])
@pytest.mark.parametrize("of_rank", [2, 12])
def test_rows_are_orthonormal_and_the_first_span_the_first(n_columns, of_rank):
    rng = np.random.default_rng(0)
    matrix = rng.random((12, of_rank)) @ rng.random((of_rank, n_columns))
    basis = compression.orthonormal_rows(matrix)
    np.testing.assert_allclose(basis @ basis.T, np.eye(12), atol=1e-12)
    first = basis[:3]
    np.testing.assert_allclose(matrix[:3] @ first.T @ first, matrix[:3])
    single = compression.orthonormal_rows(matrix, np.float32)
    np.testing.assert_array_equal(single, basis.astype(np.float32))
