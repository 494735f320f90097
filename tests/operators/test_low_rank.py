"""The compressed form: products with stacks."""

import numpy as np
import pytest

from hspy_cnmf.operators import LowRankOperator, low_rank
from hspy_cnmf.operators.low_rank import (
    gram_with_another,
    inverse_in_any_units,
    inverse_of_gram,
    principal_turn,
)


def test_low_rank_products_take_stacks():
    rng = np.random.default_rng(0)
    operator = LowRankOperator(rng.random((3, 10)), rng.random((3, 8)), 1.0)
    stack = rng.random((2, 4, 10))
    assert operator.patterns(stack).shape == (2, 4, 8)
    np.testing.assert_allclose(operator.patterns(stack)[1], operator.patterns(stack[1]))


def test_parts_of_images_are_those_of_all(monkeypatch):
    rng = np.random.default_rng(0)
    operator = LowRankOperator(rng.random((3, 10)), rng.random((3, 8)), 1.0)
    monkeypatch.setattr(low_rank, "_POSITIONS", 4)
    factors, images = rng.random((2, 8)), np.zeros((2, 10))
    for part, own in operator.parts_of_images(factors):
        images[:, part] += own
    np.testing.assert_allclose(images, operator.images(factors))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_turned_so_that_the_first_hold_most(dtype):
    rows = np.random.default_rng(0).random((4, 300)).astype(dtype)
    values, turn = principal_turn(rows)
    turned = turn @ rows
    np.testing.assert_allclose(turned @ turned.T, np.diag(values), atol=1e-4)
    np.testing.assert_allclose(turn @ turn.T, np.eye(4), atol=1e-12)
    assert (np.diff(values) <= 0).all()


def test_directions_that_rounding_left_are_not_inverted():
    rows = np.random.default_rng(0).random((2, 30))
    twice = np.concatenate([rows, rows[:1]])
    inverse = inverse_of_gram(twice @ twice.T)
    np.testing.assert_allclose(inverse @ twice, np.linalg.pinv(twice.T), atol=1e-9)


def test_weak_rows_are_no_rounding_in_any_units():
    rows, units = np.random.default_rng(0).random((4, 30)), np.logspace(-8, 8, 4)
    rows[3] = 0
    plain, scaled = rows @ rows.T, np.outer(units, units)
    inverse = inverse_in_any_units(plain * scaled)
    np.testing.assert_allclose(inverse * scaled, np.linalg.pinv(plain), atol=1e-9)


def test_one_more_row_is_the_last_of_the_products():
    rows = np.random.default_rng(0).random((3, 30)).astype(np.float32)
    products = gram_with_another(rows[:2], rows[2])
    np.testing.assert_allclose(products, rows @ rows.T, rtol=1e-6)
