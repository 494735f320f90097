"""Cells of pixels lie on the rings that their pixels lie on."""

import numpy as np
import pytest

from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor, RotationalSymmetry
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.solver.coarse_pixels import floor_on_cells, pixel_grid


@pytest.mark.parametrize(
    ("constraint", "shape", "n"),
    [
        (None, (64, 64), 2),
        (RadialFloor(), (64, 80), 2),
        ((RadialFloor(),), (65, 64), 2),
        (RadialFloor(), (60, 64), 1),
        (AzimuthalFloor(), (64, 64), 1),
        ([RadialFloor(), RotationalSymmetry(4)], (64, 64), 1),
        (None, (5000,), 1),
    ],
    ids=str,
)
def test_pixels_are_taken_together_where_what_is_known_of_them_stays(
    constraint, shape, n
):
    assert pixel_grid(constraint, np.ones(shape, bool)).size == (n,) * len(shape)


@pytest.mark.parametrize("center", [None, (30.2, 35.9)])
def test_a_floor_on_cells_is_that_of_pixels(center):
    shape, affine = (66, 72), np.array([[1.02, 0.01], [0.01, 0.98]])
    floor = RadialFloor(center=center, affine=affine)
    keep = np.ones(shape, bool)
    cells = pixel_grid(floor, keep)
    on_cells = floor_on_cells(floor, cells, shape)
    middles = np.moveaxis(2 * np.indices(cells.keep.shape) + 0.5, 0, -1)
    off = middles - np.array((32.5, 35.5) if center is None else center)
    radii = np.linalg.norm(off @ np.linalg.inv(affine), axis=-1)
    own = pixel_radii(cells.keep.shape, on_cells.center, np.array(on_cells.affine))
    np.testing.assert_allclose(2 * own, radii)
    assert on_cells.level == floor.level


def test_what_is_not_taken_together_has_its_own_floor():
    keep = np.ones((9, 9), bool)
    floor = AzimuthalFloor()
    assert floor_on_cells(floor, pixel_grid(floor, keep), keep.shape) is floor
    many = np.ones((64, 64), bool)
    assert floor_on_cells(None, pixel_grid(None, many), many.shape) is None
