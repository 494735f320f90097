"""Laws of what is seen of a pattern."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.view import View, mean_electrons
from tests.helpers.domain_scans import DEFAULTS, square_view


@settings(max_examples=25, deadline=None)
@given(st.integers(16, 70), st.integers(2, 8), st.booleans())
def test_cells_are_never_smaller_than_pixels_but_of_the_smallest(size, step, is_polar):
    view = square_view(size, pattern_size=8 * step, rotation_invariant=is_polar)
    assert view.size % 8 == 0 and 16 <= view.size <= 8 * step
    assert view.size <= max(16, size)
    # Next to the centre cells of polar patterns are smaller than parts of a pixel.
    assert view.cells[view.size // 4 if is_polar else 0 :].all()
    shape = (view.size // 2, 2 * view.size) if is_polar else (view.size,) * 2
    assert view.cells.shape == shape


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(16, 50), st.integers(16, 50)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_by_default_all_of_a_detector_is_seen(shape, place):
    """Whatever its shape, and wherever the centre is, in cells of one width."""
    center = tuple(p * (n - 1) for p, n in zip(place, shape, strict=True))
    keep, units = np.ones(shape, bool), ("1/nm",) * 2
    view = View.of(keep, (0.1, 0.1), units, center, Settings(**DEFAULTS))
    shares = np.asarray(view.reduction.matrix.sum(axis=0)).reshape(shape)
    assert shares.mean() > 0.9 and shares.max() <= 1 + 1e-6
    width = 2 * view.outer_radius / view.size
    assert view.cells.sum() <= (shape[0] / width + 2) * (shape[1] / width + 2)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_square_images_hold_all_counts_inside(seed):
    data = np.random.default_rng(seed).poisson(3, (3, 3, 16, 16)).astype(float)
    view = square_view()
    patterns, _ = view.reduce(data, np.ones((3, 3), bool))
    np.testing.assert_allclose(view.images(patterns), data.reshape(9, 16, 16))
    assert mean_electrons(patterns) == pytest.approx(data.sum() / 9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.2, 0.9]))
def test_positions_without_counts_take_no_part(seed, share):
    rng = np.random.default_rng(seed)
    data = rng.poisson(3, (4, 5, 16, 16)).astype(float)
    keep, is_vacuum = rng.random((4, 5)) < 0.8, rng.random((4, 5)) < share
    keep[0, :2], is_vacuum[0, :2] = True, False
    data[is_vacuum] = 0
    before = keep.copy()
    patterns, found = square_view().reduce(data, keep)
    np.testing.assert_array_equal(found, keep & ~is_vacuum)
    np.testing.assert_array_equal(patterns, data[found].reshape(-1, 256))
    np.testing.assert_array_equal(keep, before)


def test_polar_images_of_rings_are_rings():
    view = square_view(32, pattern_size=32, rotation_invariant=True)
    radius = np.hypot(*(np.indices((32, 32)) - 15.5))
    data = np.exp(-(((radius - 9) / 2) ** 2)) * [[[[9.0]], [[18.0]]]]
    patterns, _ = view.reduce(data, np.ones((1, 2), bool))
    image = view.images(patterns)[0]
    np.testing.assert_allclose(image, np.rot90(image), rtol=1e-4, atol=1e-6)
    ring = abs(radius - 9) < 1
    assert image[ring].min() > 2 * image[abs(radius - 9) > 4].max()


def test_even_patterns_are_even_when_they_are_unrolled():
    view = square_view(32, pattern_size=32, rotation_invariant=True)
    data = np.ones((1, 2, 32, 32)) * [[[[9.0]], [[18.0]]]]
    patterns, _ = view.reduce(data, np.ones((1, 2), bool))
    image = view.images(patterns)[0]
    radius = np.hypot(*(np.indices((32, 32)) - 15.5))
    means = [image[abs(radius - r) < 1].mean() for r in (4, 8, 14)]
    np.testing.assert_allclose(means, means[0], rtol=0.05)
    assert (image[radius > 17] == 0).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.full((2, 2, 16, 16), 0.01), "2.56 electrons"),
        (np.full((2, 2, 16, 16), 3.0), "the same"),
    ],
)
def test_nothing_to_tell_apart_is_said(data, words):
    with pytest.raises(ValueError, match=words):
        square_view().reduce(data, np.ones((2, 2), bool))


def test_a_circle_without_pixels_is_refused():
    keep = np.zeros((32, 32), bool)
    keep[0, 0] = True
    near = Settings(**(DEFAULTS | {"outer_radius": 0.5}))
    with pytest.raises(ValueError, match="No pixel that takes part is within 5 pixels"):
        View.of(keep, (0.1, 0.1), ("1/nm",) * 2, (15.5, 15.5), near)


def test_other_shapes_scales_and_units_are_refused():
    view = square_view()
    view.check((16, 16), (0.1, 0.1), ("1/nm", "1/nm"))
    with pytest.raises(ValueError, match=r"shape \(16, 17\)"):
        view.check((16, 17), (0.1, 0.1), ("1/nm", "1/nm"))
    with pytest.raises(ValueError, match=r"scales \(0.2, 0.1\)"):
        view.check((16, 16), (0.2, 0.1), ("1/nm", "1/nm"))
    with pytest.raises(ValueError, match="in \\('mrad', 'mrad'\\)"):
        view.check((16, 16), (0.1, 0.1), ("mrad", "mrad"))
