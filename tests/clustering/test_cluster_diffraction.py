"""``cluster_diffraction``: which components are grouped, and what is said of them."""

import inspect

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxem.signals import (
    Diffraction2D,
    ElectronDiffraction2D,
    LazyElectronDiffraction2D,
    PolarDiffraction2D,
)

import hspy_cnmf
from hspy_cnmf import DiffractionClusters, cluster_diffraction, get_clusters
from hspy_cnmf.patterns.agglomeration import FURTHEST
from tests.conftest import QUICK
from tests.helpers.clustering_cases import (
    KINDS,
    LISTS,
    MATRICES,
    ROTATIONS,
    angle_between,
    assert_same_clusters,
    clusters_of_crystals,
    decomposed_crystals,
    make_crystals,
    partition,
    true_components,
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


# --- what is grouped ---------------------------------------------------------


@pytest.mark.parametrize("linkage", ["merge", "average", "complete", "single"])
def test_groups_are_the_crystals_and_rotations_those_they_have(scan, linkage):
    clusters = scan.cluster_diffraction(linkage=linkage, **QUIET)
    truth = true_components(scan)
    assert sorted(truth) == [0, 1, 2, 3, 4]
    kinds = np.array([-1 if KINDS[k] is None else KINDS[k] for k in truth])
    assert partition(clusters.labels.data) == partition(kinds)
    for i, j in np.argwhere((kinds[:, None] == kinds) & (kinds >= 0)):
        expected = ROTATIONS[truth[i]] - ROTATIONS[truth[j]]
        assert angle_between(clusters.rotation.data[i, j], expected) < 0.2


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(5)))
def test_groups_are_numbered_as_their_first_components(order):
    factors = decomposed_crystals().get_decomposition_factors()
    factors.data = factors.data[order]
    labels = cluster_diffraction(factors, **QUIET).labels.data
    _, first = np.unique(labels, return_index=True)
    assert set(labels) == {0, 1, 2}
    assert (np.diff(first) > 0).all()
    assert partition(labels) == partition(clusters_of_crystals().labels.data[order])


@pytest.mark.parametrize(
    "arguments",
    [
        {"algorithm": "NMF", "random_state": 0, "max_iter": 2000},
        {"algorithm": "SVD"},
        {"algorithm": "ORPCA", "random_state": 0},
    ],
    ids=lambda arguments: arguments["algorithm"],
)
def test_any_decomposition_can_be_clustered(arguments):
    scan = make_crystals()
    scan.decomposition(output_dimension=5, print_info=False, **arguments)
    clusters = scan.cluster_diffraction(**QUIET)
    assert get_clusters(scan).labels.data.shape == (5,)
    for name in (*MATRICES, *LISTS, "factors", "loadings"):
        assert np.isfinite(getattr(clusters, name).data).all(), name
    # Of SVD, factors may be negative where their loadings are.
    mean = clusters.components.mean_pattern
    expected = scan.data.mean(axis=(0, 1))
    least = 0.9 if arguments["algorithm"] == "ORPCA" else 0.9999
    assert np.corrcoef(mean.ravel(), expected.ravel())[0, 1] > least
    if arguments["algorithm"] == "NMF":
        kinds = [KINDS[k] for k in true_components(scan)]
        assert partition(clusters.labels.data) == partition(kinds)


def test_lazy_signals_give_the_same(clusters):
    scan = make_crystals(lazy=True)
    assert isinstance(scan, LazyElectronDiffraction2D)
    scan.decomposition(**RUN)
    assert_same_clusters(scan.cluster_diffraction(**QUIET), clusters, rtol=1e-5)


@pytest.mark.parametrize("polar", [False, True])
def test_the_same_in_polar_coordinates(polar):
    scan = make_crystals(polar=polar)
    scan.decomposition(**RUN)
    clusters = scan.cluster_diffraction(**QUIET)
    kind = PolarDiffraction2D if polar else ElectronDiffraction2D
    assert type(clusters.factors) is kind
    truth = true_components(scan)
    assert partition(clusters.labels.data) == partition([KINDS[k] for k in truth])
    one, other = np.flatnonzero(truth == 1)[0], np.flatnonzero(truth == 3)[0]
    expected = ROTATIONS[3] - ROTATIONS[1]
    assert angle_between(clusters.rotation.data[other, one], expected) < 0.3


@pytest.mark.parametrize("kind", [Diffraction2D, ElectronDiffraction2D])
def test_stacks_and_arrays_of_patterns(scan, clusters, kind):
    factors = scan.get_decomposition_factors()
    factors.set_signal_type(kind._signal_type)
    loadings = scan.get_decomposition_loadings()
    found = cluster_diffraction(factors, loadings, **QUIET)
    assert type(found.factors) is kind
    center = clusters.parameters["center"]
    arrays = cluster_diffraction(factors.data, loadings.data, center=center, **QUIET)
    without = cluster_diffraction(factors, **QUIET)
    for other in (found, arrays, without):
        assert other.labels.data.tolist() == clusters.labels.data.tolist()
        np.testing.assert_array_equal(other.similarity.data, clusters.similarity.data)
    np.testing.assert_array_equal(arrays.factors.data, clusters.factors.data)
    assert (
        without.loadings is without.aligned_loadings is without.map_similarity is None
    )


@pytest.mark.parametrize("components", [4, [4, 1, 3], (0, 2)])
def test_some_components(scan, clusters, components):
    found = scan.cluster_diffraction(components=components, **QUIET)
    indices = np.arange(components) if components == 4 else np.array(components)
    np.testing.assert_array_equal(found.components.indices, indices)
    pairs = np.ix_(indices, indices)
    for name in ("similarity", "map_similarity"):
        expected = getattr(clusters, name).data[pairs]
        np.testing.assert_allclose(getattr(found, name).data, expected, atol=1e-6)
    expected = {frozenset(indices[list(g)]) for g in partition(found.labels.data)}
    assert {frozenset(found.members(k)) for k in range(found.n_clusters)} == expected
    assert found.dendrogram.names == [f"$w_{{{k}}}$" for k in indices]


@pytest.mark.parametrize("n_clusters", [1, 2, 4, 5, np.int64(3)])
def test_as_many_groups_as_asked_for(scan, clusters, n_clusters):
    found = scan.cluster_diffraction(n_clusters=n_clusters, **QUIET)
    assert found.n_clusters == n_clusters == len(found.loadings.data)
    expected = clusters.dendrogram.cut(n_clusters)
    np.testing.assert_array_equal(found.labels.data, expected)
    np.testing.assert_array_equal(found.dendrogram.labels, expected)


@pytest.mark.parametrize("threshold", [0, 1e-5, 0.3, np.float32(0.3), 3])
def test_cuts_at_a_pseudo_distance(scan, clusters, threshold):
    found = scan.cluster_diffraction(distance_threshold=threshold, **QUIET)
    expected = clusters.dendrogram.cut(distance_threshold=threshold)
    np.testing.assert_array_equal(found.labels.data, expected)


# --- how it is called --------------------------------------------------------


def test_the_same_call_gives_the_same_and_takes_the_place_of_another(scan, clusters):
    scan.cluster_diffraction(n_clusters=5, mirror=True, **QUIET)
    for _ in range(2):
        again = scan.cluster_diffraction(**QUIET)
        assert isinstance(again, DiffractionClusters)
        assert_same_clusters(again, clusters)
        assert_same_clusters(get_clusters(scan), clusters)


def test_values_under_a_mask_do_not_matter():
    shadow = wedge(-60)
    results = []
    for value in (0, 1e5):
        scan = make_crystals()
        scan.data[..., shadow] = value
        mask = hs.signals.Signal2D(shadow)
        scan.decomposition(**RUN, signal_mask=mask)
        results.append(scan.cluster_diffraction(**QUIET))
    assert_same_clusters(*results)
    assert results[0].n_clusters == 3


def test_defaults_are_those_of_the_function():
    method = inspect.signature(Diffraction2D.cluster_diffraction).parameters
    function = inspect.signature(cluster_diffraction).parameters
    shared = [name for name in method if name not in ("self", "kwargs")]
    assert shared == list(function)[2 : 2 + len(shared)]
    for name in shared:
        assert method[name].default == function[name].default
    polar = PolarDiffraction2D.cluster_diffraction
    assert polar is Diffraction2D.cluster_diffraction
    assert not hasattr(hs.signals.Signal2D, "cluster_diffraction")


@pytest.mark.parametrize("linkage", ["merge", "average"])
def test_the_bar_ends_where_the_clustering_ends(scan, capsys, linkage):
    scan.cluster_diffraction(linkage=linkage, show_progressbar=True, **QUIET)
    told = capsys.readouterr()
    assert "100%" in told.err
    assert told.out == ""


def test_silence(scan, capsys):
    scan.cluster_diffraction(show_progressbar=False, **QUIET)
    assert capsys.readouterr() == ("", "")


def test_the_summary_is_printed_and_tells_the_cut(scan, capsys):
    clusters = scan.cluster_diffraction(show_progressbar=False)
    out = capsys.readouterr().out
    assert out == clusters.summary() + "\n"
    low = sorted(clusters.dendrogram.data[:, 2])[1]
    cut = f"between pseudo-distances of {low:.2f} and {FURTHEST:.2f}"
    assert f"n_clusters=3 (proposed: clearest groups, {cut})" in out
    for group in range(3):
        members = ", ".join(map(str, clusters.members(group)))
        assert f"group {group}: components {members}\n" in out
    assert "linkage=merge" in out
    for arguments, words in (
        ({"n_clusters": 2}, "n_clusters=2 (as asked for)"),
        ({"distance_threshold": 0.3}, "n_clusters=3 (at 0.3, as asked for)"),
        ({"radial_range": (1, 3)}, "radii=1 to 3 1/nm"),
    ):
        assert words in scan.cluster_diffraction(**arguments, **QUIET).summary()


def test_radii_are_in_pixels_where_axes_have_units_of_their_own(scan):
    scan.axes_manager.signal_axes[0].units = "mrad"
    summary = scan.cluster_diffraction(radial_range=None, **QUIET).summary()
    assert " px\n" in summary


@pytest.mark.parametrize("seed", range(3))
def test_crystals_that_share_their_brightest_spots_only_are_no_group(seed):
    """As many do along a row, of any phase and zone axis."""
    generator = np.random.default_rng(seed)
    row, columns = np.indices((80, 80)) - 39.5

    def pattern(turn):
        radii, angles = generator.uniform(12, 36, 6), generator.uniform(0, 360, 6)
        spots = [(15, 0, 10), (15, 180, 9), *zip(radii, angles, [1] * 6, strict=True)]
        image = np.full((80, 80), 0.01)
        for radius, angle, height in spots:
            angle = np.deg2rad(angle + turn)
            apart = np.hypot(
                row + radius * np.sin(angle), columns - radius * np.cos(angle)
            )
            image += height * np.exp(-(apart**2) / 4)
        return generator.poisson(1000 * image)

    patterns = [pattern(turn) for turn in generator.uniform(0, 360, 6)]
    found = cluster_diffraction(np.array(patterns, float), center=(39.5, 39.5), **QUIET)
    assert found.n_clusters == 6


def test_members_of_groups_that_are_not_there(clusters):
    for group in (3, -1):
        with pytest.raises(IndexError, match=f"group={group}: there are 3 groups"):
            clusters.members(group)


# --- a whole analysis --------------------------------------------------------


def test_precipitates_in_a_metallic_glass_are_their_families():
    scan, truth = hspy_cnmf.data.metallic_glass(
        (24, 24),
        detector_shape=(64, 64),
        n_precipitates=6,
        crystallinity=0.3,
        random_state=0,
        return_truth=True,
    )
    scan.decomposition(
        **QUICK | {"output_dimension": 7, "n_init": 5, "max_iter": 200},
        signal_mask=hspy_cnmf.structure_mask(scan),
    )
    clusters = scan.cluster_diffraction(**QUIET)
    maps = [
        s.data.reshape(7, -1)
        for s in (truth.loadings, scan.get_decomposition_loadings())
    ]
    correlation = np.corrcoef(*maps)[7:, :7]
    which = correlation[:, 1:].argmax(axis=1) + 1
    which[correlation[:, 1:].max(axis=1) < 0.8] = 0
    assert sorted(which) == list(range(7))
    assert partition(clusters.labels.data) == partition(truth.families[which])
    orientations = truth.orientations[which]
    for i, j in np.argwhere(np.equal.outer(*[truth.families[which]] * 2)):
        if truth.families[which[i]] and i != j:
            expected = orientations[i] - orientations[j]
            # Spots at g and -g are as strong.
            error = (clusters.rotation.data[i, j] - expected + 90) % 180 - 90
            assert abs(error) < 1
