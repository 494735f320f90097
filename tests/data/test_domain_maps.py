"""Laws of maps of domains: cells, shares and smooth fields."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data._domain_maps import _shares, draw_domains, smooth_field


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 4), st.integers(0, 4), st.booleans())
def test_shares_sum_to_one_and_neighbours_differ(seed, n_variants, more, rotated):
    generator = np.random.default_rng(seed)
    n_cells = n_variants + more
    domains = draw_domains((20, 24), n_variants, n_cells, rotated, generator)
    np.testing.assert_allclose(domains.shares.sum(axis=2), 1)
    assert (domains.shares >= 0).all()
    assert set(domains.variants) == set(range(n_variants))
    first, second = domains.cells[..., 0], domains.cells[..., 1]
    kinds = np.arange(n_cells) if rotated else domains.variants
    assert (kinds[first] != kinds[second]).all()
    np.testing.assert_array_equal(domains.labels, domains.variants[first])
    # The nearest cell has most of what is ordered.
    assert (domains.shares[..., 0] >= domains.shares[..., 1] - 1e-9).all()
    assert rotated == (np.ptp(domains.orientations) > 0)


def test_shares_grow_from_the_boundary_inwards():
    shares = _shares(np.linspace(0, 5, 30))
    assert shares[0, 0] == pytest.approx(shares[0, 1])
    assert (np.diff(shares[:, 0]) > -1e-12).all()
    assert (np.diff(shares[:, 2]) <= 0).all()
    np.testing.assert_allclose(shares[-1], [1, 0, 0], atol=1e-6)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.floats(0.05, 0.3))
def test_fields_are_the_same_at_any_shape_and_have_unit_deviation(seed, width):
    coarse, fine = (
        smooth_field(shape, width, np.random.default_rng(seed))
        for shape in ((32, 16), (64, 64))
    )
    assert fine.mean() == pytest.approx(0, abs=1e-9)
    assert fine.std() == pytest.approx(1)
    means = fine.reshape(32, 2, 16, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse, means, atol=0.5)
    assert np.corrcoef(coarse.ravel(), means.ravel())[0, 1] > 0.99
