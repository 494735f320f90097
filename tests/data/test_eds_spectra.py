"""Laws of the spectrum images of X-rays, the measured and the simulated one."""

from importlib.util import find_spec

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signals import Signal1D

from hspy_cnmf.data import Truth, mineral_assemblage, two_particles
from hspy_cnmf.data._eds_spectra import FOLDER

IMAGES = {
    "mineral_assemblage": (mineral_assemblage, (201, 201, 459), 0.02),
    "two_particles": (two_particles, (80, 80, 1980), 0.01),
}


@pytest.fixture(params=IMAGES)
def image(request):
    """Function, shape and channel width of each spectrum image."""
    return IMAGES[request.param]


@pytest.fixture(scope="module")
def particles():
    """The simulated spectrum image and its truth."""
    return two_particles(return_truth=True)


def test_spectra_are_calibrated_counts(image):
    make, shape, width = image
    signal = make()
    assert isinstance(signal, Signal1D)
    assert signal.data.shape == shape
    assert signal.data.dtype == np.uint8
    assert signal.data.sum(axis=-1).mean() == pytest.approx(105, abs=1)
    energy = signal.axes_manager.signal_axes[0]
    assert (energy.name, energy.units, energy.is_binned) == ("Energy", "keV", True)
    assert energy.scale == pytest.approx(width)
    assert [axis.name for axis in signal.axes_manager.navigation_axes] == ["x", "y"]


def test_lazy_data_equal_eager_data_in_chunks_of_whole_spectra(image):
    make, _, _ = image
    lazy = make(lazy=True)
    assert isinstance(lazy.data, da.Array)
    assert lazy.data.numblocks[:2] > (1, 1)
    assert lazy.data.numblocks[2] == 1
    np.testing.assert_array_equal(lazy.data.compute(), make().data)


def test_signal_type_is_that_of_exspy_where_it_is(image):
    expected = "EDS_TEM" if find_spec("exspy") else ""
    assert image[0]().metadata.Signal.signal_type == expected


def test_lines_of_the_measured_elements_are_where_they_belong():
    """Ka lines of elements named in the metadata; energies in keV."""
    signal = mineral_assemblage()
    mean = signal.data.mean(axis=(0, 1))
    axis = signal.axes_manager.signal_axes[0]
    for element, line in {"Mg": 1.254, "Si": 1.740, "Ca": 3.692, "Fe": 6.404}.items():
        assert element in signal.metadata.Sample.elements
        near = np.flatnonzero(abs(axis.axis - line) < 0.1)
        assert axis.axis[near[mean[near].argmax()]] == pytest.approx(line, abs=0.02)
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 200


def test_particles_are_as_abundant_as_the_simulation_made_them(particles):
    _, truth = particles
    abundances = (
        truth.loadings.data / truth.loadings.data.max(axis=(1, 2))[:, None, None]
    )
    made = hs.load(FOLDER / "two_particles_abundances.hspy").data
    np.testing.assert_allclose(made.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(made / made.max(axis=(1, 2))[:, None, None], abundances)


def test_truth_is_laid_out_like_a_decomposition(particles):
    signal, truth = particles
    assert isinstance(truth, Truth)
    assert truth.factors.data.shape == (3, 1980)
    assert truth.loadings.data.shape == (3, 80, 80)
    assert len(truth.names) == len(truth.families) == len(truth.orientations) == 3
    assert np.isnan(truth.orientations).all()
    np.testing.assert_allclose(truth.factors.data.sum(axis=1), 1)
    assert truth.factors.data.min() >= 0
    energies = [s.axes_manager.signal_axes[0].axis for s in (signal, truth.factors)]
    np.testing.assert_array_equal(*energies)


def test_truth_describes_the_data_but_for_poisson_noise(particles):
    """In all channels, in the sums of positions and in those of channels."""
    signal, truth = particles
    loadings = truth.loadings.data.reshape(3, -1)
    expected = loadings.T @ truth.factors.data
    counts = signal.data.reshape(expected.shape).astype(float)
    totals = counts.sum(axis=1), expected.sum(axis=1)
    assert np.mean((totals[0] - totals[1]) ** 2 / totals[1]) == pytest.approx(
        1, abs=0.1
    )
    # The spectra are fitted to the sum, and follow its noise.
    total = expected.sum(axis=0)
    assert np.all(abs(counts.sum(axis=0) - total) < 0.5 * np.sqrt(total) + 1)
    known = expected > 0.02
    pearson = np.mean((counts - expected)[known] ** 2 / expected[known])
    assert pearson == pytest.approx(1, abs=0.01)


def test_licence_and_attribution_are_beside_the_files():
    attribution = (FOLDER / "ATTRIBUTION.txt").read_text()
    for file in FOLDER.glob("*.hspy"):
        assert file.name in attribution
    assert "WITHOUT WARRANTY OF ANY KIND" in (FOLDER / "LICENCE.txt").read_text()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 3e6
