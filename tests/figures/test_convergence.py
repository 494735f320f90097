"""The course of the error: every start, the best one and the tolerance."""

from dataclasses import replace

import numpy as np
import pytest

from hspy_cnmf import get_result, plot_convergence
from hspy_cnmf.data import four_phases
from tests.figures.test_components import decompose, draw, patterns


@pytest.fixture(scope="module")
def decomposed():
    return decompose(
        four_phases((12, 10), detector_shape=(20, 20), random_state=0),
    )


def test_convergence_shows_every_start(decomposed):
    result = get_result(decomposed)
    error, factors, loadings = draw(plot_convergence(decomposed)).axes
    histories = {
        error: result.error_history,
        factors: result.factor_change_history,
        loadings: result.loading_change_history,
    }
    for ax, history in histories.items():
        curves = [line.get_ydata() for line in ax.lines]
        for start in history:
            assert any(np.array_equal(start, curve, True) for curve in curves)
    assert error.get_xscale() == "log"
    assert factors.get_yscale() == loadings.get_yscale() == "log"


def test_best_start_and_tolerance_are_marked(decomposed):
    result = get_result(decomposed)
    error, factors, _ = plot_convergence(result).axes
    best = next(line for line in error.lines if line.get_label() == "best start")
    np.testing.assert_array_equal(best.get_ydata(), result.error_history[result.best])
    assert any(set(line.get_ydata()) == {1e-4} for line in factors.lines)


@pytest.mark.parametrize("n_init, max_iter", [(1, 1), (1, 3), (3, 1)])
def test_convergence_of_the_shortest_runs(n_init, max_iter):
    signal = decompose(patterns(6, 7), n_init=n_init, max_iter=max_iter, tol=0)
    draw(plot_convergence(signal))


def test_the_title_is_not_written_over_a_power_of_ten(decomposed):
    result = get_result(decomposed)
    small = replace(result, error_history=1e-6 * result.error_history)
    figure = draw(plot_convergence(small))
    title = figure.get_suptitle()
    assert title.startswith(f"{result.status.count('converged')} of ")
    power = figure.axes[0].yaxis.get_offset_text()
    assert power.get_text()
    box = figure._suptitle.get_window_extent()
    assert not box.overlaps(power.get_window_extent())


def test_the_title_counts_starts_that_ended_as_copies(decomposed):
    result = get_result(decomposed)
    ended = ("converged", *["copy"] * (len(result.status) - 1))
    title = plot_convergence(replace(result, status=ended)).get_suptitle()
    assert f"converged, {len(ended) - 1} ended as copies; " in title
