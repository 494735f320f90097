"""What makes a series: scans of one detector, each once."""

import numpy as np
import pytest

from hspy_cnmf.series.scans import check_scans, scan_names


def scaled(make_scan, **changes):
    scan = make_scan((5, 4), signal_type="electron_diffraction")
    for name, value in changes.items():
        setattr(scan.axes_manager.signal_axes[0], name, value)
    return scan


def at_energy(scan, energy):
    scan.metadata.set_item("Acquisition_instrument.TEM.beam_energy", energy)
    return scan


def in_micrometres(scan):
    for axis in scan.axes_manager.navigation_axes:
        axis.units = "um"
    return scan


BAD = {
    "empty": (lambda one, make: [], ValueError, "is empty"),
    "a signal": (lambda one, make: one, TypeError, "a list of signals"),
    "text": (lambda one, make: "scan.zspy", TypeError, "a list of signals"),
    "an array": (lambda one, make: [one, one.data], TypeError, "Scan 1: What is"),
    "twice": (lambda one, make: [one, one], ValueError, "0 and 1 share data"),
    "overlap": (
        lambda one, make: [one.inav[:4], one.inav[2:]],
        ValueError,
        "0 and 1 share data",
    ),
    "the same lazy data": (
        lambda one, make: [lazy := one.as_lazy(), lazy.deepcopy()],
        ValueError,
        "0 and 1 share data",
    ),
    "shape": (lambda one, make: [one, one.isig[:-1]], ValueError, "one detector"),
    "scale": (
        lambda one, make: [one, scaled(make, scale=0.3)],
        ValueError,
        "otherwise than scan 0",
    ),
    "offset": (
        lambda one, make: [one, scaled(make, offset=0.0)],
        ValueError,
        "otherwise than scan 0",
    ),
    "units": (
        lambda one, make: [one, scaled(make, units="mrad")],
        ValueError,
        "is in 'mrad'",
    ),
    "energy": (
        lambda one, make: [at_energy(one, 200), at_energy(make(), 80)],
        ValueError,
        "Scan 1 is of 80 keV, scan 0 of 200 keV",
    ),
    "scan units": (
        lambda one, make: [one, in_micrometres(make())],
        ValueError,
        "densities and diameters would not compare",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_series_is_refused(make_scan, name):
    make, error, words = BAD[name]
    one = make_scan(signal_type="electron_diffraction")
    with pytest.raises(error, match=words):
        check_scans(make(one, make_scan))


def test_halves_of_a_scan_are_a_series(make_scan):
    one = make_scan(signal_type="electron_diffraction")
    halves = [one.inav[:3], one.inav[3:]]
    assert check_scans(halves) == halves
    lazy = one.as_lazy()
    assert len(check_scans([lazy.inav[:3], lazy.inav[3:]])) == 2


def test_names_are_titles_where_these_differ(make_scan):
    scans = [make_scan(), make_scan((4, 4))]
    assert scan_names(scans) == ["scan 0", "scan 1"]
    for scan, title in zip(scans, "ab", strict=True):
        scan.metadata.General.title = title
    assert scan_names(scans) == ["a", "b"]
    assert scan_names(scans, np.array(["0 h", "2 h"])) == ["0 h", "2 h"]
    with pytest.raises(ValueError, match="2 different ones"):
        scan_names(scans, ["0 h", "0 h"])
