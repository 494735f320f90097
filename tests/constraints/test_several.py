"""Lists of constraints: applied in order, contradictions refused."""

import numpy as np
import pytest

from hspy_cnmf.constraints import (
    CommonTotal,
    GaussianSmoothing,
    RadialFloor,
    RotationalSymmetry,
    Sparsity,
    ZeroRegion,
)
from hspy_cnmf.constraints.base import prepare
from hspy_cnmf.constraints.several import each, first_of, members

KEEP = np.ones((8, 9), bool)
KEEP[2, 3] = False


def edge():
    mask = np.zeros((8, 9), bool)
    mask[0] = True
    return ZeroRegion(mask)


def test_lists_are_applied_in_order():
    values = np.random.default_rng(0).random((2, KEEP.sum()))
    chain = [GaussianSmoothing(), Sparsity(0.3), edge(), None, lambda s: 2 * s]
    expected = values
    for constraint in chain:
        function = prepare(constraint, KEEP, "loading_constraint")
        expected = expected if function is None else function(expected)
    result = prepare(chain, KEEP, "loading_constraint")(values)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("empty", [[], (), [None]])
def test_empty_lists_are_none(empty):
    assert prepare(empty, KEEP, "loading_constraint") is None


@pytest.mark.parametrize(
    "chain",
    [
        [edge(), GaussianSmoothing()],
        [edge(), RotationalSymmetry(2)],
        [edge(), RadialFloor()],
        [CommonTotal(3.0), CommonTotal(4.0)],
        [CommonTotal(3.0), edge()],
        [CommonTotal(3.0), Sparsity(0.1)],
    ],
    ids=lambda chain: chain[1].__class__.__name__,
)
def test_contradictions_are_refused(chain):
    with pytest.raises(ValueError, match="does not hold any longer"):
        prepare(chain, KEEP, "loading_constraint")


@pytest.mark.parametrize(
    "chain",
    [
        [GaussianSmoothing(), edge()],
        [RadialFloor(), edge()],
        [GaussianSmoothing(), CommonTotal()],
        [CommonTotal(3.0), GaussianSmoothing()],
    ],
)
def test_orders_that_hold_are_taken(chain):
    values = np.random.default_rng(1).random((2, KEEP.sum()))
    assert prepare(chain, KEEP, "loading_constraint")(values).any()


def test_what_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing is left"):
        prepare([Sparsity(), lambda images: 0 * images], KEEP, "factor_constraint")


def test_what_is_in_a_list_is_named_in_errors():
    with pytest.raises(TypeError, match="'smooth' is not a constraint"):
        prepare([Sparsity(), "smooth"], KEEP, "factor_constraint")


def test_lists_are_looked_into():
    floor = RadialFloor()
    assert members(None) == () and members(floor) == (floor,)
    assert first_of([Sparsity(), floor], RadialFloor) is floor
    assert first_of(None, RadialFloor) is None
    assert each(lambda c: None if c is floor else c, [floor, 3]) == (3,)
    assert each(str, 3) == "3"
