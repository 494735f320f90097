"""Laws of weights that the data decide on, and what they bring."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyxem.signals import Diffraction2D

import hspy_cnmf
from hspy_cnmf import data, get_result
from hspy_cnmf.decomposition.weights import (
    ends_with_equal_weights,
    normalizes,
    tells_most,
    unevenness,
    weight_note,
)
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.range_finder import sketch_from
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.problem import Problem
from tests.helpers.maps import map_correlations

SETTINGS = {
    "algorithm": "constrained_nmf",
    "random_state": 0,
    "n_init": 2,
    "print_info": False,
    "show_progressbar": False,
}


@pytest.fixture(scope="module")
def film():
    signal, truth = data.crystallised_film(
        (24, 24), dose=1000, random_state=0, return_truth=True
    )
    labels = truth.labels.data.ravel()
    return signal, np.array([labels == k for k in np.unique(labels)], dtype=float)


def _decomposed(film, *args, factor=1, **arguments):
    signal, true = film
    signal = signal.deepcopy()
    if factor != 1:
        signal.change_dtype(np.float32)
        signal.data *= factor
    signal.decomposition(*args, output_dimension=6, **SETTINGS, **arguments)
    return signal, map_correlations(signal.learning_results.loadings.T, true)


@pytest.mark.parametrize("factor", [1, 0.37])
def test_weights_find_what_the_direct_beam_hides(film, factor):
    signal, found = _decomposed(film, factor=factor)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "was normalised" in said and "structure_mask" in said
    assert signal.learning_results.poissonian_noise_normalized
    assert get_result(signal).parameters["normalize_poissonian_noise"] is True
    assert found.min() > 0.65


@pytest.mark.parametrize("by", ["place", "name"])
def test_an_answer_is_followed(film, by):
    args, named = ((False,), {}) if by == "place" else ((), {})
    if by == "name":
        named = {"normalize_poissonian_noise": False}
    signal, missed = _decomposed(film, *args, **named)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "normalize_poissonian_noise=True" in said
    assert not signal.learning_results.poissonian_noise_normalized
    assert missed.max() < 0.4


def test_asking_for_what_the_data_decide_changes_nothing(film):
    chosen, _ = _decomposed(film)
    asked, _ = _decomposed(film, normalize_poissonian_noise=True)
    ours, theirs = chosen.learning_results, asked.learning_results
    np.testing.assert_array_equal(ours.factors, theirs.factors)
    np.testing.assert_array_equal(ours.loadings, theirs.loadings)
    assert not any("bright pixels" in note for note in get_result(asked).notes)


def test_a_mask_of_the_beam_leaves_equal_weights(film):
    mask = hspy_cnmf.structure_mask(film[0])
    signal, _ = _decomposed(film, signal_mask=mask)
    assert not signal.learning_results.poissonian_noise_normalized
    assert not any("bright pixels" in note for note in get_result(signal).notes)


def test_a_kept_sketch_has_decided(film):
    signal = film[0].deepcopy()
    sketch = hspy_cnmf.make_sketch(signal, random_state=0)
    assert sketch.normalized
    signal.decomposition(output_dimension=6, sketch=sketch, **SETTINGS)
    assert signal.learning_results.poissonian_noise_normalized
    with pytest.raises(ValueError, match="normalize_poissonian_noise is True"):
        signal.decomposition(
            output_dimension=6,
            sketch=sketch,
            normalize_poissonian_noise=False,
            **SETTINGS,
        )


def test_a_note_tells_what_a_kept_sketch_did(film):
    signal = film[0].deepcopy()
    sketch = hspy_cnmf.make_sketch(
        signal, random_state=0, normalize_poissonian_noise=False
    )
    signal.decomposition(output_dimension=6, sketch=sketch, **SETTINGS)
    (said,) = [note for note in get_result(signal).notes if "bright pixels" in note]
    assert "normalize_poissonian_noise=True" in said and "was normalised" not in said
    assert not signal.learning_results.poissonian_noise_normalized


def test_maps_of_known_factors_are_weighted_as_these_were(film):
    source, _ = _decomposed(film)
    scan = film[0].deepcopy()
    hspy_cnmf.apply_factors(scan, source, print_info=False)
    assert scan.learning_results.poissonian_noise_normalized


#: Crystals of the dim half of a scan.
DIM_ONES = [2, 4, 6, 8]


def test_the_direct_beam_is_one_of_images():
    spectrum = np.array([100.0, *np.full(63, 0.1)])
    for pattern in (spectrum, spectrum.reshape(8, 8)):
        assert normalizes(None, pattern)
        for wanted in (None, False):
            note = weight_note(wanted, normalizes(wanted, pattern), pattern)
            assert ("direct beam" in note) == (pattern.ndim == 2)
        assert weight_note(True, True, pattern) == ""


def test_the_data_decide_nothing_that_was_asked_for_or_is_not_known():
    hidden = np.array([100.0, *np.full(30, 0.1)])
    assert normalizes(True, hidden) and not normalizes(False, hidden)
    even = np.ones(31)
    assert not normalizes(None, even) and weight_note(None, False, even) == ""


def test_patterns_end_with_equal_weights_where_spots_were_normalised_unasked():
    spots = np.full((20, 20), 0.1)
    spots[4::6, 4::6] = 100
    beam = np.full((20, 20), 0.1)
    beam[9:12, 9:12] = 100
    assert ends_with_equal_weights(None, True, spots)
    assert not ends_with_equal_weights(True, True, spots)
    assert not ends_with_equal_weights(None, False, spots)
    assert not ends_with_equal_weights(None, True, beam)
    said = weight_note(None, True, spots)
    assert "equal weights throughout" in said and "direct beam" not in said


# --- positions that differ in brightness -------------------------------------


@given(
    arrays(float, (2, 5), elements=st.floats(100, 1000)),
    st.floats(0.01, 100),
    st.integers(0, 30),
)
def test_unevenness_is_of_ratios_and_not_of_a_vacuum(sums, factor, n_vacuum):
    found = unevenness(sums[0])
    assert found >= 1 - 1e-12
    np.testing.assert_allclose(unevenness(factor * sums[0]), found)
    np.testing.assert_allclose(unevenness(np.full(4, factor)), 1)
    blank = np.concatenate([sums[0], np.zeros(n_vacuum)])
    np.testing.assert_allclose(unevenness(blank), found)


def _told(counts, n_components, shape=(20, 30, 20, 20)):
    """Return the weights that are chosen for counts, shape (positions, pixels)."""
    keep = np.ones(shape[:2], bool), np.ones(shape[2:], bool)
    operator = StreamedOperator(counts.reshape(shape).astype(float), *keep)
    _, _, v = np.linalg.svd(counts.astype(float), full_matrices=False)
    estimator = ConstrainedNMF(n_components, loading_constraint=None)
    problem = Problem.of(operator, estimator, sketch=sketch_from(operator, v[:30]))
    sums = [counts.sum(axis=axis, dtype=float) for axis in (1, 0)]
    return tells_most(problem, v[:30], Inspection(*sums))[1]


def test_weights_are_those_with_which_most_components_stand_out():
    rng = np.random.default_rng(0)
    bright = np.zeros(400)
    bright[:20] = 1 / 20
    weak, dim_one = (np.roll(bright, n) for n in (100, 200))
    maps = np.zeros((3, 600))
    maps[0] = 400.0
    assert _told(rng.poisson(maps.T @ [bright, weak, dim_one]), 3) == "equal"
    # Weak beside the noise of bright pixels, where all weigh the same.
    maps[1, ::3] = 12.0
    assert _told(rng.poisson(maps.T @ [bright, weak, dim_one]), 3) == "normalised"
    # No more than one is sought.
    assert _told(rng.poisson(maps.T @ [bright, weak, dim_one]), 1) == "equal"


def test_particles_in_a_vacuum_weigh_the_same():
    rng = np.random.default_rng(5)
    background = np.exp(-np.arange(576) / 150)
    spots = np.zeros((4, 576))
    for pattern in spots:
        pattern[rng.choice(576, 12, replace=False)] = 1
    maps = np.zeros((4, 20, 24))
    for k, particle in enumerate(maps):
        particle[5 * k : 5 * k + 4, 6 * k : 6 * k + 4] = 1
    mean = maps.reshape(4, -1).T @ (20.0 * spots)
    counts = rng.poisson(mean + 0.4 * background + 0.02)
    assert unevenness(counts.sum(axis=1)) > 1.2
    assert _told(counts, 4, (20, 24, 24, 24)) == "equal"


@pytest.fixture(scope="module", params=[20, 24])
def uneven(request):
    """Two scans of the same film in one, of which one has a tenth of the counts.

    Sketches are refined where pixels are more than positions.
    """
    rng = np.random.default_rng(3)
    side = request.param
    rings = rng.uniform(0.3, 0.6, side**2)
    crystals = np.zeros((8, side**2))
    for pattern in crystals:
        pattern[rng.choice(side**2, 12, replace=False)] = 6.0
    patterns = np.vstack([rings, crystals])
    maps = np.zeros((9, 20, 24))
    maps[0] = 1
    for k in range(8):
        row, column = 5 * (k // 2), 12 * (k % 2) + 3 * (k // 4)
        maps[k + 1, row : row + 4, column + 1 : column + 5] = 1
    maps *= np.repeat([8.0, 0.8], 12)
    mean = np.einsum("kyx,kq->yxq", maps, patterns)
    return rng.poisson(mean).reshape(20, 24, side, side), maps.reshape(9, -1)


def _scan(uneven):
    return Diffraction2D(uneven[0].copy())


def test_lazy_counts_get_the_same_weights(uneven):
    settings = SETTINGS | {"output_dimension": 9, "n_init": 1, "max_iter": 30}
    eager, lazy = _scan(uneven), _scan(uneven).as_lazy()
    lazy.data = lazy.data.rechunk((7, 24, -1, -1))
    for scan in (eager, lazy):
        scan.decomposition(**settings, factor_constraint=None)
        assert get_result(scan).parameters["weights"] == "normalised"
    ours, theirs = eager.learning_results, lazy.learning_results
    np.testing.assert_allclose(ours.loadings, theirs.loadings, rtol=1e-2, atol=1)


def test_what_only_dim_positions_hold_is_found(uneven):
    found = {}
    for wanted in ("auto", False):
        scan = _scan(uneven)
        scan.decomposition(
            output_dimension=9,
            **SETTINGS,
            factor_constraint=None,
            normalize_poissonian_noise=wanted,
        )
        maps = (scan.learning_results.loadings.T, uneven[1][DIM_ONES])
        dim = [m.reshape(-1, 20, 24)[:, :, 12:].reshape(len(m), -1) for m in maps]
        found[wanted] = np.sort(map_correlations(*dim))[-len(DIM_ONES) :]
        said = [note for note in get_result(scan).notes if "stand out" in note]
        assert len(said) == (wanted == "auto")
    assert found["auto"].min() > 0.9
    assert found[False].min() < 0.8


def test_the_gain_is_that_of_counts(uneven):
    scan = _scan(uneven)
    scan.decomposition(output_dimension=9, **SETTINGS, factor_constraint=None)
    assert get_result(scan).parameters["weights"] == "normalised"
    assert get_result(scan).gain == pytest.approx(1, abs=0.1)


def test_a_kept_sketch_knows_its_weights(uneven, tmp_path):
    scan, path = _scan(uneven), tmp_path / "a.sketch"
    settings = SETTINGS | {"output_dimension": 9, "factor_constraint": None}
    scan.decomposition(**settings, sketch=path)
    first = scan.learning_results.loadings.copy()
    sketch = hspy_cnmf.Sketch.load(path)
    assert sketch.weights == "normalised"
    again = _scan(uneven)
    again.decomposition(**settings, sketch=path)
    np.testing.assert_array_equal(again.learning_results.loadings, first)
    with pytest.raises(ValueError, match="noise is True, here False"):
        again.decomposition(**settings, sketch=path, normalize_poissonian_noise=False)


def test_the_scan_of_numbers_knows_the_noise_of_weighted_positions(uneven):
    scan = hspy_cnmf.scan_output_dimension(
        _scan(uneven),
        range(7, 11),
        factor_constraint=None,
        n_init=1,
        random_state=0,
        show_progressbar=False,
        print_info=False,
    )
    assert scan.parameters["weights"] == "normalised"
    floor, error = (signal.data[2] for signal in (scan.noise_floor, scan.pca_error))
    assert floor == pytest.approx(error, rel=0.1)


@pytest.fixture(scope="module")
def precipitates():
    """A crystal with precipitates, whose bright spots hide these."""
    (scan,), truth = data.precipitation_series(
        ((36, 36),), transient=0, random_state=6, return_truth=True
    )
    mask = hspy_cnmf.structure_mask(scan)
    return scan, mask, truth.factors.data.reshape(len(truth.names), -1)


def _patterns(precipitates, scan, **arguments):
    """Return factors, and their lowest cosine to the true ones."""
    _, mask, true = precipitates
    scan.decomposition(output_dimension=7, signal_mask=mask, **SETTINGS, **arguments)
    known = ~mask.data.ravel()
    found = np.nan_to_num(scan.learning_results.factors[known].T)
    one, other = true[:, known], found[found.any(axis=1)]
    alike = (one @ other.T).T / np.linalg.norm(one, axis=1)
    alike = alike.T / np.linalg.norm(other, axis=1)
    return found, alike.max(axis=1).min()


def test_a_crystal_everywhere_is_not_left_in_the_patterns_of_others(precipitates):
    scan = precipitates[0].deepcopy()
    _, weighted = _patterns(precipitates, scan, normalize_poissonian_noise=True)
    assert "equal_weights" not in get_result(scan).parameters
    _, default = _patterns(precipitates, scan)
    assert get_result(scan).parameters["equal_weights"]
    assert scan.learning_results.poissonian_noise_normalized
    assert weighted + 0.1 < default
    assert default > 0.9
    (said,) = [note for note in get_result(scan).notes if "bright spots" in note]
    assert "not in the patterns" in said


def test_lazy_patterns_end_with_equal_weights_as_eager_ones_do(precipitates):
    eager, lazy = precipitates[0].deepcopy(), precipitates[0].as_lazy()
    lazy.rechunk(nav_chunks=11)
    ours, _ = _patterns(precipitates, eager)
    theirs, _ = _patterns(precipitates, lazy)
    assert get_result(lazy).parameters["equal_weights"]
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * ours.max())
