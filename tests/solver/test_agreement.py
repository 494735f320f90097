"""Agreement of starts: found again or not, beside each component, saved and loaded."""

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF, get_result, plot_components, structure_mask
from hspy_cnmf.data import four_phases
from hspy_cnmf.solver import following
from hspy_cnmf.solver.agreement import agreement_with
from hspy_cnmf.solver.result import SAME
from tests.conftest import QUICK

STARTS = QUICK | {"n_init": 4, "max_iter": 30, "prune": False}


def factors_of(seed, n=4, n_pixels=9):
    return np.random.default_rng(seed).random((n, n_pixels))


def cosines(one, other):
    norms = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(other, axis=1)
    return one @ other.T / norms


# --- the matching --------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.permutations(range(4)), st.floats(0.1, 10))
def test_order_and_scale_of_a_start_do_not_matter(seed, order, scale):
    best, other = factors_of(seed), factors_of(seed + 1)
    expected = agreement_with(0, [best, other])
    assert ((expected >= 0) & (expected <= 1)).all()
    np.testing.assert_allclose(
        agreement_with(0, [best, scale * other[list(order)]]), expected, atol=1e-12
    )
    same = agreement_with(1, [best[list(order)], scale * best])
    np.testing.assert_allclose(same, 1, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.permutations(range(4)))
def test_agreement_follows_the_order_of_the_best_start(seed, order):
    best, other = factors_of(seed), factors_of(seed + 1)
    expected = agreement_with(0, [best, other])[:, list(order)]
    permuted = agreement_with(0, [best[list(order)], other])
    np.testing.assert_allclose(permuted, expected, atol=1e-12)


def test_each_component_has_a_partner_of_its_own():
    # Both factors of the best start are nearest to the first of the other.
    best = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0]])
    other = np.array([[1.0, 0.1, 0.0], [0.5, 0.0, 1.0]])
    found = agreement_with(0, [best, other])
    pairs = cosines(best, other)
    expected = max((pairs[0, 0], pairs[1, 1]), (pairs[0, 1], pairs[1, 0]), key=sum)
    np.testing.assert_allclose(found, [[1, 1], expected])


def test_an_empty_component_agrees_with_nothing():
    best, other = factors_of(0), factors_of(0)
    other[2] = 0
    assert agreement_with(0, [best, other])[1].tolist() == pytest.approx([1, 1, 0, 1])
    found = agreement_with(1, [best, other])
    assert np.isnan(found[:, 2]).all()
    np.testing.assert_allclose(np.delete(found, 2, axis=1), 1)


# --- in results ----------------------------------------------------------------


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
def test_results_compare_the_factors_of_all_starts(make_scan, monkeypatch, normalize):
    seen = []

    def run(*arguments):
        own = original(*arguments)
        seen.extend(own)
        return own

    original = following.run
    monkeypatch.setattr(following, "run", run)
    scan = make_scan(signal_type="diffraction")
    scan.decomposition(
        **STARTS | {"output_dimension": 5}, normalize_poissonian_noise=normalize
    )
    result = get_result(scan)
    scale = np.sqrt(scan.data.sum(axis=(0, 1)).ravel()) if normalize else 1
    stacks = [state.factors * scale for state in seen]
    if result.parameters.get("smoothing_weighted"):
        stacks[result.best] = stacks[len(result.seeds)]
    del stacks[len(result.seeds) :]
    order = cosines(result.factors, stacks[result.best]).argmax(axis=1)
    assert sorted(order) == list(range(5))
    expected = agreement_with(result.best, stacks)[:, order]
    np.testing.assert_allclose(result.agreement, expected, atol=1e-6)
    np.testing.assert_array_equal(result.agreement[result.best], 1)
    others = np.delete(expected, result.best, axis=0)
    np.testing.assert_allclose(result.median_agreement, np.median(others, axis=0))
    np.testing.assert_array_equal(result.found_again, (others >= SAME).mean(axis=0))


def test_true_components_are_found_again_and_others_are_not(capsys):
    scan = four_phases((18, 18), detector_shape=(40, 40), random_state=0)
    plain = {"print_info": True, "signal_mask": structure_mask(scan), "max_iter": 60}
    scan.decomposition(**STARTS | plain | {"output_dimension": 4})
    assert get_result(scan).found_again.tolist() == [1, 1, 1, 1]
    assert "each component was found again by all of the" in capsys.readouterr().out
    scan.decomposition(**STARTS | plain | {"output_dimension": 8})
    result = get_result(scan)
    assert result.found_again.min() < 0.5
    assert "not found again by most" in capsys.readouterr().out
    worst = result.found_again.argmin()
    assert f"{worst} ({result.median_agreement[worst]:.2f})" in (
        result.agreement_summary()
    )


def test_agreement_does_not_depend_on_chunks_and_can_be_repeated(make_scan):
    agreements = []
    for chunks in (None, None, (2, 3, 5, 4)):
        scan = make_scan(chunks=chunks)
        scan.decomposition(**STARTS)
        agreements.append(get_result(scan).agreement)
    np.testing.assert_array_equal(agreements[0], agreements[1])
    np.testing.assert_allclose(agreements[0], agreements[2], atol=1e-4)


def test_one_start_agrees_with_nobody(make_scan, capsys):
    scan = make_scan()
    scan.decomposition(**STARTS | {"n_init": 1, "print_info": True})
    result = get_result(scan)
    assert result.agreement.shape == (1, 3)
    assert np.isnan(result.median_agreement).all()
    assert np.isnan(result.found_again).all()
    assert "one start only" in capsys.readouterr().out


def test_the_estimator_knows_too():
    matrix = np.random.default_rng(0).random((20, 12))
    model = ConstrainedNMF(2, n_init=3, max_iter=20, random_state=0).fit(matrix)
    assert model.result_.agreement.shape == (3, 2)


# --- files and figures ---------------------------------------------------------


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_files_keep_the_agreement(make_scan, tmp_path, extension):
    scan = make_scan()
    scan.decomposition(**STARTS | {"output_dimension": 4})
    before = get_result(scan)
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_result(hs.load(tmp_path / f"scan.{extension}"))
    np.testing.assert_array_equal(loaded.agreement, before.agreement)
    assert loaded.agreement_summary() == before.agreement_summary()


def test_files_of_versions_without_it_still_load(make_scan, tmp_path):
    scan = make_scan()
    scan.decomposition(**STARTS)
    del scan.learning_results.constrained_nmf_agreement
    scan.save(tmp_path / "old.hspy")
    loaded = hs.load(tmp_path / "old.hspy")
    result = get_result(loaded)
    assert result.agreement is None
    assert np.isnan(result.found_again).all() and len(result.found_again) == 3
    assert "not known" in result.agreement_summary()
    assert all(not ax.get_title("right") for ax in plot_components(loaded).axes)


def test_figures_tell_it_beside_each_component():
    scan = four_phases((18, 18), detector_shape=(40, 40), random_state=0)
    scan.decomposition(**STARTS | {"output_dimension": 7, "max_iter": 60})
    again = get_result(scan).found_again
    assert again.min() < 0.5 < again.max()
    shown = [6, 0, 3]
    figure = plot_components(scan, shown)
    titles = [ax.get_title("right") for ax in figure.axes]
    expected = [f"{round(3 * again[k])}/3" for k in shown]
    assert [title for title in titles if title] == expected
    assert "k/3: other starts that found it" in figure.get_suptitle()


@pytest.mark.parametrize("algorithm", ["SVD", "NMF"])
def test_figures_of_other_decompositions_do_without(make_scan, algorithm):
    scan = make_scan(dtype="float32")
    scan.decomposition(**STARTS)
    scan.decomposition(algorithm=algorithm, output_dimension=3, print_info=False)
    figure = plot_components(scan, 3)
    assert all(not ax.get_title("right") for ax in figure.axes)


def test_components_left_empty_are_not_told_to_disagree(capsys):
    scan = four_phases((18, 18), detector_shape=(40, 40), random_state=0)
    asked = STARTS | {"output_dimension": 6, "max_iter": 200, "prune": True}
    scan.decomposition(**asked | {"print_info": True})
    result = get_result(scan)
    empty = ~result.factors.any(axis=1)
    assert 0 < np.count_nonzero(empty) < 6
    np.testing.assert_array_equal(np.isnan(result.found_again), empty)
    assert "each component was found again" in capsys.readouterr().out
    titles = [ax.get_title("right") for ax in plot_components(scan).axes]
    assert sum(bool(title) for title in titles) == np.count_nonzero(~empty)
