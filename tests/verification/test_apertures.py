"""Apertures: blind to rings, and on spots that are a component's own."""

import numpy as np
import pytest

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.patterns.spots import SPOT
from hspy_cnmf.verification.apertures import Detector, find_covered, own_spots


def make_spots(*places, width=1.0, intensity=1.0):
    spots = np.zeros(len(places), SPOT)
    for spot, (row, column) in zip(spots, places, strict=True):
        spot["row"], spot["column"] = row, column
        spot["width"], spot["intensity"] = width, intensity
    return spots


def make_detector(size=41):
    places = np.stack(np.indices((size, size)), -1).reshape(-1, 2).astype(float)
    radii = np.hypot(*(places - size // 2).T)
    return Detector(places, Rings.from_radii(radii))


def test_apertures_do_not_see_rings():
    detector = make_detector()
    spots = make_spots((10.0, 12.0), (30, 28))
    aperture = detector.spot_aperture(spots, find_covered(detector, [spots]))
    rng = np.random.default_rng(0)
    rings = rng.random(detector.rings.n_rings)[detector.rings.label]
    assert aperture @ rings == pytest.approx(0, abs=1e-9)
    distance = np.hypot(*(detector.places - (10.0, 12.0)).T)
    assert (aperture[distance <= 2] == 1).all()
    assert (aperture[(distance > 2) & (distance < 3)] == 0).all()


def test_a_spot_is_its_own_unless_another_is_as_strong():
    mine = make_spots((10, 10), (20, 20), (30, 30))
    same = make_spots((10.5, 10), width=1.0)
    weak = make_spots((20, 20.5), intensity=0.1)
    others = np.concatenate([same, weak])
    own, _ = own_spots([mine, others], [0, 1], [5, 5])
    assert own.tolist() == [False, True, True]
    own, _ = own_spots([mine, others], [0, 0], [5, 5])
    assert own.all()


def test_a_crystal_in_much_of_the_scan_hides_spots_of_one_in_little_of_it():
    mine, weak = make_spots((20, 20)), make_spots((20, 20.5), intensity=0.1)
    for contrasts, expected in (((5, 5), True), ((1, 5), False), ((0, 5), False)):
        own, _ = own_spots([mine, weak], [0, 1], contrasts)
        assert own.tolist() == [expected]
