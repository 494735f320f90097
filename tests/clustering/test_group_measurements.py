"""What a clustering tells of its groups: patterns, maps, and how they are entitled."""

import numpy as np
import pytest

from hspy_cnmf import get_clusters
from hspy_cnmf.signals import Dendrogram
from tests.conftest import QUICK
from tests.helpers.clustering_cases import (
    LISTS,
    MATRICES,
    SHAPE,
    STACKS,
    angle_between,
    clustered,
    clusters_of_crystals,
    crystal,
    decomposed_crystals,
    make_crystals,
    masked,
    rings,
    wedge,
)

RUN = QUICK | {"output_dimension": 5}
QUIET = {"print_info": False}


@pytest.fixture
def scan():
    return decomposed_crystals()


@pytest.fixture
def clusters():
    return clusters_of_crystals()


def test_mean_patterns_are_of_members_turned_and_weighted(scan, clusters):
    factors = scan.get_decomposition_factors()
    totals = scan.get_decomposition_loadings().data.sum(axis=(1, 2))
    rotation = clusters.member_rotation.data
    assert clusters.factors.data.shape == (3, *SHAPE)
    for group in range(3):
        members = clusters.members(group)
        heaviest = members[totals[members].argmax()]
        assert rotation[heaviest] == 0
        turned = [clusters.geometry.turn(factors.data[k], rotation[k]) for k in members]
        expected = np.average(turned, axis=0, weights=totals[members])
        known = np.isfinite(expected)
        assert known.mean() > 0.75
        np.testing.assert_allclose(clusters.factors.data[group][known], expected[known])
        for k in members:
            assert angle_between(rotation[k], clusters.rotation.data[heaviest, k]) < 0.5


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_mean_of_what_is_not_turned_is_the_weighted_mean(scale):
    heights = np.array([1.0, 3.0, 2.0])
    patterns = [scale * height * (rings(11) + 0.1) for height in heights]
    maps = np.random.default_rng(0).random((3, 4, 5)) * heights[::-1, None, None]
    clusters = clustered(patterns, loadings=maps)
    assert clusters.n_clusters == 1
    assert not clusters.member_rotation.data.any()
    expected = np.average(patterns, axis=0, weights=maps.sum(axis=(1, 2)))
    np.testing.assert_allclose(clusters.factors.data[0], expected, rtol=1e-9)


def test_masks_leave_no_edges_in_mean_patterns():
    patterns = [rings(11, width=4), 6 * rings(11, width=4)]
    shadows = wedge(30), wedge(200)
    clusters = clustered(list(map(masked, patterns, shadows)), n_clusters=1)
    expected = 3.5 * rings(11, width=4)
    known = np.isfinite(clusters.factors.data[0])
    assert known.mean() > 0.9
    np.testing.assert_allclose(
        clusters.factors.data[0][known], expected[known], atol=0.35
    )


def test_what_all_members_hide_is_not_known():
    patterns = [
        masked(crystal(0), wedge(30)),
        masked(crystal(0), wedge(30)),
        crystal(1),
    ]
    clusters = clustered(patterns)
    mean = clusters.factors.data
    np.testing.assert_array_equal(np.isnan(mean), [wedge(30), np.zeros(SHAPE, bool)])


def test_maps_of_groups_are_sums(scan, clusters):
    maps = scan.get_decomposition_loadings()
    sums = clusters.loadings
    assert sums.axes_manager.shape == (3, 19, 17)
    for group in range(3):
        expected = maps.data[clusters.members(group)].sum(axis=0)
        np.testing.assert_allclose(sums.data[group], expected)
    np.testing.assert_allclose(sums.data.sum(axis=0), maps.data.sum(axis=0))


def test_masked_positions_are_not_known_in_maps():
    scan = make_crystals()
    mask = np.zeros((19, 17), bool)  # x, y
    mask[2:5, 1] = True
    scan.decomposition(**RUN, navigation_mask=mask)
    clusters = scan.cluster_diffraction(**QUIET)
    expected = np.broadcast_to(mask.T, (3, 17, 19))
    np.testing.assert_array_equal(np.isnan(clusters.loadings.data), expected)
    assert clusters.n_clusters == 3


def test_signals_are_calibrated_and_entitled(scan, clusters):
    scan_axes, of_scan = scan.axes_manager, "of Crystals"
    axes = clusters.factors.axes_manager
    assert axes.navigation_axes[0].name == "group"
    for axis, expected in zip(axes.signal_axes, scan_axes.signal_axes, strict=True):
        for name in ("size", "scale", "offset", "units", "name"):
            assert getattr(axis, name) == getattr(expected, name)
    for axis, expected in zip(
        clusters.loadings.axes_manager.signal_axes,
        scan_axes.navigation_axes,
        strict=True,
    ):
        for name in ("size", "scale", "offset", "units", "name"):
            assert getattr(axis, name) == getattr(expected, name)
    for axis in clusters.aligned_loadings.axes_manager.signal_axes:
        assert (axis.name in "xy", axis.units, axis.scale) == (True, "nm", 2.0)
        assert axis.axis[axis.size // 2] == 0
    titles = {name: getattr(clusters, name).metadata.General.title for name in STACKS}
    assert titles == {
        "factors": f"Mean factors of groups {of_scan}",
        "loadings": f"Maps of groups {of_scan}",
        "aligned_loadings": f"Mean particles of groups {of_scan}",
    }
    for name in MATRICES:
        assert getattr(clusters, name).axes_manager.signal_shape == (5, 5)
        assert getattr(clusters, name).metadata.General.title
    for name in LISTS:
        assert getattr(clusters, name).axes_manager.signal_shape == (5,)
    assert isinstance(clusters.dendrogram, Dendrogram)
    assert clusters.dendrogram.data.shape == (4, 4)
    assert (
        clusters.dendrogram.metadata.General.title == f"Dendrogram of groups {of_scan}"
    )


def test_factors_keep_how_patterns_were_recorded(scan):
    scan.metadata.set_item("Acquisition_instrument.TEM.beam_energy", 300.0)
    affine = [[1.05, 0.02, 0], [0.02, 0.97, 0], [0, 0, 1]]
    scan.calibration.affine = affine
    scan.cluster_diffraction(**QUIET)
    clusters = get_clusters(scan)
    factors = clusters.factors
    assert factors.metadata.Acquisition_instrument.TEM.beam_energy == 300.0
    np.testing.assert_array_equal(factors.calibration.affine, affine)
    # pyxem's matrix has its off-diagonal elements negated.
    expected = [[1.05, -0.02], [-0.02, 0.97]]
    np.testing.assert_array_equal(clusters.geometry.affine, expected)


def test_mean_particles_are_centred(clusters):
    windows = clusters.aligned_loadings.data
    for group in range(3):
        if len(clusters.members(group)) == 1:  # the glass, without particles
            assert np.isnan(windows[group]).all()
        else:
            place = np.unravel_index(np.nanargmax(windows[group]), windows[group].shape)
            assert place == tuple(n // 2 for n in windows[group].shape)


@pytest.mark.parametrize("shape", [(40,), (4, 5, 3), (2, 3, 2, 3), (1, 20)])
def test_maps_of_any_dimensions(shape):
    patterns = [crystal(0), crystal(1), crystal(0, 50)]
    maps = np.random.default_rng(0).random((3, *shape))
    clusters = clustered(patterns, loadings=maps)
    np.testing.assert_allclose(clusters.loadings.data[0], maps[0] + maps[2])
    assert (clusters.aligned_loadings is None) == (len(shape) != 2)
    assert (clusters.map_similarity is None) == (len(shape) > 3)


@pytest.mark.parametrize("width", [0.7, 3.0])
def test_particles_as_narrow_as_the_smoothing_are_upper_limits(width):
    rows, columns = np.indices((20, 20)) - 10
    particle = np.exp(-(rows**2 + columns**2) / (2 * width**2))
    patterns = [crystal(0), crystal(1)]
    clusters = clustered(patterns, loadings=[particle, particle[::-1]])
    for table in (clusters.particle_diameters(), clusters.mean_particle_diameters()):
        assert ("upper limits" in table.note) == (width < 1)
    assert not clusters.particle_diameters(blur=1.43).note
