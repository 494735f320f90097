"""Laws of the lattice distances that follow from Bragg spots, and of their units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import data
from hspy_cnmf._hyperspy.calibration import reciprocal_calibration
from hspy_cnmf.constraints.rings import pixel_radii
from hspy_cnmf.patterns.lattice_distances import lattice_distances
from hspy_cnmf.patterns.spots import SPOT, find_spots


def spots_at(radii, errors=0.02, intensities=1.0):
    spots = np.zeros(len(radii), SPOT)
    spots["radius"], spots["radius_error"] = radii, errors
    spots["intensity"] = intensities
    return spots


@given(
    radii=st.lists(st.floats(5, 200), min_size=1, max_size=30),
    tolerance=st.floats(0, 0.1),
    scale=st.floats(1e-3, 1e3),
)
def test_every_spot_is_on_one_ring(radii, tolerance, scale):
    intensities = np.arange(1.0, len(radii) + 1)
    rings = lattice_distances(spots_at(radii, 0.02, intensities), scale, tolerance)
    assert rings["n_spots"].sum() == len(radii)
    assert rings["intensity"].sum() == pytest.approx(intensities.sum())
    assert (np.diff(rings["intensity"]) <= 0).all()
    np.testing.assert_allclose(rings["lattice_distance"] * rings["radius"], 1)
    limits = scale * np.min(radii) * (1 - 1e-9), scale * np.max(radii) * (1 + 1e-9)
    assert ((rings["radius"] >= limits[0]) & (rings["radius"] <= limits[1])).all()
    assert (rings["uncertainty"] > 0).all()


def test_rings_are_kept_apart_and_strongest_first():
    spots = spots_at([30, 50, 30.1, 50.2, 31.9], intensities=[1, 5, 1, 5, 4])
    rings = lattice_distances(spots, 0.125)
    np.testing.assert_allclose(rings["radius"], [50.1 / 8, 31.9 / 8, 30.05 / 8])
    np.testing.assert_array_equal(rings["n_spots"], [2, 1, 2])
    np.testing.assert_allclose(rings["intensity"], [10, 4, 2])


def test_a_chain_of_spots_is_not_one_ring():
    rings = lattice_distances(spots_at(np.linspace(30, 36, 25)), 1, tolerance=0.02)
    assert len(rings) > 5


@given(shift=st.floats(0.1, 0.3), error=st.floats(0.005, 0.05))
def test_an_error_of_the_centre_cancels_and_is_in_the_uncertainty(shift, error):
    radii, errors = [30 + shift, 30 - shift], [error, 2 * error]
    (ring,) = lattice_distances(spots_at(radii, errors), 1)
    (exact,) = lattice_distances(spots_at([30, 30], errors), 1)
    assert abs(ring["radius"] - 30) < shift / 3 + error
    assert ring["uncertainty"] >= exact["uncertainty"]
    if shift > 6 * error:
        assert ring["uncertainty"] * 30**2 == pytest.approx(shift, rel=0.2)


@pytest.mark.parametrize("n_spots", [1, 2, 6])
def test_the_uncertainty_is_the_error_that_is_made(n_spots):
    generator = np.random.default_rng(0)
    radii = 30 + 0.05 * generator.standard_normal((500, n_spots))
    rings = [lattice_distances(spots_at(row, 0.05), 0.1)[0] for row in radii]
    pulls = [(r["lattice_distance"] - 1 / 3) / r["uncertainty"] for r in rings]
    assert np.std(pulls) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("member", [1, 2, 3])
def test_precipitates_have_their_lattice_distances(member):
    scan, truth = data.metallic_glass(
        (12, 12), n_precipitates=3, random_state=member, return_truth=True
    )
    pattern = truth.factors.data[0] + 0.05 * truth.factors.data[member]
    pattern = np.random.default_rng(0).poisson(3e7 * pattern).astype(float)
    center = (63.5, 63.5)
    pattern[pixel_radii(pattern.shape, center) < 5] = np.nan
    axis = scan.axes_manager.signal_axes[0]
    unit, factor = reciprocal_calibration(axis.units)
    rings = lattice_distances(find_spots(pattern, center), axis.scale * factor)
    assert unit == "nm"
    expected = truth.lattice_distances[member]
    assert rings["lattice_distance"][0] == pytest.approx(expected, rel=0.002)
    assert rings["uncertainty"][0] < 0.002 * expected
    np.testing.assert_array_equal(rings["n_spots"], [2, 2])


def test_no_spots_have_no_rings():
    assert len(lattice_distances(spots_at([]), 0.1)) == 0


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="scale"):
        lattice_distances(spots_at([10.0]), scale)
    with pytest.raises(ValueError, match="tolerance"):
        lattice_distances(spots_at([10.0]), 1, tolerance=-1)


# --- units ------------------------------------------------------------------

NANOMETRES = ["nm^-1", "1/nm", "1 / nm", "nm$^{-1}$", "nm-1", "nm⁻¹", "k_nm^-1"]
ANGSTROMS = [
    "A^-1",
    "$A^{-1}$",
    "Å$^{-1}$",
    r"$\AA^{-1}$",
    "1/Å",
    "1/A",
    "A-1",
    "k_A^-1",
    "1/Angstrom",
    "1/angstroms",
    "Angstrom^-1",
    "1/Ångström",
    "1/A\N{COMBINING RING ABOVE}",
    "1/\N{ANGSTROM SIGN}",
    "Å⁻¹",
    "Å^\N{MINUS SIGN}1",
    "AA^-1",
    "1/ang",
    r"$\mathrm{\AA}^{-1}$",
]


@pytest.mark.parametrize("units", NANOMETRES + ANGSTROMS)
def test_reciprocal_lengths_in_any_spelling(units):
    unit = "nm" if units in NANOMETRES else "Å"
    assert reciprocal_calibration(units) == (unit, 1.0)
    assert reciprocal_calibration(f"1/{unit}") == (unit, 1.0)


@pytest.mark.parametrize("units", ["q_nm^-1", "q_A^-1"])
def test_scattering_vectors_with_two_pi(units):
    assert reciprocal_calibration(units)[1] == pytest.approx(1 / (2 * np.pi))


def test_a_number_before_the_unit_is_not_lost():
    assert reciprocal_calibration("2 nm^-1") == ("nm", 2.0)


@pytest.mark.parametrize("units", ["mrads", "mRad", "milliradian", "k_mrad"])
def test_milliradians_in_any_spelling(units):
    assert reciprocal_calibration(units, 200) == reciprocal_calibration("mrad", 200)


@pytest.mark.parametrize("beam_energy", [80, 300])
def test_angles_are_those_that_pyxem_converts(beam_energy):
    signal = ElectronDiffraction2D(np.zeros((1, 1, 20, 20)))
    signal.calibration(beam_energy=beam_energy, scale=0.125, units="nm^-1")
    signal.calibration.convert_signal_units("mrad")
    axis = signal.axes_manager.signal_axes[0]
    unit, factor = reciprocal_calibration(axis.units, signal.calibration.beam_energy)
    assert unit == "nm" and axis.scale * factor == pytest.approx(0.125, rel=1e-3)
    degrees = reciprocal_calibration("2th_deg", beam_energy)[1]
    assert degrees == pytest.approx(1000 * factor * np.pi / 180)
    with pytest.raises(ValueError, match="beam energy"):
        reciprocal_calibration(axis.units)


@pytest.mark.parametrize(
    "units", ["px", "1/px", "", "<undefined>", None, "nm", "s^-1", "1", "?", "1/AU"]
)
def test_other_units_raise_what_to_set(units):
    with pytest.raises(ValueError, match=r"s\.calibration\(scale=") as error:
        reciprocal_calibration(units)
    signal = ElectronDiffraction2D(np.zeros((1, 1, 20, 20)))
    call = str(error.value).split("for instance ")[1].split(", where")[0]
    eval(call, {"s": signal})
    axis = signal.axes_manager.signal_axes[0]
    assert axis.scale == 0.125
    assert reciprocal_calibration(axis.units) == ("nm", 1.0)
