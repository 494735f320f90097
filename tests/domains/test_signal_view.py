"""What of a signal's patterns is mapped: calibration and centre."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.signal_view import calibration_of, view_of
from tests.helpers.domain_scans import DEFAULTS

ALL = np.ones((24, 20), bool)


def seen(scan, keep=ALL, **arguments):
    return view_of(scan, keep, Settings(**(DEFAULTS | arguments)))


def patterns(make_scan, center=None):
    """Return a scan of patterns with a beam; calibrated where a centre is given."""
    scan = make_scan((3, 4), (24, 20), "electron_diffraction")
    axes = scan.axes_manager.signal_axes[::-1]
    for axis, at in zip(axes, center or (0, 0), strict=True):
        axis.scale, axis.units = 0.2, "1/nm"
        axis.offset = -0.2 * at
    return scan


@settings(deadline=None, max_examples=20)
@given(st.floats(1, 22), st.floats(1, 18), st.booleans())
def test_a_calibrated_centre_is_taken_as_it_is(make_scan, row, column, rotated):
    scan = patterns(make_scan, (row, column))
    view = seen(scan, rotation_invariant=rotated)
    assert view.center == pytest.approx((row, column))
    assert view.scales == (0.2, 0.2) and view.units == ("1/nm", "1/nm")
    reach = min(row + 0.5, 23.5 - row, column + 0.5, 19.5 - column)
    assert view.outer_radius == pytest.approx(reach if rotated else 10)


def test_without_a_calibration_it_is_the_middle_or_that_of_the_mean(make_scan):
    scan = patterns(make_scan)
    assert seen(scan).center == (11.5, 9.5)
    offsets = np.indices((24, 20)) - np.reshape((10.0, 11.0), (2, 1, 1))
    scan.data[:] = 1000 * np.exp(-(offsets**2).sum(axis=0) / 8) + 1
    assert seen(scan).center == (11.5, 9.5)
    found = seen(scan, rotation_invariant=True).center
    assert found == pytest.approx((10, 11), abs=0.1)


def test_rows_come_before_columns(make_scan):
    scan = patterns(make_scan, (11.5, 9.5))
    scan.axes_manager.signal_axes[0].scale = 0.3
    scan.axes_manager.signal_axes[1].units = "mrad"
    assert calibration_of(scan) == ((0.2, 0.3), ("mrad", "1/nm"))


def test_uneven_steps_are_refused_with_what_to_do(make_scan):
    scan = patterns(make_scan)
    scan.axes_manager.signal_axes[0].convert_to_non_uniform_axis()
    with pytest.raises(ValueError, match="convert_to_uniform_axis"):
        calibration_of(scan)


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("kind", ["data", "function", "zero", "nan"])
def test_axes_without_steps_are_refused(make_scan, kind, rotated):
    scan = patterns(make_scan)
    axis = scan.axes_manager[-1]
    if kind == "data":
        axis.convert_to_non_uniform_axis()
    elif kind == "function":
        axis.convert_to_functional_data_axis("x ** 2 + 1")
    else:
        axis.scale = {"zero": 0, "nan": np.nan}[kind]
    message = "even steps" if kind in ("data", "function") else "must be the width"
    with pytest.raises(ValueError, match=message):
        seen(scan, rotation_invariant=rotated)
