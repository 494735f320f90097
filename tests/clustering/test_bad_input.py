"""Bad input of ``cluster_diffraction`` is refused in words, and nothing is touched."""

import logging

import hyperspy.api as hs
import numpy as np
import pytest
from hyperspy.signal import BaseSignal

from hspy_cnmf import cluster_diffraction, get_clusters
from hspy_cnmf._hyperspy import nodes
from tests.helpers.clustering_cases import (
    LISTS,
    MATRICES,
    SHAPE,
    assert_same_clusters,
    clustered,
    clusters_of_crystals,
    crystal,
    decomposed_crystals,
    make_crystals,
    masked,
    rings,
    stack,
    wedge,
)

ARGUMENTS = {
    # where to cut
    "both cuts": (
        {"n_clusters": 2, "distance_threshold": 0.3}, ValueError,
        "n_clusters=2 and distance_threshold=0.3 are two cuts: give only one"),
    "no group": ({"n_clusters": 0}, ValueError, "n_clusters.* 1 or more, not 0"),
    "fewer": ({"n_clusters": -2}, ValueError, "n_clusters.* 1 or more, not -2"),
    "too many groups": (
        {"n_clusters": 6}, ValueError, "n_clusters=6: there are 5 components.*1 to 5"),
    "parts of components": (
        {"components": [0, 1.7]}, TypeError, "components=.* must be the number"),
    "a mask of components": (
        {"components": [True, False]}, TypeError, "components=.* must be the number"),
    "more than take part": (
        {"n_clusters": 3, "components": 2}, ValueError, "there are 2 components"),
    "half a group": ({"n_clusters": 2.5}, ValueError, "n_clusters.*whole.*not 2.5"),
    "a float": ({"n_clusters": 2.0}, ValueError, "n_clusters.*whole.*not 2.0"),
    "a truth": ({"n_clusters": True}, ValueError, "n_clusters.*whole.*not True"),
    "NumPy's truth": ({"n_clusters": np.True_}, ValueError, "n_clusters.*whole.*True"),
    "a word": ({"n_clusters": "auto"}, ValueError, "n_clusters.*whole.*not 'auto'"),
    "two numbers": ({"n_clusters": [2, 3]}, ValueError, "n_clusters.*whole"),
    "negative threshold": (
        {"distance_threshold": -0.1}, ValueError, "distance_threshold.*not -0.1"),
    "no threshold": (
        {"distance_threshold": np.nan}, ValueError, "distance_threshold.*not nan"),
    "endless threshold": (
        {"distance_threshold": np.inf}, ValueError, "distance_threshold.*not inf"),
    "wordy threshold": (
        {"distance_threshold": "low"}, ValueError, "distance_threshold.*not 'low'"),
    "true threshold": (
        {"distance_threshold": True}, ValueError, "distance_threshold.*not True"),
    # how to compare
    "linkage": ({"linkage": "ward"}, ValueError,
                "linkage must be one of merge, average, complete, single, not 'ward'"),
    "no linkage": ({"linkage": None}, ValueError, "linkage.*not None"),
    "similarity": ({"similarity": "ssim"}, ValueError,
                   "similarity must be one of diffraction, .*euclidean, not 'ssim'"),
    "cosine": ({"similarity": "cosine"}, ValueError,
               "similarity='cosine' does not turn.*linkage=\"average\""),
    "euclidean": ({"similarity": "euclidean", "linkage": "merge"}, ValueError,
                  "similarity='euclidean' does not turn"),
    "few azimuths": ({"n_azimuth": 7}, ValueError, "n_azimuth.* 8 or more, not 7"),
    "many azimuths": ({"n_azimuth": 10**7}, ValueError, "n_azimuth.* 7200 or less"),
    "float azimuths": ({"n_azimuth": 360.0}, ValueError, "n_azimuth.*whole.*360.0"),
    "mirror": ({"mirror": "no"}, ValueError, "mirror must be True or False, not 'no'"),
    "noise": ({"noise_threshold": -1}, ValueError, "noise_threshold.*not -1"),
    "wordy noise": ({"noise_threshold": "5"}, ValueError, "noise_threshold.*not '5'"),
    "background": ({"background_weight": np.nan}, ValueError,
                   "background_weight.*not nan"),
    "unknown": ({"n_groups": 3}, TypeError, "n_groups"),
    # which components
    "one component": ({"components": 1}, ValueError, "two or more.*got [0] of 5"),
    "no component": ({"components": []}, IndexError, "components=[].*5 components"),
    "twice the same": ({"components": [1, 2, 1]}, ValueError,
                       "different components, got [1, 2, 1] of 5"),
    "out of range": ({"components": [0, 5]}, IndexError, "components=[0, 5].*5 comp"),
    "from the end": ({"components": [0, -1]}, IndexError, "components=[0, -1]"),
    "more than there are": ({"components": 6}, IndexError, "components=6.*5 comp"),
    # where
    "centre outside": ({"center": (60, 3)}, ValueError,
                       "center=[60.0, 3.0].*row and the column.*inside.*(49, 47)"),
    "centre before": ({"center": (-0.6, 3)}, ValueError, "center=[-0.6, 3.0].*inside"),
    "other order": ({"center": (22, 48)}, ValueError, "center=[22.0, 48.0].*(49, 47)"),
    "not a number": ({"center": (np.nan, 3)}, ValueError, "center=[nan, 3.0]"),
    "a scalar": ({"center": 23.0}, ValueError, "center=23.0.*row and the column"),
    "three": ({"center": (1, 2, 3)}, ValueError, "center=[1.0, 2.0, 3.0]"),
    "centre in words": ({"center": "middle"}, ValueError, "middle"),
    "reversed": ({"radial_range": (2, 1)}, ValueError,
                 "radial_range=(2, 1).*two radii in the units.*smaller one first"),
    "negative": ({"radial_range": (-1, 1)}, ValueError, "radial_range=(-1, 1)"),
    "empty": ({"radial_range": (1, 1)}, ValueError, "radial_range=(1, 1)"),
    "one radius": ({"radial_range": 2.0}, ValueError, "radial_range=2.0.*two radii"),
    "NaN radius": ({"radial_range": (np.nan, 1)}, ValueError, "radial_range=(nan, 1)"),
    "between two rings": ({"radial_range": (1.02, 1.08)}, ValueError,
                          "radial_range=(1.02, 1.08) leaves no ring"),
    "beyond": ({"radial_range": (50, 60)}, ValueError, "radial_range.*leaves no ring"),
}  # fmt: skip


def frozen(value):
    """Return values, whatever they are made of, so that they can be compared."""
    if isinstance(value, BaseSignal):
        value = value._to_dictionary()
    if isinstance(value, dict):
        return {name: frozen(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [frozen(v) for v in value]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return repr(value)


def noted(signal):
    return frozen([signal, vars(signal.learning_results)])


def regular_expression(words):
    for sign in "()[]":
        words = words.replace(sign, f"\\{sign}")
    return "(?s)" + words


@pytest.fixture(scope="module")
def scan():
    """Return a signal with clusters, which no error may touch."""
    scan = decomposed_crystals()
    scan.cluster_diffraction(print_info=False)
    return scan


@pytest.mark.parametrize("case", ARGUMENTS)
def test_bad_arguments_are_refused_and_nothing_is_touched(scan, capsys, case):
    arguments, error, words = ARGUMENTS[case]
    before = noted(scan)
    with pytest.raises(error, match=regular_expression(words)):
        scan.cluster_diffraction(**arguments)
    assert noted(scan) == before
    assert capsys.readouterr().out == ""


# --- what is clustered ---------------------------------------------------------


def test_a_signal_must_be_decomposed_first():
    scan = make_crystals()
    before = noted(scan)
    with pytest.raises(RuntimeError, match=r"not been decomposed .*: run s\.decomp"):
        scan.cluster_diffraction()
    with pytest.raises(RuntimeError, match=r"no clusters: run s\.cluster_diffraction"):
        get_clusters(scan)
    assert noted(scan) == before


def test_one_component_is_not_enough():
    scan = make_crystals()
    scan.decomposition(
        algorithm="NMF", output_dimension=1, random_state=0, print_info=False
    )
    before = noted(scan)
    with pytest.raises(ValueError, match=r"two or more .*, got \[0\] of 1"):
        scan.cluster_diffraction()
    assert noted(scan) == before


PATTERNS = np.stack([crystal(0), crystal(0, 40), crystal(1), crystal(2)])
MAPS = np.random.default_rng(0).random((4, 5, 6))


def with_values(stack, place, value):
    changed = stack.copy()
    changed[place] = value
    return changed


INPUTS = {
    "infinite": ((with_values(PATTERNS, (1, 2, 3), np.inf),), ValueError,
                 "Factor 1 holds infinite values"),
    "nothing known": ((with_values(PATTERNS, 2, np.nan),), ValueError,
                      "Factor 2 holds infinite values, or nothing but NaN"),
    "complex": ((PATTERNS * 1j,), TypeError, "real numbers, not complex128"),
    "objects": ((PATTERNS.astype(object),), TypeError, "real numbers, not object"),
    "one pattern": ((PATTERNS[0],), ValueError, "a stack of patterns.*(|47, 49)"),
    "one of a stack": ((PATTERNS[:1],), ValueError, "two or more.*got [0] of 1"),
    "none of a stack": ((PATTERNS[:0],), ValueError, "two or more.*got [] of 0"),
    "a grid": ((PATTERNS.reshape(2, 2, *SHAPE),), ValueError, "a stack of patterns"),
    "nothing": ((None,), ValueError, "A stack.*array of shape ()"),
    "a word": (("factors",), ValueError, "A stack.*array of shape ()"),
    "images": ((hs.signals.Signal2D(PATTERNS),), TypeError,
               "needs diffraction patterns.*set_signal_type"),
    "spectra": ((hs.signals.Signal1D(PATTERNS),), TypeError, "diffraction patterns"),
    "too few maps": ((PATTERNS, MAPS[:3]), ValueError,
                     "There are 4 factors, but the loadings are.*(3|6, 5)"),
    "numbers": ((PATTERNS, np.ones(4)), ValueError, "array of shape (4,)"),
    "maps of positions": ((PATTERNS, hs.signals.Signal2D(MAPS.T)), ValueError,
                          "There are 4 factors, but the loadings are.*(6|"),
    "infinite maps": ((PATTERNS, with_values(MAPS, 3, -np.inf)), ValueError,
                      "Loading 3 holds infinite values"),
    "complex maps": ((PATTERNS, MAPS + 1j), TypeError, "Loadings.*complex128"),
}  # fmt: skip


@pytest.mark.parametrize("case", INPUTS)
def test_what_cannot_be_clustered_is_refused(case):
    given, error, words = INPUTS[case]
    before = frozen(given)
    with pytest.raises(error, match=regular_expression(words)):
        cluster_diffraction(*given, center=(23, 22))
    assert frozen(given) == before


def test_bad_values_of_what_takes_no_part_do_not_matter():
    patterns = with_values(with_values(PATTERNS, 1, np.inf), 3, np.nan)
    maps = with_values(MAPS, 1, np.inf)
    clusters = clustered(patterns, loadings=maps, components=[0, 2])
    assert clusters.labels.data.tolist() == [0, 1]


def test_polar_patterns_have_no_centre_to_be_given():
    scan = make_crystals(polar=True)
    scan.decomposition(algorithm="SVD", output_dimension=3, print_info=False)
    with pytest.raises(ValueError, match=r"center=\(3, 4\) has no meaning"):
        scan.cluster_diffraction(center=(3, 4))


# --- odd, but no error ---------------------------------------------------------


@pytest.mark.parametrize("linkage", ["merge", "average"])
@pytest.mark.parametrize("value", [0.0, 3.7, 1e-9])
def test_constant_patterns_are_groups_of_their_own(caplog, linkage, value):
    patterns = [crystal(0), 0 * rings(3) + value, crystal(0, 40), 0 * rings(3)]
    maps = with_values(MAPS, 3, 0)
    with caplog.at_level(logging.WARNING, logger="hspy_cnmf"):
        clusters = clustered(patterns, loadings=maps, linkage=linkage)
    assert "Components 1, 3 are constant" in caplog.text
    assert clusters.labels.data.tolist() == [0, 1, 0, 2]
    for name in (*MATRICES, *LISTS, "factors", "loadings", "dendrogram"):
        assert np.isfinite(getattr(clusters, name).data).all(), name
    similarity = clusters.similarity.data - np.eye(4)
    assert not similarity[1].any()
    assert not similarity[3].any()
    assert (clusters.dendrogram.data[1:, 2] == 1).all()
    np.testing.assert_allclose(clusters.factors.data[1], value, rtol=1e-12)


def test_nothing_but_constant_patterns(caplog):
    clusters = clustered([np.zeros(SHAPE)] * 3, loadings=MAPS[:3])
    assert "Components 0, 1, 2 are constant" in caplog.text
    assert clusters.labels.data.tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_without_any_loading_all_weigh_the_same(value):
    patterns = [rings(11), 3 * rings(11)]
    clusters = clustered(patterns, loadings=np.full((2, 5, 6), value), n_clusters=1)
    np.testing.assert_allclose(clusters.factors.data[0], 2 * rings(11))
    assert np.isfinite(clusters.similarity.data).all()


def test_few_pixels_and_few_azimuths():
    patterns = np.random.default_rng(0).random((3, 5, 4))
    clusters = clustered(patterns, center=(2, 1.5), n_azimuth=8)
    assert np.isfinite(clusters.similarity.data).all()
    assert clusters.parameters["n_azimuth"] == 8


@pytest.mark.parametrize("center", [(0, 0), (48, 46), (0, 46)])
def test_a_centre_may_be_in_a_corner(center):
    clusters = cluster_diffraction(stack(PATTERNS), center=center, print_info=False)
    assert np.isfinite(clusters.similarity.data).all()
    assert clusters.parameters["center"] == list(center)


def test_uneven_steps_of_the_scan():
    scan = decomposed_crystals()
    scan.axes_manager[0].convert_to_non_uniform_axis()
    clusters = scan.cluster_diffraction(print_info=False)
    assert clusters.aligned_loadings is None
    expected = clusters_of_crystals().loadings.data
    np.testing.assert_array_equal(clusters.loadings.data, expected)


def test_factors_and_loadings_are_not_changed():
    given = stack(masked(PATTERNS, wedge(20))), hs.signals.Signal2D(MAPS)
    before = [noted(signal) for signal in given]
    cluster_diffraction(*given, n_clusters=2, mirror=True, print_info=False)
    assert [noted(signal) for signal in given] == before


def test_clustering_changes_nothing_but_where_it_is_kept(scan):
    plain = decomposed_crystals()
    clustered_twice = scan.deepcopy()
    clustered_twice.cluster_diffraction(print_info=False)
    assert_same_clusters(get_clusters(clustered_twice), clusters_of_crystals())
    nodes.forget(clustered_twice, nodes.CLUSTERS)
    assert noted(clustered_twice) == noted(plain)
