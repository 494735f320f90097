"""Laws of the similarity of patterns, whichever way they are turned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from hspy_cnmf import cluster_diffraction
from hspy_cnmf.patterns.similarity import (
    Comparison,
    Spectra,
    compare,
    compare_all,
    half_turn,
    refine,
)
from tests.helpers.clustering_cases import (
    CENTER,
    SHAPE,
    angle_between,
    calibrate,
    clustered,
    crystal,
    rings,
    stack,
)

LAW = settings(max_examples=20, deadline=None)
ANGLES = st.floats(-180, 180)
STACKS = arrays(float, (3, 2, 9), elements=st.floats(-4, 9).map(lambda v: round(v, 1)))
MASKS = arrays(bool, (3, 2, 9))


def spectra(values, known):
    return Spectra.from_structure(np.where(known, values, 0).astype(np.float32), known)


def of_overlap(first, second, known, seen):
    """Return the correlation of what both know, 0 where that is little of either.

    NaN where it is so near to the least part that rounding decides.
    """
    energies = [
        np.sum((pattern * mask) ** 2) / max(np.sum(pattern**2), 1e-30)
        for pattern, mask in ((first, seen), (second, known))
    ]
    if abs(min(energies) - 0.25) < 1e-3:
        return np.nan
    if min(energies) < 0.25:
        return 0.0
    norms = np.sum((first * seen) ** 2) * np.sum((second * known) ** 2)
    return np.sum(first * second) / np.sqrt(norms)


# --- correlation along the azimuth -------------------------------------------


@LAW
@given(STACKS, MASKS, st.booleans(), st.booleans())
def test_correlations_are_those_of_the_patterns_turned(values, known, whole, mirrored):
    known = known | whole
    values = np.where(known, values, 0)
    found = spectra(values, known)
    correlation = found.correlate(found, mirrored)
    assert (abs(correlation) <= 1).all()
    back = -np.arange(9) % 9 if mirrored else np.arange(9)
    for i, j, shift in np.ndindex(3, 3, 9):
        turn = [np.roll(v[j][:, back], shift, axis=1) for v in (values, known)]
        expected = of_overlap(values[i], turn[0], known[i], turn[1])
        if not np.isnan(expected):
            assert correlation[i, j, shift] == pytest.approx(expected, abs=2e-3)


@LAW
@given(STACKS, MASKS, st.booleans())
def test_pairs_are_compared_once_and_either_way(values, known, mirror):
    pairs = compare_all(spectra(values, known), mirror)
    assert (abs(pairs.similarity) <= 1).all()
    np.testing.assert_array_equal(pairs.similarity, pairs.similarity.T)
    np.testing.assert_array_equal(np.diag(pairs.similarity), 1)
    assert ((pairs.rotation > -180) & (pairs.rotation <= 180)).all()
    np.testing.assert_array_equal(pairs.mirrored, pairs.mirrored.T)
    assert mirror or not pairs.mirrored.any()
    back = np.where(pairs.mirrored, pairs.rotation, -pairs.rotation).T
    np.testing.assert_allclose(angle_between(pairs.rotation, back), 0, atol=1e-9)


@LAW
@given(STACKS, MASKS)
def test_mirror_images_may_only_add_to_the_similarity(values, known):
    found = spectra(values, known)
    one, both = compare(found, found), compare(found, found, mirror=True)
    assert (both.similarity >= one.similarity).all()
    np.testing.assert_array_equal(
        one.rotation[~both.mirrored], both.rotation[~both.mirrored]
    )


def test_rings_that_one_pattern_does_not_know_take_no_part():
    values = np.random.default_rng(0).normal(size=(1, 4, 36)).repeat(2, axis=0)
    known = np.ones(values.shape, bool)
    known[0, :2] = False
    pairs = compare_all(spectra(values, known))
    assert pairs.similarity[0, 1] == pytest.approx(1, abs=1e-5)
    split = compare(*(spectra(values[[k]], known[[k]]) for k in range(2)))
    assert split.similarity[0, 0] == pytest.approx(1, abs=1e-5)


@LAW
@given(ANGLES, st.floats(-1.5, 1.5), st.booleans())
def test_rotations_are_refined_to_the_peak_where_they_were_found(angle, off, mirror):
    """Not to another one, were it higher."""
    azimuth = np.deg2rad(np.arange(360))

    def lobe(turn):
        return np.exp(30 * (np.cos(azimuth - np.deg2rad(turn)) - 1))

    values = np.stack([lobe(angle) + 2 * lobe(angle + 120), lobe(0)])[:, None]
    both = spectra(values, np.ones(values.shape, bool))
    found = Comparison(
        similarity=np.ones((1, 1)),
        rotation=half_turn(np.full((1, 1), angle + off)),
        mirrored=np.full((1, 1), mirror),
    )
    refined = refine(both[[0]], both[[1]], found)
    assert angle_between(refined[0, 0], angle) < 0.02


def test_peaks_are_found_between_azimuths():
    azimuth = np.deg2rad(10 * np.arange(36))
    values = np.stack([np.cos(azimuth), np.cos(azimuth - np.deg2rad(5))])[:, None]
    pairs = compare_all(spectra(values, np.ones(values.shape, bool)))
    assert pairs.rotation[1, 0] == pytest.approx(5, abs=1e-3)
    # At azimuths the correlation is at most the cosine of 5 degrees, 0.9962.
    assert pairs.similarity[1, 0] == pytest.approx(1, abs=1e-4)


# --- patterns ----------------------------------------------------------------


@LAW
@given(ANGLES, ANGLES, st.booleans(), st.booleans())
def test_turned_and_mirrored_crystals_are_the_same(one, other, first, second):
    patterns = [crystal(1, one, first), crystal(1, other, second), crystal(0)]
    clusters = clustered(patterns, mirror=True, n_clusters=2)
    assert clusters.similarity.data[0, 1] > 0.99
    assert (clusters.similarity.data[:2, 2] < 0.4).all()
    assert clusters.mirrored.data[0, 1] == (first != second)
    expected = one + other if first != second else one - other
    assert angle_between(clusters.rotation.data[0, 1], expected) < 0.25
    assert clusters.labels.data.tolist() == [0, 0, 1]


def test_mirror_images_are_others_unless_asked_for():
    clusters = clustered([crystal(0), crystal(0, 30, mirrored=True)])
    assert clusters.similarity.data[0, 1] < 0.8
    assert not clusters.mirrored.data.any()


@pytest.mark.parametrize("n_azimuth", [90, 360, 500])
@pytest.mark.parametrize("angle", [-163.2, -45.37, 0.21, 77.77, 179.5])
def test_rotations_are_those_of_scipy(angle, n_azimuth):
    pattern = crystal(0, center=(24, 23), width=1.5)
    turned = ndimage.rotate(pattern, angle, reshape=False, order=3)
    clusters = clustered([pattern, turned], (24, 23), n_azimuth=n_azimuth)
    rotation = clusters.rotation.data
    # From the first, in the column, to the second, in the row.
    assert angle_between(rotation[1, 0], angle) < 0.25
    assert angle_between(rotation[0, 1], -angle) < 0.25


def test_turning_the_second_of_a_pair_gives_the_first():
    turns = [(0, False), (33.3, True), (-12.8, False), (170.1, True)]
    patterns = [crystal(2, *turn, width=2) for turn in turns]
    clusters = clustered(patterns, mirror=True)
    for i, j in np.ndindex(4, 4):
        rotation, mirrored = clusters.rotation.data[i, j], clusters.mirrored.data[i, j]
        turned = clusters.geometry.turn(patterns[j], rotation, mirrored)
        assert np.nanmax(abs(turned - patterns[i])) < 0.12


@pytest.mark.parametrize("scales", [(1e-12,) * 3, (1e12,) * 3, (1e-12, 1, 1e12)])
def test_the_scale_of_factors_does_not_matter(scales):
    rng = np.random.default_rng(0)
    patterns = [crystal(0) + rings(10), crystal(0, 40), crystal(1)]
    patterns = [pattern + 0.02 * rng.normal(size=SHAPE) for pattern in patterns]
    one = clustered(patterns)
    other = clustered([s * p for s, p in zip(scales, patterns, strict=True)])
    for name in ("similarity", "rotation"):
        expected, found = getattr(one, name).data, getattr(other, name).data
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert one.labels.data.tolist() == other.labels.data.tolist() == [0, 0, 1]


@pytest.mark.parametrize("height", [0.1, 0.25, 1.0])
def test_rings_hardly_matter_where_there_are_spots(height):
    glass = height * rings(11, width=3)
    patterns = [crystal(0), crystal(0, 40), crystal(1, 20)]
    without = clustered(patterns)
    one = clustered([patterns[0], patterns[1] + glass, patterns[2]])
    every = clustered([pattern + glass for pattern in patterns])
    for found in (one, every):
        assert angle_between(found.rotation.data[0, 1], -40) < 0.1
    assert every.similarity.data[0, 1] > 0.985
    if height <= 0.25:  # of the height of the spots
        change = one.similarity.data - without.similarity.data
        assert abs(change).max() < 0.04
        change = every.similarity.data - without.similarity.data
        assert abs(change).max() < 0.08
    untreated = clustered([p + glass for p in patterns], similarity="cross-correlation")
    assert (every.similarity.data <= untreated.similarity.data + 1e-6).all()


# --- distortion, noise, other measures ---------------------------------------


def test_elliptical_distortion_is_that_of_the_calibration():
    affine = np.array([[1.08, 0.05], [0.05, 0.95]])
    turns = (0, 17.3, -80.45, 133.4)
    signal = stack([crystal(0, turn, affine=affine, width=2) for turn in turns])
    undistorted = cluster_diffraction(signal, print_info=False).similarity.data
    assert undistorted.min() < 0.9
    # pyxem's matrix has its off-diagonal elements negated.
    signal.calibration.affine = [[1.08, -0.05, 0], [-0.05, 0.95, 0], [0, 0, 1]]
    clusters = cluster_diffraction(signal, print_info=False)
    assert clusters.similarity.data.min() > 0.99
    expected = np.subtract.outer(turns, turns)
    assert angle_between(clusters.rotation.data, expected).max() < 0.2
    assert clusters.factors.calibration.affine is not None


def test_noise_is_not_similar_and_does_not_make_dissimilar():
    rng = np.random.default_rng(0)
    glass = rings(11, width=3) + 0.3 * rings(19, width=2) + 0.02
    spots = crystal(0) / crystal(0).sum(), crystal(0, 40) / crystal(0).sum()
    glass = glass / glass.sum()
    expected = glass, glass, *[(glass + pattern) / 2 for pattern in spots]
    noisy = [rng.poisson(4000 * pattern) for pattern in expected]
    clusters = clustered(noisy)
    similarity = clusters.similarity.data
    assert similarity[0, 1] > 0.9
    assert similarity[2, 3] > 0.8
    assert similarity[:2, 2:].max() < 0.25
    assert angle_between(clusters.rotation.data[2, 3], -40) < 1
    # Without its threshold, noise makes amorphous patterns dissimilar.
    assert clustered(noisy, noise_threshold=0).similarity.data[0, 1] < 0.5


def test_cross_correlation_is_of_patterns_as_they_are():
    patterns = [crystal(k, 20 * k) + k * rings(11) for k in range(3)]
    clusters = clustered(patterns, similarity="cross-correlation", n_azimuth=120)
    polar = clusters.geometry.polar(patterns, 120, clusters.parameters["radii"])
    plain = polar.values * np.sqrt(polar.radii)[:, np.newaxis]
    known = polar.known
    for i, j in ((0, 1), (0, 2), (1, 2)):
        every = [
            of_overlap(plain[i], turned, known[i], seen)
            for turned, seen in (
                [np.roll(array[j], shift, axis=1) for array in (plain, known)]
                for shift in range(120)
            )
        ]
        # The peak may be between azimuths.
        found = clusters.similarity.data[i, j]
        assert found == pytest.approx(max(every), abs=2e-3)
        assert clusters.rotation.data[i, j] == pytest.approx(
            (3 * np.argmax(every) + 180) % 360 - 180, abs=1.5
        )


def test_measures_that_do_not_turn():
    patterns = np.random.default_rng(0).random((4, *SHAPE))
    patterns[2, 3, 4] = np.nan
    rows = np.delete(patterns.reshape(4, -1), 3 * SHAPE[1] + 4, axis=1)
    distance = euclidean_distances(rows)
    expected = {
        "cosine": cosine_similarity(rows),
        "euclidean": 1 - distance / distance.max(),
    }
    for similarity, matrix in expected.items():
        found = clustered(patterns, similarity=similarity, linkage="average")
        np.testing.assert_allclose(found.similarity.data, matrix, atol=1e-7)
        assert not found.rotation.data.any()


def test_estimated_centres_do_as_well():
    friedel = [crystal(0, 0) + crystal(0, 180), crystal(0, 70) + crystal(0, 250)]
    signal = stack([pattern + rings(11) for pattern in friedel])
    calibrate(signal, center=(0, 0))
    clusters = cluster_diffraction(signal, print_info=False)
    assert clusters.parameters["center"] == pytest.approx(CENTER, abs=0.3)
    given = cluster_diffraction(signal, center=CENTER, print_info=False)
    assert given.parameters["center"] == pytest.approx(CENTER)
    np.testing.assert_allclose(
        clusters.similarity.data, given.similarity.data, atol=0.03
    )
