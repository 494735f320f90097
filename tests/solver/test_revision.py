"""Components that would be noise give way to others, or are left empty."""

import hyperspy.api as hs
import numpy as np
import pytest

from benchmarks.few_electrons import scene
from hspy_cnmf import ConstrainedNMF, data, get_result, structure_mask
from hspy_cnmf.constraints import GaussianSmoothing
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.redundancy import without_redundant
from hspy_cnmf.solver.revision import Revision
from tests.helpers.maps import map_correlations


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


def test_what_is_in_one_scan_only_is_judged_by_its_noise():
    """In a long series, what stands out of one scan is lost in the noise of all."""
    rng = np.random.default_rng(0)
    factors, loadings = components(3, 1, n_positions=1200, n_pixels=120)
    loadings[2, 80:] = 0
    loadings[2] *= 11 / np.linalg.norm(loadings[2]) / np.linalg.norm(factors[2])
    counts = loadings.T @ factors + 0.3 * rng.standard_normal((1200, 120))
    scans = tuple(slice(i, i + 80) for i in range(0, 1200, 80))
    operator = StreamedOperator(counts, np.ones(1200, bool), np.ones(120, bool))
    of_all = sketch(operator, np.eye(120))
    alone, apart = Revision(of_all, 4), Revision(of_all, 4, scans=scans)
    kept = [
        len(without_redundant(factors, loadings, revision.noise)[0])
        for revision in (alone, apart)
    ]
    assert kept == [2, 3]
    assert apart.noise[0] == alone.noise[0] and len(apart.noise) == 1 + len(scans)


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


@pytest.mark.parametrize("falls", [0, 250])
def test_noise_in_few_pixels_is_noise_however_many_components_are_sought(falls):
    rng = np.random.default_rng(0)
    widths = np.exp(-np.arange(250) / falls / 2) if falls else np.ones(250)
    noise = rng.standard_normal((400, 250)) * widths
    strong = 30 * rng.random((400, 3)) @ rng.random((3, 250))
    operator = StreamedOperator(strong + noise, np.ones(400, bool), np.ones(250, bool))
    low_rank = sketch(operator, random_patterns(80, 250, 0))
    first = np.linalg.svd(noise, compute_uv=False)[0] ** 2
    told = [Revision(low_rank, n).strongest(n) / first for n in (3, 12, 20)]
    assert min(told) > 0.5 and max(told) < 1.1


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
    result = decomposed(case, 6, n_init=4, max_iter=300)
    assert spread(result) < 1e-4
    true = truth.loadings.data.reshape(6, -1)
    assert map_correlations(result.loadings, true).min() > 0.96


def test_crystals_that_have_yet_to_form_are_not_taken_for_the_film():
    signal, _, true = scene("wide", 3000, 0)
    signal = signal.rebin(scale=(1, 1, 4, 4))
    result = decomposed((signal, None, None), 7)
    assert map_correlations(result.loadings, true).min() > 0.95


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
