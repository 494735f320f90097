"""A floor of rings is left out where the data contradict it, and only then."""

import numpy as np
import pytest
from pyxem.signals import Diffraction2D
from scipy.ndimage import gaussian_filter

import hspy_cnmf
from hspy_cnmf.constraints import RadialFloor
from hspy_cnmf.solver.floor import note_of

_Y, _X = np.indices((32, 32)) - 15.5
_PLACES = np.arange(-3, 4)


def _crystal(rng, radius):
    """Return a pattern of discs on a lattice, which overlap where they are large."""
    turn, between = rng.uniform(0, np.pi), rng.uniform(np.pi / 3, np.pi / 2)
    basis = 7 * np.exp(1j * np.array([turn, turn + between]))
    pattern = np.zeros(_X.shape)
    for h in _PLACES:
        for k in _PLACES:
            off = np.abs(_X + 1j * _Y - h * basis[0] - k * basis[1])
            height = rng.gamma(2) * np.exp(-np.hypot(h, k) / 2)
            pattern += height / (1 + np.exp(np.minimum(3 * (off - radius), 50)))
    return pattern / pattern.sum()


def _decomposed(patterns, maps, **settings):
    mean = 3000 * np.tensordot(maps, patterns, axes=(0, 0))
    counts = np.random.default_rng(1).poisson(mean).astype(np.uint16)
    signal = Diffraction2D(counts)
    for axis in signal.axes_manager.signal_axes:
        axis.offset = -15.5
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=len(maps),
        n_init=2,
        random_state=0,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    return signal


def _grains(n):
    parts = np.minimum(np.arange(20) * n // 20, n - 1)
    grains = [np.tile(parts == k, (18, 1)).astype(float) for k in range(n)]
    return gaussian_filter(np.array(grains), (0, 0.8, 0.8))


def _worst_map(signal, maps):
    """Return the lowest correlation of a true map with the nearest one found."""
    n, found = len(maps), signal.learning_results.loadings.T
    return np.corrcoef(found, maps.reshape(n, -1))[:n, n:].max(axis=0).min()


@pytest.fixture(scope="module")
def overlapping_discs():
    rng = np.random.default_rng(3)
    return np.array([_crystal(rng, 5) for _ in range(3)]), _grains(3)


def test_no_floor_where_discs_fill_the_rings(overlapping_discs):
    patterns, maps = overlapping_discs
    signal = _decomposed(patterns, maps)
    result = hspy_cnmf.get_result(signal)

    assert result.parameters["floor_left_out"]
    assert "without the floor" in result.summary()
    free = _decomposed(patterns, maps, factor_constraint=None, matrix=None)
    likeness, without = (_worst_map(one, maps) for one in (signal, free))
    assert likeness > max(0.9, without - 0.002)


def test_a_floor_that_is_asked_for_stays(overlapping_discs):
    floor = RadialFloor(center=(15.5, 15.5))
    signal = _decomposed(*overlapping_discs, factor_constraint=floor)

    assert "floor_left_out" not in hspy_cnmf.get_result(signal).parameters


def test_a_matrix_has_its_floor():
    rng = np.random.default_rng(3)
    halo = np.exp(-0.5 * ((np.hypot(_Y, _X) - 7) / 2) ** 2)
    patterns = [halo / halo.sum(), _crystal(rng, 1), _crystal(rng, 1)]
    maps = np.concatenate([np.ones((1, 18, 20)), 0.5 * _grains(3)[:2]])

    result = hspy_cnmf.get_result(_decomposed(np.array(patterns), maps))

    assert note_of(result.parameters) == ""


def test_doubt_is_said_in_words():
    assert "factor_constraint=None" in note_of({"most_like_rings": True})
    assert note_of({"most_like_rings": False}) == ""


@pytest.mark.parametrize("seed", [3, 6])
def test_half_of_the_patterns_like_rings_may_be_discs(seed):
    """With a floor and a matrix maps have correlations of 0.945 and 0.757."""
    rng = np.random.default_rng(seed)
    patterns, maps = np.array([_crystal(rng, 4) for _ in range(4)]), _grains(4)
    signal = _decomposed(patterns, maps)
    assert hspy_cnmf.get_result(signal).parameters["floor_left_out"]
    assert _worst_map(signal, maps) > 0.99


def test_many_patterns_like_rings_are_no_matrix():
    """Patterns share most pixels, so that smoothed maps are no help but as weights."""
    rng = np.random.default_rng(4)
    patterns, maps = np.array([_crystal(rng, 7) for _ in range(4)]), _grains(4)
    signal = _decomposed(patterns, maps)
    parameters = hspy_cnmf.get_result(signal).parameters
    assert parameters["matrix"] is None and parameters["smoothing_weighted"]
    free = _decomposed(patterns, maps, factor_constraint=None, matrix=None)
    assert _worst_map(signal, maps) > max(0.97, _worst_map(free, maps))


@pytest.mark.parametrize("n_films", [1, 2])
def test_films_stay_a_matrix(n_films):
    rng = np.random.default_rng(3)
    radii = np.hypot(_Y, _X)
    halos = [np.exp(-0.5 * ((radii - r) / 2) ** 2) for r in (7, 11)[:n_films]]
    patterns = [*(halo / halo.sum() for halo in halos), _crystal(rng, 1)]
    films = np.array([np.ones((18, 20)), np.linspace(0, 1, 360).reshape(18, 20)])
    maps = np.concatenate([films[:n_films], 0.5 * _grains(3)[:1]])
    signal = _decomposed(np.array(patterns), maps)
    assert hspy_cnmf.get_result(signal).parameters["matrix"] == "auto"


def test_of_one_pattern_nothing_is_said():
    halo = np.exp(-0.5 * ((np.hypot(_Y, _X) - 7) / 2) ** 2)
    result = hspy_cnmf.get_result(_decomposed(halo[np.newaxis], np.ones((1, 18, 20))))
    assert note_of(result.parameters) == ""
