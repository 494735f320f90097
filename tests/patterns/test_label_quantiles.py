"""Quantiles by label are those of each label alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.patterns.label_quantiles import label_quantiles

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.floats(-9, 9)), max_size=40)


@given(pairs=PAIRS, parts=st.sampled_from([2, 4]))
def test_quantiles_are_those_of_each_label(pairs, parts):
    label = np.array([label for label, _ in pairs], dtype=int)
    values = np.array([value for _, value in pairs], dtype=float)
    found = label_quantiles(values, label, 5, parts)
    for i in range(5):
        own = np.sort(values[label == i])
        expected = own[(own.size - 1) // parts] if own.size else np.nan
        np.testing.assert_equal(found[i], expected)
