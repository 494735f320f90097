"""Spots that one pattern has and another has not, whichever way these are turned."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.patterns.agglomeration import Treatment, rotation_onto
from hspy_cnmf.patterns.geometry import CartesianGeometry
from hspy_cnmf.patterns.missing_spots import have_other_spots, missing_part
from tests.helpers.clustering_cases import CENTER, SHAPE, rings

COUNTS = 2e5

#: Places of a square lattice within the detector, (n, 2), in units of its side.
LATTICE = np.argwhere(np.ones((7, 7))) - 3
LATTICE = LATTICE[LATTICE.any(axis=1) & (np.hypot(*LATTICE.T) < 3.2)]


def crystal(seen, rotation=0.0, side=7.0):
    """Return noisy spots of a lattice, each as bright as a function of it has it."""
    places = side * (LATTICE @ (1, 1j)) * np.exp(1j * np.deg2rad(rotation))
    pattern = np.full(SHAPE, 1e-3)
    for place, (h, k) in zip(places, LATTICE, strict=True):
        offset = np.array([-place.imag, place.real])
        apart = np.indices(SHAPE) - np.reshape(CENTER + offset, (2, 1, 1))
        height = seen(h, k) * np.exp(-abs(place) / 15)
        pattern += height * np.exp(-(apart**2).sum(axis=0) / 3)
    return np.random.default_rng(0).poisson(COUNTS * pattern / pattern.sum())


def face_centred(h, k):
    """Return the brightness of spots of which others are a superstructure."""
    return (h + k) % 2 == 0


def ordered(part):
    """Return that of an ordered crystal, with the part of the others."""
    return lambda h, k: 1.0 if face_centred(h, k) else part


def tilted(h, k):
    """Return that of a crystal that shows one side of the centre only."""
    return np.exp(-0.5 * (h - 1.5) ** 2)


def pair(first, second):
    """Return two patterns in polar coordinates, the second turned onto the first."""
    geometry = CartesianGeometry(SHAPE, CENTER)
    polar = geometry.polar(np.array([first, second]), 360, (3.0, 22.0))
    spectra = Treatment().spectra(polar)
    turn = rotation_onto(spectra[[0]], spectra[[1]], Treatment())
    return polar[0], polar[1].turn(*turn)


@settings(max_examples=6, deadline=None)
@given(st.floats(0.3, 1), st.floats(-45, 45))
def test_spots_are_missing_where_there_are_none(part, rotation):
    whole, fewer = pair(crystal(ordered(part)), crystal(face_centred, rotation))
    # Amplitudes are of what stands out of the noise, in four sectors or more.
    inner = part * np.exp((7 * 2**0.5 - 7) / 15)
    assert 0.4 * inner < missing_part(whole, fewer, 5.0) < 4 * inner
    assert missing_part(fewer, whole, 5.0) < 0.03
    assert have_other_spots(whole, fewer, 5.0)
    assert have_other_spots(fewer, whole, 5.0)


@settings(max_examples=6, deadline=None)
@given(st.floats(0.25, 1), st.floats(-45, 45))
def test_fainter_spots_are_not_missing(part, rotation):
    assert not have_other_spots(
        *pair(crystal(ordered(1.0)), crystal(ordered(part), rotation)), 5.0
    )


def test_a_tilted_crystal_is_the_same():
    """Spots of one side are gone, those of the other are brighter."""
    whole = crystal(lambda h, k: 1.0)
    assert not have_other_spots(*pair(whole, crystal(tilted)), 5.0)
    assert not have_other_spots(
        *pair(crystal(tilted), crystal(lambda h, k: tilted(-h, k))), 5.0
    )


def test_rings_without_spots_lack_nothing():
    rng = np.random.default_rng(0)
    noise = rng.poisson(1e3 * (0.1 + rings(12.0)), (2, *SHAPE))
    assert not have_other_spots(*pair(*noise), 5.0)


def test_masked_spots_are_not_missing():
    whole, fewer = crystal(ordered(1.0)).astype(float), crystal(face_centred)
    rows, columns = np.indices(SHAPE) - np.reshape(CENTER, (2, 1, 1))
    others = abs(np.hypot(rows, columns) - 7 * np.array([1, 5**0.5, 3])[:, None, None])
    whole[(others < 4).any(axis=0)] = np.nan
    assert not have_other_spots(*pair(whole, fewer.astype(float)), 5.0)


def test_an_ordered_crystal_and_a_plain_one_are_two_groups():
    stack = [crystal(ordered(0.3)), crystal(face_centred, 20)]
    stack += [crystal(ordered(0.3), 33), crystal(face_centred, -17)]
    options = {"center": CENTER, "print_info": False, "show_progressbar": False}
    stack = np.array(stack, dtype=float)
    assert cluster_diffraction(stack, **options).labels.data.tolist() == [0, 1, 0, 1]
    joined = cluster_diffraction(stack, linkage="average", **options)
    assert joined.labels.data.tolist() == [0, 0, 0, 0]
