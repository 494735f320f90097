"""Laws of what every constraint shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor
from hspy_cnmf.constraints.base import expand, prepare

KEEP = arrays(bool, (5, 6)).filter(np.any)
IMAGES = arrays(np.float64, (3, 5, 6), elements=st.floats(0, 1e4))


@given(images=IMAGES, keep=KEEP)
def test_expanding_puts_values_back_where_they_were(images, keep):
    expanded = expand(images[:, keep], keep)
    np.testing.assert_array_equal(expanded[:, keep], images[:, keep])
    assert np.isnan(expanded[:, ~keep]).all()


@pytest.mark.parametrize("constraint", [RadialFloor(), GaussianSmoothing(size=3)])
@settings(deadline=None)
@given(images=IMAGES, keep=KEEP)
def test_the_prepared_constraint_is_the_constraint(constraint, images, keep):
    masked = np.where(keep, images, np.nan)
    prepared = prepare(constraint, keep, "constraint")(images[:, keep])
    np.testing.assert_array_equal(prepared, constraint(masked)[:, keep])


@given(images=IMAGES, keep=KEEP)
def test_callables_get_images_with_nan_where_they_are_masked(images, keep):
    seen = []

    def halve_and_lower(stack):
        seen.append(stack)
        return stack / 2 - 1

    result = prepare(halve_and_lower, keep, "constraint")(images[:, keep])
    np.testing.assert_array_equal(np.isnan(seen[0]), np.broadcast_to(~keep, (3, 5, 6)))
    np.testing.assert_array_equal(result, np.maximum(images[:, keep] / 2 - 1, 0))


def test_none_is_no_constraint():
    assert prepare(None, np.ones((2, 2), bool), "constraint") is None


@pytest.mark.parametrize(
    ("constraint", "error", "message"),
    [
        ("floor", TypeError, "is not a constraint"),
        (RadialFloor, TypeError, "is not a constraint"),
        (lambda images: images[:1], ValueError, "returned an array of shape"),
        (lambda images: images * np.inf, ValueError, "NaN or infinity"),
    ],
)
def test_what_is_no_constraint_is_refused(constraint, error, message):
    keep = np.ones((4, 4), bool)
    with pytest.raises(error, match=message):
        prepare(constraint, keep, "factor_constraint")(np.ones((2, 16)))
