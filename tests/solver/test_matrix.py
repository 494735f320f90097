"""The matrix is taken out of crystals, where there is one and it is in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data, structure_mask
from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.solver.matrix import Matrix
from hspy_cnmf.solver.split_matrix import without_copies
from tests.helpers.matrices import (
    RADII,
    RINGS,
    crystals,
    halo,
    mixed,
    no_matrix,
    only_a_matrix,
    rings_of_their_own,
)


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(st.floats(0, 0.9), min_size=1, max_size=5),
    seed=st.integers(0, 100),
    scaled=st.booleans(),
)
def test_the_matrix_is_taken_out_and_nothing_is_lost(shares, seed, scaled):
    rng = np.random.default_rng(seed)
    factors, loadings, true_factors, true_loadings = mixed(shares, rng)
    scale = 0.5 + rng.random(RADII.size) if scaled else np.ones(RADII.size)
    matrix = Matrix(RINGS, scale if scaled else None)
    found, maps = matrix(factors / scale, loadings)
    np.testing.assert_allclose(found * scale, true_factors, atol=1e-12)
    np.testing.assert_allclose(maps, true_loadings, rtol=1e-9)
    again = matrix(found, maps)
    np.testing.assert_allclose(again[0], found, atol=1e-12)
    np.testing.assert_allclose(again[1], maps, rtol=1e-9)


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(st.floats(0.3, 0.8), min_size=1, max_size=4),
    seed=st.integers(0, 100),
)
def test_skirts_of_spots_do_not_hide_the_matrix(shares, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64] - 31.5
    radii, own = np.hypot(y, x), []
    for _ in shares:  # six spots each, whose skirts reach all around their ring
        turns = rng.uniform(0, np.pi / 3) + np.arange(6) * np.pi / 3
        distances = np.abs(
            np.subtract.outer(y + 1j * x, rng.uniform(11, 14) * np.exp(1j * turns))
        )
        own.append(np.exp(-(distances**2) / 3.4).sum(axis=-1).ravel())
    rings = (0.2 + sum(np.exp(-(((radii - r) / 4) ** 2)) for r in (12, 22))).ravel()
    true = np.array([rings, *own])
    true /= true.sum(axis=1, keepdims=True)
    share = np.array(shares)[:, np.newaxis]
    factors = np.vstack([true[0], (1 - share) * true[1:] + share * true[0]])
    matrix = Matrix(Rings.from_radii(radii.ravel()))
    found, _ = matrix(factors, rng.random((len(factors), 50)))
    np.testing.assert_allclose(found, true, atol=0.03 * true[1:].max())


def wide_spots(rng, size=64, width=1.6):
    """Return a lattice of spots whose skirts are in nearly all rings, of unit sum."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    turn, spacing = rng.uniform(0, np.pi / 2), rng.uniform(9, 14)
    pattern = np.zeros((size, size))
    for i, j in np.ndindex(9, 9):
        place = ((i - 4) + 1j * (j - 4)) * spacing * np.exp(1j * turn)
        if place:
            off = np.abs(x + 1j * y - place) / width
            bright = rng.uniform(0.2, 1) * np.exp(-abs(place) / 20)
            pattern += bright * np.exp(-(off**2) / 2)
    return pattern.ravel() / pattern.sum()


@settings(deadline=None, max_examples=10)
@given(
    shares=st.lists(st.floats(0.4, 0.7), min_size=2, max_size=4),
    seed=st.integers(0, 100),
)
def test_crystals_of_wide_spots_give_what_they_have_of_the_matrix(shares, seed):
    rng = np.random.default_rng(seed)
    radii = pixel_radii((64, 64), (31.5, 31.5)).ravel()
    rings = np.exp(-radii / 8) + np.exp(-(((radii - 16) / 4.5) ** 2))
    true = np.array([rings / rings.sum(), *(wide_spots(rng) for _ in shares)])
    share = np.array(shares)[:, np.newaxis]
    factors = np.vstack([true[:1], (1 - share) * true[1:] + share * true[0]])
    loadings = rng.random((len(factors), 50))
    matrix = Matrix(Rings.from_radii(radii))
    assert matrix.amorphous(factors, loadings).sum() == 1
    found, _ = matrix(factors, loadings)
    cosines = [
        one @ other / np.linalg.norm(one) / np.linalg.norm(other)
        for one, other in zip(found[1:], true[1:], strict=True)
    ]
    assert min(cosines) > 0.97


@settings(deadline=None, max_examples=10)
@given(share=st.floats(0.8, 0.88), seed=st.integers(0, 100))
def test_a_crystal_that_holds_most_of_the_matrix_is_no_second_phase(share, seed):
    rng = np.random.default_rng(seed)
    radii = pixel_radii((64, 64), (31.5, 31.5)).ravel()
    places = (16, 4.5), (22, 4)
    first, second = (np.exp(-(((radii - r) / w) ** 2)) for r, w in places)
    crystal = share * first / first.sum() + (1 - share) * wide_spots(rng)
    factors = np.array([first, second, crystal])
    factors /= factors.sum(axis=1, keepdims=True)
    noise = 0.1 * np.sqrt(factors.mean() * factors)
    factors += noise * rng.standard_normal(factors.shape)
    found = Matrix(Rings.from_radii(radii)).amorphous(factors, rng.random((3, 500)))
    np.testing.assert_array_equal(found, [True, True, False])


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100))
def test_the_order_of_components_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    factors, loadings, _, _ = mixed([0.2, 0.5, 0.8], rng)
    order = rng.permutation(4)
    ours = Matrix(RINGS)(factors, loadings)
    theirs = Matrix(RINGS)(factors[order], loadings[order])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(other, one[order], rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(
        st.tuples(st.floats(0, 0.45), st.floats(0, 0.45)), min_size=1, max_size=5
    ),
    seed=st.integers(0, 100),
)
def test_each_of_two_kinds_of_matrix_is_taken_out(shares, seed):
    rng = np.random.default_rng(seed)
    kinds, shares = np.stack([halo(6), halo(11)]), np.array(shares)
    spots, left = crystals(len(shares), rng), 1 - shares.sum(axis=1, keepdims=True)
    loadings = rng.random((2 + len(shares), 50))
    loadings[:2] += 10 * len(shares)
    factors = np.vstack([kinds, left * spots + shares @ kinds])
    given_maps = np.vstack([loadings[:2], loadings[2:] / left])
    given_maps[:2] -= shares.T @ given_maps[2:]
    found, maps = Matrix(RINGS)(factors, given_maps)
    np.testing.assert_allclose(found, np.vstack([kinds, spots]), atol=1e-4)
    np.testing.assert_allclose(maps, loadings, rtol=1e-2)


@settings(deadline=None, max_examples=25)
@given(share=st.floats(0.15, 0.3), seed=st.integers(0, 100))
def test_rings_full_of_spots_give_what_they_have(share, seed):
    rng = np.random.default_rng(seed)
    every = np.argsort(RINGS.order) + rng.integers(3, size=(2, 1))
    spots = np.where(every % 3 == 0, 1.0, 0.0)  # a third of each ring
    spots += 0.3 * rng.random((2, RINGS.n_rings))[:, RINGS.label]  # skirts of them
    spots /= spots.sum(axis=1, keepdims=True)
    factors = np.vstack([halo(8), (1 - share) * spots + share * halo(8)])
    found, _ = Matrix(RINGS)(factors, 1 + rng.random((3, 50)))
    before, after = (
        np.linalg.norm(f[1:] / np.linalg.norm(f[1:], axis=1, keepdims=True) - unit)
        for unit in [spots / np.linalg.norm(spots, axis=1, keepdims=True)]
        for f in (factors, found)
    )
    assert after < before


@pytest.mark.parametrize("make", [no_matrix, rings_of_their_own, only_a_matrix])
def test_otherwise_everything_stays_as_it_is(make):
    rng = np.random.default_rng(0)
    factors = make(rng)
    loadings = rng.random((len(factors), 50))
    found, maps = Matrix(RINGS)(factors, loadings)
    assert found is factors and maps is loadings


@pytest.fixture(scope="module")
def four_phases():
    """A scan with its mask and its true patterns where these take part."""
    signal, truth = data.four_phases(
        (24, 24), detector_shape=(64, 64), random_state=0, return_truth=True
    )
    mask = structure_mask(signal)
    return signal, mask, truth.factors.data[:, ~mask.data]


@pytest.mark.parametrize("normalize", [False, True])
def test_crystals_in_a_matrix_are_found_without_its_rings(four_phases, normalize):
    signal, mask, true = four_phases

    def result(matrix):
        found = signal.decomposition(
            algorithm="constrained_nmf",
            output_dimension=4,
            signal_mask=mask,
            normalize_poissonian_noise=normalize,
            matrix=matrix,
            n_init=2,
            random_state=0,
            print_info=False,
            return_info=True,
        )
        unit = found.factors / np.linalg.norm(found.factors, axis=1, keepdims=True)
        cosines = true @ unit.T / np.linalg.norm(true, axis=1, keepdims=True)
        return found, np.sort(cosines.max(axis=1))

    (pure, cosines), (as_found, before) = result("auto"), result(None)
    assert cosines[0] > 0.975 and cosines[-1] > 0.999
    assert before[0] < 0.8
    assert pure.error < 1.002 * as_found.error
    np.testing.assert_allclose(pure.factors.sum(axis=1), 1, rtol=1e-5)
    models = [r.loadings.T @ r.factors for r in (pure, as_found)]
    assert np.linalg.norm(models[0] - models[1]) < 0.02 * np.linalg.norm(models[1])


#: The direct beam, which holds most of the square norm of any pattern.
BEAM = np.exp(-((RADII / 1.5) ** 2)).ravel() / np.exp(-((RADII / 1.5) ** 2)).sum()


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(st.floats(0, 0.6), min_size=1, max_size=5),
    seed=st.integers(0, 100),
    bright=st.floats(0.2, 0.9),
)
def test_the_direct_beam_makes_no_matrix_of_crystals(shares, seed, bright):
    rng = np.random.default_rng(seed)
    factors, loadings, true, true_loadings = mixed(shares, rng)
    factors, true = (
        bright * BEAM + (1 - bright) * patterns for patterns in (factors, true)
    )
    blind = Matrix(RINGS)
    assert blind.amorphous(true, loadings).sum() >= 1
    matrix = Matrix.of_mean(RINGS, loadings.sum(axis=1) @ factors)
    assert matrix.n_beam > 1
    found, maps = matrix(factors, loadings)
    np.testing.assert_allclose(found, true, atol=1e-3)
    np.testing.assert_allclose(maps, true_loadings, rtol=0.01)
    kept = without_copies(matrix, true, true_loadings, np.inf)
    assert kept[0] is true and kept[1] is true_loadings


@pytest.mark.parametrize("radius", [3.2, 4, 7])
def test_what_a_mask_leaves_has_no_beam(radius):
    outside = RADII.ravel() > radius
    rings = Rings.from_radii(RADII.ravel()[outside])
    pattern = BEAM + halo(5) / 10
    assert Matrix.of_mean(RINGS, pattern).n_beam > 0
    steep = (pattern + np.exp(-RADII.ravel()))[outside]
    assert Matrix.of_mean(rings, steep).n_beam == 0


def test_what_a_stop_leaves_of_a_beam_is_no_structure():
    """Of its innermost ring only parts are left, which a mask takes as a whole."""
    row, column = np.indices(RADII.shape) - 15.5
    left = ((row > 3) | (np.abs(column) > 3)).ravel()
    rings = Rings.from_radii(RADII.ravel()[left])
    pattern = (BEAM + halo(5) / 100)[left]
    assert Matrix.of_mean(rings, pattern, beside_stop=True).n_beam > 0
    steep = (halo(5) / 10 + np.exp(-RADII.ravel() / 4))[left]
    assert Matrix.of_mean(rings, steep, beside_stop=True).n_beam == 0


@pytest.mark.parametrize("width", [0.9, 1.3])
def test_narrow_rings_are_rings_though_pixels_see_them_unevenly(width):
    wide, narrow = halo(11), np.exp(-0.5 * ((RADII - 7.4) / width) ** 2).ravel()
    films = np.vstack([wide, 0.1 * wide + 0.9 * narrow / narrow.sum()])
    spots = crystals(2, np.random.default_rng(0))
    factors, loadings = (
        np.vstack([films, spots]),
        np.random.default_rng(1).random((4, 50)),
    )
    found = Matrix(RINGS).amorphous(factors, loadings)
    np.testing.assert_array_equal(found, [True, True, False, False])
