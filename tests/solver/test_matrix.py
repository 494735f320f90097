"""The matrix is taken out of crystals, where there is one and it is in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import data, structure_mask
from hspy_cnmf.constraints.rings import Rings, pixel_radii
from hspy_cnmf.solver.fixed import Held
from hspy_cnmf.solver.matrix import Matrix

RADII = pixel_radii((32, 32), (15.5, 15.5))
RINGS = Rings.from_radii(RADII.ravel())


def halo(radius):
    """Return the unit-sum pattern of an amorphous phase."""
    pattern = (0.1 + np.exp(-(((RADII - radius) / 3) ** 2))).ravel()
    return pattern / pattern.sum()


def crystals(n, rng):
    """Return unit-sum patterns of a few spots each."""
    patterns = np.zeros((n, RADII.size))
    for pattern in patterns:
        places = rng.choice(np.flatnonzero(RADII > 4), 12, replace=False)
        pattern[places] = 1 + rng.random(12)
    return patterns / patterns.sum(axis=1, keepdims=True)


def mixed(shares, rng, matrix=None):
    """Return factors that hold shares of a matrix, the loadings, and true ones."""
    matrix = halo(8) if matrix is None else matrix
    true = np.vstack([matrix, crystals(len(shares), rng)])
    loadings = rng.random((len(true), 50))
    loadings[0] += len(true)
    shares = np.array(shares)[:, np.newaxis]
    factors = np.vstack([matrix, (1 - shares) * true[1:] + shares * matrix])
    given = loadings.copy()
    given[1:] /= 1 - shares
    given[0] -= (shares * given[1:]).sum(axis=0)
    return factors, given, true, loadings


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


def no_matrix(rng):
    return crystals(3, rng)


def two_matrices(rng):
    return np.vstack([mixed([0.5, 0.5], rng)[0], halo(12)])


def rings_of_their_own(rng):
    """Crystals that have diffuse scattering, but not that of the support."""
    spots = crystals(3, rng)
    own = np.stack([halo(radius) for radius in (4, 6, 12)])
    return np.vstack([halo(8), 0.5 * spots + 0.5 * own])


def only_a_matrix(rng):
    return np.vstack([halo(8), np.zeros(RADII.size)])


@pytest.mark.parametrize("make", [no_matrix, rings_of_their_own, only_a_matrix])
def test_otherwise_everything_stays_as_it_is(make):
    rng = np.random.default_rng(0)
    factors = make(rng)
    loadings = rng.random((len(factors), 50))
    found, maps = Matrix(RINGS)(factors, loadings)
    assert found is factors and maps is loadings


@settings(deadline=None, max_examples=25)
@given(
    shares=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=3),
    noise=st.floats(0, 0.02),
    held=st.booleans(),
    seed=st.integers(0, 100),
)
def test_copies_of_the_matrix_go_back_into_it(shares, noise, held, seed):
    rng = np.random.default_rng(seed)
    true = np.vstack([halo(8), crystals(3, rng)])
    loadings = rng.random((4, 50))
    loadings[0] += 4
    parts = np.array([1.0, *shares]) / (1 + sum(shares))
    # Parts of the matrix follow other maps.
    maps = (
        parts[:, np.newaxis] * loadings[0] * (0.9 + 0.2 * rng.random((len(parts), 50)))
    )
    copies = halo(8) * (1 + noise * rng.standard_normal((len(shares), RADII.size)))
    factors = np.vstack([true[0], copies, true[1:]])
    given = np.vstack([maps, loadings[1:]])
    matrix = Matrix(RINGS, held=Held(int(held), 0))
    found, own = matrix.without_copies(factors, given, np.inf)
    kept = [0, *range(len(parts), len(factors))]
    if not held:
        kept[0] = int(np.argmax(np.linalg.norm(maps, axis=1)))
    np.testing.assert_array_equal(found, factors[kept])
    np.testing.assert_allclose(own.sum(axis=0), given.sum(axis=0))
    assert matrix.without_copies(found, own, np.inf)[0] is found


def test_crystals_on_a_level_of_all_patterns_are_no_copies():
    rng = np.random.default_rng(0)
    factors = np.vstack([halo(8), crystals(3, rng)]) + 1.0
    factors /= factors.sum(axis=1, keepdims=True)
    loadings = rng.random((4, 50))
    matrix, noise = Matrix(RINGS), 1e-6 * np.square(loadings.T @ factors).sum()
    merged, _ = matrix.without_copies(factors, loadings, np.inf)
    kept, maps = matrix.without_copies(factors, loadings, noise)
    assert len(merged) < 4 and kept is factors and maps is loadings


@pytest.mark.parametrize(
    "make", [no_matrix, two_matrices, rings_of_their_own, only_a_matrix]
)
def test_what_is_no_copy_stays(make):
    rng = np.random.default_rng(0)
    factors = make(rng)
    loadings = rng.random((len(factors), 50))
    found, maps = Matrix(RINGS).without_copies(factors, loadings, np.inf)
    assert found is factors and maps is loadings


def split(rng, second_map):
    """Return a matrix and crystals in it, whose matrix is split into two patterns.

    Crystals hold shares of both; `second_map` is what the second has beyond these.
    """
    parts = np.stack([halo(8), halo(10)])
    spots = crystals(4, rng)
    loadings = rng.random((4, 50))
    shares = 0.2 + 0.2 * rng.random((2, 4))
    factors = np.vstack([parts, spots + shares.T @ parts])
    matrix = 4 + rng.random(50)
    maps = np.stack([3 * matrix, second_map(matrix)]) - shares @ loadings
    return factors, np.vstack([maps, loadings]), spots


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100), scaled=st.booleans())
def test_amorphous_parts_of_one_map_are_put_together(seed, scaled):
    rng = np.random.default_rng(seed)
    factors, loadings, spots = split(rng, lambda matrix: matrix)
    scale = 0.5 + rng.random(RADII.size) if scaled else np.ones(RADII.size)
    matrix = Matrix(RINGS, scale if scaled else None)
    found, maps = matrix.put_together(factors / scale, loadings, least=1e-6)
    assert len(found) == len(factors) - 1
    np.testing.assert_allclose(maps.T @ found * scale, loadings.T @ factors, rtol=5e-3)
    np.testing.assert_allclose(found[1:] * scale, spots, atol=1e-4)
    assert matrix.put_together(found, maps, least=1e-6)[0] is found


def test_amorphous_parts_of_two_maps_stay():
    rng = np.random.default_rng(0)
    factors, loadings, _ = split(rng, lambda matrix: 2 + 3 * rng.random(50))
    found, maps = Matrix(RINGS).put_together(factors, loadings, least=1e-4)
    assert found is factors and maps is loadings


@pytest.mark.parametrize(
    "make", [no_matrix, two_matrices, rings_of_their_own, only_a_matrix]
)
def test_what_is_not_split_stays(make):
    rng = np.random.default_rng(0)
    factors = make(rng)
    loadings = rng.random((len(factors), 50))
    found, maps = Matrix(RINGS).put_together(factors, loadings, least=1e-6)
    assert found is factors and maps is loadings


def test_what_is_known_is_not_put_together():
    factors, loadings, _ = split(np.random.default_rng(0), lambda matrix: matrix)
    known = Matrix(RINGS, held=Held(1, 0))
    assert known.put_together(factors, loadings, least=1.0)[0] is factors


def test_a_map_of_the_matrix_that_is_known_takes_nothing_up():
    factors, loadings = np.stack([halo(8), halo(8)]), np.ones((2, 50))
    found, _ = Matrix(RINGS, held=Held(0, 1)).without_copies(factors, loadings, np.inf)
    assert found is factors


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
    kept = matrix.without_copies(true, true_loadings, np.inf)
    assert kept[0] is true and kept[1] is true_loadings


@pytest.mark.parametrize("radius", [3.2, 4, 7])
def test_what_a_mask_leaves_has_no_beam(radius):
    outside = RADII.ravel() > radius
    rings = Rings.from_radii(RADII.ravel()[outside])
    pattern = BEAM + halo(5) / 10
    assert Matrix.of_mean(RINGS, pattern).n_beam > 0
    steep = (pattern + np.exp(-RADII.ravel()))[outside]
    assert Matrix.of_mean(rings, steep).n_beam == 0
