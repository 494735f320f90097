"""The compressed form: products with stacks."""

import numpy as np

from hspy_cnmf.operators import LowRankOperator


def test_low_rank_products_take_stacks():
    rng = np.random.default_rng(0)
    operator = LowRankOperator(rng.random((3, 10)), rng.random((3, 8)), 1.0)
    stack = rng.random((2, 4, 10))
    assert operator.patterns(stack).shape == (2, 4, 8)
    np.testing.assert_allclose(operator.patterns(stack)[1], operator.patterns(stack[1]))
