"""Constraints on the maps of several scans: each as if it were alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.constraints.per_scan import PerScan, neighbours_mean, smooths

shapes = st.lists(
    st.tuples(st.integers(3, 6), st.integers(3, 6)), min_size=1, max_size=4
)


@settings(max_examples=20, deadline=None)
@given(shapes=shapes, seed=st.integers(0, 99))
def test_no_scan_sees_another(shapes, seed):
    rng = np.random.default_rng(seed)
    keeps = [rng.random(shape) > 0.2 for shape in shapes]
    for keep in keeps:
        keep[0, 0] = True
    each = tuple(GaussianSmoothing() for _ in shapes)
    together = PerScan(each, tuple(shapes)).prepare(
        np.concatenate([keep.ravel() for keep in keeps])
    )
    values = [rng.random((2, np.count_nonzero(keep))) for keep in keeps]
    expected = [
        constraint.prepare(keep)(own)
        for constraint, keep, own in zip(each, keeps, values, strict=True)
    ]
    found = together(np.concatenate(values, axis=1))
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1))


def test_scans_may_have_none_or_a_function():
    constraint = PerScan((None, lambda maps: 2 * maps), ((2, 2), (3,)))
    project = constraint.prepare(np.ones(7, bool))
    np.testing.assert_array_equal(project(np.ones((1, 7))), [[1, 1, 1, 1, 2, 2, 2]])


@pytest.mark.parametrize(
    "constraint, expected",
    [
        (GaussianSmoothing(), True),
        (None, False),
        (PerScan((GaussianSmoothing(),) * 2, ((3, 3), (4,))), True),
        (PerScan((GaussianSmoothing(), None), ((3, 3), (4,))), False),
    ],
)
def test_what_smooths_is_known(constraint, expected):
    assert smooths(constraint) == expected


def test_means_of_neighbours_stay_in_a_scan():
    constraint = PerScan((None, None), ((3,), (4,)))
    mean = neighbours_mean(np.ones(7, bool), constraint)
    found = mean(np.array([[3.0, 3, 3, 0, 0, 0, 0]]))
    np.testing.assert_allclose(found, [[3, 3, 3, 0, 0, 0, 0]], atol=1e-9)
