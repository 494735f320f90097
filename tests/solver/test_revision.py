"""Components that would be noise give way to others, or are left empty."""

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from hspy_cnmf import ConstrainedNMF, data, get_result, structure_mask
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.revision import Revision, without_redundant


def components(n_components, seed, n_positions=60, n_pixels=40):
    """Return factors and loadings that none of the others span."""
    rng = np.random.default_rng(seed)
    factors = rng.random((n_components, n_pixels)) ** 4
    loadings = rng.random((n_components, n_positions)) ** 4
    return factors, loadings


def revision_of(matrix, n_components):
    keep = np.ones(len(matrix), bool), np.ones(matrix.shape[1], bool)
    operator = StreamedOperator(matrix, *keep)
    span = operator.span(random_patterns(30, matrix.shape[1], 0))
    return Revision(sketch(operator, span), n_components)


def map_correlations(loadings, true):
    rows = [m - m.mean(axis=1, keepdims=True) for m in (loadings, true)]
    rows = [m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1) for m in rows]
    table = rows[0] @ rows[1].T
    return table[linear_sum_assignment(-table)]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), n_components=st.integers(1, 5))
def test_components_that_all_explain_something_stay_as_they_are(seed, n_components):
    factors, loadings = components(n_components, seed)
    kept = without_redundant(factors, loadings, noise=0.0)
    assert kept[0] is factors and kept[1] is loadings


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1000),
    n_components=st.integers(2, 5),
    share=st.floats(0.1, 0.9),
    split_loading=st.booleans(),
)
def test_a_component_split_in_two_is_put_together(
    seed, n_components, share, split_loading
):
    whole = components(n_components, seed)
    same, shared = whole if split_loading else whole[::-1]
    parts = np.random.default_rng(seed).uniform(0.2, 0.8, shared.shape[1]) * share
    same = np.vstack([same, same[:1]])
    shared = np.vstack([shared, shared[:1] * (1 - parts)])
    shared[0] *= parts
    factors, loadings = (same, shared) if split_loading else (shared, same)
    model = whole[1].T @ whole[0]
    kept = without_redundant(factors, loadings, noise=1e-6 * np.sum(model**2))
    assert len(kept[0]) == n_components
    np.testing.assert_allclose(kept[1].T @ kept[0], model, atol=1e-3 * model.max())


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), n_components=st.integers(2, 5))
def test_leaving_out_costs_no_more_than_is_allowed(seed, n_components):
    factors, loadings = components(n_components, seed)
    model = loadings.T @ factors
    noise = 0.05 * np.sum(model**2)
    n_kept = None
    for _ in range(n_components):
        kept = without_redundant(factors, loadings, noise)
        n_left_out = n_components - len(kept[0])
        assert all((part >= 0).all() for part in kept)
        distance = np.linalg.norm(kept[1].T @ kept[0] - model)
        assert distance <= n_left_out * np.sqrt(2 * noise) + 1e-9
        assert n_kept is None or len(kept[0]) >= n_kept
        n_kept, noise = len(kept[0]), noise / 4


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_a_missing_component_is_found_in_what_is_left(missing):
    factors, loadings = components(4, 1)
    rng = np.random.default_rng(0)
    matrix = loadings.T @ factors + 0.01 * rng.random((60, 40))
    others = np.arange(4) != missing
    revise = revision_of(matrix, 4)
    kept = factors[others], loadings[others]
    assert len(revise(*kept, rng, search=False)[0]) == 3
    found, _ = revise(*kept, rng)
    assert len(found) == 4
    pattern = factors[missing]
    cosine = found[-1] @ pattern / np.linalg.norm(found[-1]) / np.linalg.norm(pattern)
    assert cosine > 0.9


def test_nothing_is_added_where_only_noise_is_left():
    factors, loadings = components(3, 2, 600, 400)
    rng = np.random.default_rng(0)
    matrix = loadings.T @ factors + 0.05 * rng.standard_normal((600, 400))
    found, _ = revision_of(matrix, 6)(factors, loadings, rng)
    assert len(found) == 3


def test_nothing_is_added_where_all_is_explained():
    factors, loadings = np.eye(3, 4), np.eye(3, 5)
    found, _ = revision_of(loadings.T @ factors, 4)(
        factors, loadings, np.random.default_rng(0)
    )
    assert len(found) == 3


@pytest.fixture(scope="module")
def four_phases():
    """A scan with its mask and its true maps."""
    signal, truth = data.four_phases(
        (24, 24), detector_shape=(64, 64), random_state=0, return_truth=True
    )
    return signal, structure_mask(signal), truth.loadings.data.reshape(4, -1)


@pytest.fixture(scope="module")
def correlations_of_true_patterns(four_phases):
    """Correlations with the truth of smoothed maps that fit the true patterns."""
    signal, mask, true = four_phases
    _, truth = data.four_phases(
        (24, 24), detector_shape=(64, 64), random_state=0, return_truth=True
    )
    fit = ConstrainedNMF()
    fit.components_ = truth.factors.data[:, ~mask.data]
    fit.n_features_in_ = fit.components_.shape[1]
    maps = fit.transform(signal.data[..., ~mask.data].reshape(576, -1) * 1.0).T
    smoothed = GaussianSmoothing()(maps.reshape(4, 24, 24)).reshape(4, -1)
    return map_correlations(smoothed, true)


def decomposed(case, n_components, **settings):
    signal, mask, _ = case
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        signal_mask=mask,
        random_state=0,
        print_info=False,
        **({"n_init": 4, "max_iter": 200} | settings),
    )
    return get_result(signal)


def spread(result):
    """Return the relative difference of the errors that the starts ended with."""
    last = result.error_history[np.arange(len(result.n_iter)), result.n_iter - 1]
    return np.ptp(last) / last.min()


@pytest.mark.parametrize("settings", [{}, {"normalize_poissonian_noise": True}])
@pytest.mark.parametrize("n_components", [6, 8, 12])
def test_too_many_components_give_what_the_right_number_gives(
    four_phases, correlations_of_true_patterns, n_components, settings
):
    right = decomposed(four_phases, 4, **settings)
    many = decomposed(four_phases, n_components, **settings)
    assert right.n_found == many.n_found == 4
    empty = slice(4, None)
    assert not np.nansum(many.factors[empty]) and not many.loadings[empty].any()
    assert map_correlations(many.loadings[:4], right.loadings).min() > 0.995
    # The matrix's map has as much noise as its true pattern would leave it.
    limits = np.minimum(0.97, correlations_of_true_patterns)
    assert (map_correlations(many.loadings, four_phases[2]) > limits).all()
    # Rings that crystals share with the matrix change the error a little.
    assert spread(many) < 2e-3
    assert f"4 components found, {n_components - 4} empty" in many.summary()


@pytest.mark.parametrize("n_components", [4, 6])
@pytest.mark.parametrize("normalised", [False, True])
def test_crystals_of_few_electrons_are_kept(normalised, n_components):
    signal = data.four_phases(
        (24, 24), detector_shape=(64, 64), dose=1000, random_state=0
    )
    case = signal, structure_mask(signal), None
    result = decomposed(
        case, n_components, normalize_poissonian_noise=normalised, n_init=2
    )
    assert result.n_found == 4


def test_every_start_finds_the_small_grain_of_silver():
    signal, truth = data.twinned_silver(random_state=0, return_truth=True)
    case = signal, structure_mask(signal), None
    result = decomposed(case, 6, n_init=6, max_iter=300)
    assert spread(result) < 1e-4
    true = truth.loadings.data.reshape(6, -1)
    assert map_correlations(result.loadings, true).min() > 0.96


def test_without_pruning_no_component_is_empty(four_phases):
    result = decomposed(four_phases, 8, prune=False, max_iter=60)
    assert result.n_found == 8 and "empty" not in result.summary()
    assert result.parameters["prune"] is False


def test_data_in_every_iteration_are_pruned_alike(four_phases):
    settings = {"n_init": 2, "max_iter": 120}
    sketched = decomposed(four_phases, 6, **settings)
    exact = decomposed(four_phases, 6, compression=None, **settings)
    assert exact.n_found == sketched.n_found == 4
    assert map_correlations(exact.loadings[:4], sketched.loadings).min() > 0.99


@pytest.mark.parametrize("prune", [None, "yes", 2])
def test_prune_is_true_or_false(prune):
    with pytest.raises(ValueError, match="prune must be True or False"):
        ConstrainedNMF(2, prune=prune).fit(np.ones((10, 8)))


def test_empty_components_survive_files_and_plots(four_phases, tmp_path):
    decomposed(four_phases, 6, n_init=1)
    signal = four_phases[0]
    signal.save(tmp_path / "scan.zspy")
    loaded = hs.load(tmp_path / "scan.zspy")
    assert get_result(loaded).n_found == 4
    loaded.plot_decomposition_results()
    model = loaded.get_decomposition_model()
    assert np.isfinite(model.data[..., ~four_phases[1].data]).all()


def test_empty_components_take_no_part_in_a_clustering(four_phases):
    decomposed(four_phases, 6, n_init=1)
    clusters = four_phases[0].cluster_diffraction(print_info=False)
    assert clusters.labels.data.shape == (4,)


def test_empty_components_are_not_to_be_looked_at_again(four_phases):
    decomposed(four_phases, 6, n_init=1)
    check = four_phases[0].check_components()
    assert len(check.table) == 4
