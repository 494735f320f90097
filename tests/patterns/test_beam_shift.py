"""Laws of shifts between scans: told where they are, whatever crystals there are."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from hspy_cnmf.patterns.beam_shift import measure_beam_shifts
from hspy_cnmf.patterns.descan import inversion_centers

N, CENTER = 48, (23.0, 25.5)


def parts(seed, shift=(0.0, 0.0), masked=False, lean=0.0):
    """Return mean patterns of nine parts of a scan, each with crystals of its own.

    All spots on one side are brighter by a share `lean`, as of crystals tilted alike.
    """
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:N, :N]
    center = np.add(CENTER, shift)
    radius = np.hypot(row - center[0], column - center[1])
    images = []
    for _ in range(9):
        image = 20 * np.exp(-((radius - 12) ** 2) / 20) + 5
        for y, x in rng.uniform(-18, 18, (6, 2)):
            for sign in (-1, 1):
                at = center + sign * np.array([y, x])
                height = 200 * (1 + lean * np.sign(at[1] - center[1]))
                squares = (row - at[0]) ** 2 + (column - at[1]) ** 2
                image = image + height * np.exp(-squares / 2)
        images.append(rng.poisson(image).astype(float))
    stack = np.array(images)
    if masked:
        stack[:, np.hypot(row - CENTER[0], column - CENTER[1]) < 6] = np.nan
    return stack


def shifts_of(scans):
    """Return the shifts of scans whose centres are looked for near the same place."""
    return measure_beam_shifts(scans, [inversion_centers(s, CENTER) for s in scans])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shift", [(1.0, 0.0), (-0.6, 1.1), (3.0, -3.0)])
def test_a_shifted_scan_is_told(shift, masked):
    scans = [
        parts(0, (0, 0), masked),
        parts(1, shift, masked),
        parts(2, (0, 0), masked),
    ]
    found = shifts_of(scans)
    assert list(found.moved) == [1]
    assert np.allclose(found.shifts[1] - found.shifts[0], shift, atol=0.25)
    assert f"of scan 1 by {found.shifts[1][0]:+.1f} rows" in found.summary()


def test_of_two_scans_the_second_is_shifted():
    found = shifts_of([parts(0), parts(1, (2, 0))])
    assert list(found.moved) == [1]


@pytest.mark.parametrize("seed", range(3))
def test_scans_of_other_crystals_are_not_shifted(seed):
    scans = [parts(10 * seed + k) for k in range(3)]
    assert shifts_of(scans).summary() == ""


def test_crystals_that_are_tilted_alike_are_not_shifted():
    scans = [parts(0), parts(0, lean=0.9)]
    found = shifts_of(scans)
    assert not len(found.moved) and found.summary() == ""


def test_few_parts_and_patterns_without_a_centre_tell_nothing():
    few = [parts(0), parts(1, (2, 0))[:3]]
    assert shifts_of(few).summary() == ""
    rng = np.random.default_rng(0)
    noise = [gaussian_filter(rng.uniform(size=(9, N, N)), (0, 4, 4)) for _ in range(2)]
    assert shifts_of(noise).summary() == ""
    assert shifts_of([few[0], few[0][:0]]).summary() == ""
