"""Apertures: blind to rings, and on spots that are a component's own."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.patterns.spots import SPOT
from hspy_cnmf.verification.apertures import (
    Detector,
    Unmixing,
    find_covered,
    own_spots,
)


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


def pattern_of(detector, spots):
    """Return a pattern of Gaussian spots, shape (n_pixels,)."""
    pattern = np.zeros(len(detector.places))
    for spot in spots:
        off = detector.places - (spot["row"], spot["column"])
        pattern += np.exp(-0.5 * (off**2).sum(axis=1) / spot["width"] ** 2)
    return pattern


def unmixing_of(*factors, noise=1e-3):
    n_pixels = len(factors[0])
    return Unmixing(np.stack(factors), np.ones(len(factors)), np.full(n_pixels, noise))


def test_pixels_within_spots_are_those_whose_distances_say_so():
    detector, rng = make_detector(60), np.random.default_rng(0)
    spots = make_spots(*rng.uniform(-2, 61, (40, 2)), (20, 30), width=1.5)
    places = np.stack([spots["row"], spots["column"]], axis=-1)
    expected = (cdist(detector.places, places) <= 3.0 + 1.0).any(axis=1)
    found = detector.within(spots, 2.0, margin=1.0)
    np.testing.assert_array_equal(found, expected)
    assert not detector.within(spots[:0], 2.0).any()


def test_apertures_do_not_see_rings():
    detector = make_detector()
    spots = make_spots((10.0, 12.0), (30, 28))
    unmixing = unmixing_of(pattern_of(detector, spots))
    covered = find_covered(detector, [spots])
    aperture = detector.spot_aperture(
        0, spots, detector.beside(covered, unmixing.factors), unmixing
    )
    rng = np.random.default_rng(0)
    rings = rng.random(detector.rings.n_rings)[detector.rings.label]
    assert aperture @ rings == pytest.approx(0, abs=1e-9)
    distance = np.hypot(*(detector.places - (10.0, 12.0)).T)
    assert (aperture[distance <= 2] > 0).all()
    assert (aperture[(distance > 2) & (distance < 3)] == 0).all()


@pytest.mark.parametrize("ways", ["spots", "rings"])
def test_images_show_one_component_and_no_other(ways):
    """Spots that lie half over another's, and rings that overlap."""
    detector = make_detector()
    radii = np.hypot(*(detector.places - 20).T)
    own = make_spots((10.0, 12.0), (30, 28)) if ways == "spots" else make_spots()
    others = make_spots((11.5, 12.0), (25, 8))
    factors = [np.exp(-0.5 * ((radii - r) / 2) ** 2) + 0.1 for r in (8, 10)]
    factors[0] += 5 * pattern_of(detector, own)
    factors.append(5 * pattern_of(detector, others))
    covered = find_covered(detector, [own, others])
    unmixing = unmixing_of(*factors)
    if ways == "spots":
        aperture = detector.spot_aperture(
            0, own, detector.beside(covered, unmixing.factors), unmixing
        )
    else:
        aperture = detector.ring_aperture(0, covered, unmixing)
    seen = unmixing.factors @ aperture
    np.testing.assert_allclose(seen, [1, 0, 0], atol=0.01)


def test_spots_on_rings_that_they_fill_are_seen():
    detector = make_detector()
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    places = 20 + 12 * np.stack([np.sin(angles), np.cos(angles)], -1)
    spots = make_spots(*places, width=1.5)
    covered = find_covered(detector, [spots])
    unmixing = unmixing_of(pattern_of(detector, spots[:12]))
    aperture = detector.spot_aperture(
        0, spots[:12], detector.beside(covered, unmixing.factors), unmixing
    )
    assert unmixing.factors[0] @ aperture == pytest.approx(1, abs=0.01)


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
