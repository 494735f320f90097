"""Spots of groups in reciprocal angstroms, or why there are none."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf.phases.group_spots import GroupSpots, checked_calibration
from tests.helpers import crystals
from tests.helpers.crystals import KINDS


@pytest.fixture(scope="module")
def spots():
    return GroupSpots.of(crystals.crystals(), None, 5.0)


def test_glass_has_none_and_crystals_have_theirs(spots):
    labels = crystals.crystals().labels.data
    numbers = [len(spots.patterns[group]) for group in labels]
    assert numbers[0] == 0
    assert min(numbers[1:]) > 8
    assert (spots.shares >= 0).all() and (spots.shares < 1).all()
    assert spots.energy == 300
    assert KINDS[0][0] is None


def test_units_may_be_converted_after_clustering(spots):
    clusters = crystals.crystals()
    factors = clusters.components.factors.deepcopy()
    for axis in factors.axes_manager.signal_axes:
        assert axis.units == "nm^-1"
        axis.scale, axis.offset, axis.units = axis.scale / 10, axis.offset / 10, "Å^-1"
    components = replace(clusters.components, factors=factors)
    again = GroupSpots.of(replace(clusters, components=components), None, 5.0)
    assert again.scale == pytest.approx(spots.scale)


def test_another_scale_moves_spots_and_reach_alike(spots):
    wider = spots.rescaled(1.25)
    assert wider.scale == pytest.approx(1.25 * spots.scale)
    for one, other in zip(spots.patterns, wider.patterns, strict=True):
        np.testing.assert_allclose(other.places, 1.25 * one.places)
        np.testing.assert_allclose(other.amplitudes, one.amplitudes)
    assert wider.reach[1] == pytest.approx(1.25 * spots.reach[1])


def test_a_distortion_of_nothing_leaves_spots_where_they_are(spots):
    same = spots.rescaled(1.0, np.eye(2))
    for one, other in zip(spots.patterns, same.patterns, strict=True):
        np.testing.assert_allclose(other.places, one.places, atol=0.02 * spots.scale)


@pytest.mark.parametrize(
    ("units", "in_angstroms"),
    [("nm^-1", 0.1), ("1/nm", 0.1), ("1/Å", 1.0), ("$A^{-1}$", 1.0)],
)
def test_units_are_those_of_reciprocal_angstroms(units, in_angstroms):
    patterns = crystals.stack(np.ones((2, *crystals.SHAPE)))
    for axis in patterns.axes_manager.signal_axes:
        axis.units = units
    energy, factor = checked_calibration(patterns)
    assert (energy, factor) == (300, pytest.approx(in_angstroms))


def test_angles_are_lengths_over_the_wavelength():
    patterns = crystals.stack(np.ones((2, *crystals.SHAPE)))
    for axis in patterns.axes_manager.signal_axes:
        axis.units = "mrad"
    _, factor = checked_calibration(patterns)
    assert factor == pytest.approx(1e-3 / 0.0196875, rel=1e-4)  # of 300 kV, in Å


@pytest.mark.parametrize("energy", [3e5, 1.0, -300.0])
def test_energies_are_in_kilovolts(energy):
    patterns = crystals.stack(np.ones((2, *crystals.SHAPE)))
    with pytest.raises(ValueError, match="in kV, from 10 to 5000"):
        checked_calibration(patterns, energy)


def test_without_an_energy_it_says_what_to_set():
    patterns = crystals.stack(np.ones((2, *crystals.SHAPE)), energy=None)
    assert checked_calibration(patterns, 200)[0] == 200
    with pytest.raises(ValueError, match=r"s.calibration\(beam_energy=300\)"):
        checked_calibration(patterns)
