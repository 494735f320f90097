"""Maps and patterns of what was found in blocks are in their place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.operators.blocks import extents
from hspy_cnmf.verification.reading import as_maps, gather


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 100))
def test_what_is_found_in_blocks_is_gathered_where_it_belongs(height, width, seed):
    rng = np.random.default_rng(seed)
    keep = rng.random((5, 5)) > 0.3
    chunks = tuple(
        (n,) * (5 // n) + ((5 % n,) if 5 % n else ()) for n in (height, width)
    )
    values = rng.random((2, np.count_nonzero(keep)))
    parts = extents(chunks, keep)
    whole = gather([values[:, part.target] for part in parts], parts)
    np.testing.assert_array_equal(whole, values)
    maps = as_maps(whole, keep)
    np.testing.assert_array_equal(maps[:, keep], values)
    assert np.isnan(maps[:, ~keep]).all()
