"""Results: what they say of themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.solver.result import SAME, STATUS, Result


def result(**changes):
    """Return a result of three starts, the second of which won."""
    values = {
        "factors": np.full((2, 4), 0.25),
        "loadings": np.array([[3.0, 2, 1], [1, 1, 1]]),
        "error": 0.5,
        "square_norm": 100.0,
        "best": 1,
        "status": ("max_iter", "converged", "converged"),
        "n_iter": np.array([3, 2, 1]),
        "seeds": np.arange(3),
        "error_history": np.array([[9, 5, 4], [8, 3, np.nan], [7, np.nan, np.nan]]),
        "factor_change_history": np.zeros((3, 3)),
        "loading_change_history": np.zeros((3, 3)),
        "agreement": np.array([[0.999, 0.4], [1, 1], [0.995, 0.2]]),
    }
    return Result(**(values | changes))


def test_errors_are_those_of_each_starts_last_iteration():
    assert result().last_errors.tolist() == [4, 3, 7]


def test_the_best_start_does_not_count_among_the_others():
    np.testing.assert_allclose(result().median_agreement, [0.997, 0.3])
    assert result().found_again.tolist() == [1, 0]
    summary = result().agreement_summary()
    assert summary.startswith("1 of 2 components were not found again")
    assert "1 (0.30)" in summary


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 1000))
def test_shares_of_starts_are_counted(n_starts, n, seed):
    agreement = np.random.default_rng(seed).uniform(0.97, 1, (n_starts, n))
    best = seed % n_starts
    agreement[best] = 1
    found = result(agreement=agreement, best=best).found_again
    expected = [
        sum(agreement[i, k] >= SAME for i in range(n_starts) if i != best)
        for k in range(n)
    ]
    np.testing.assert_allclose(found * (n_starts - 1), expected)


@pytest.mark.parametrize(
    ("agreement", "words"),
    [(None, "did not compare starts"), (np.ones((1, 2)), "one start only")],
)
def test_where_nothing_is_known_it_says_why(agreement, words):
    one = result(agreement=agreement, best=0)
    assert np.isnan(one.found_again).all() and len(one.found_again) == 2
    assert words in one.agreement_summary()


def test_the_summary_says_that_factors_were_given():
    said = result(status=("applied",), n_iter=np.array([1]), best=0).summary()
    assert said.startswith(f"applied: {STATUS['applied']} (mean squared error 0.5)")


@pytest.mark.parametrize("status", sorted(STATUS.keys() - {"applied"}))
def test_the_summary_says_how_the_best_start_ended(status):
    said = result(status=("converged", status, "converged")).summary()
    assert said.startswith(f"{status}: {STATUS[status]} (start 2 of 3, 2 iterations")
    assert "mean squared error 0.5" in said


def test_empty_components_are_told():
    factors = np.array([[0.5, 0.5, 0, 0], [0, 0, 0, 0]])
    one = result(factors=factors)
    assert one.n_found == 1
    assert "1 component found, 1 empty" in one.summary()
    assert one._repr_html_().count("<tr>") == 1 + 1  # the head, and what was found
    assert "empty" not in result().summary()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loadings": np.array([[1, -2, 3], [1, 1, 1.0]])}, "loadings 0 are negative"),
        ({"factors": np.array([[0.25] * 4, [np.nan] * 4])}, "factors 1 hold NaN only"),
        ({"parameters": {"n_components": 5}}, "2 of 5 components were kept"),
        (
            {"parameters": {"smoothing_cost": 3.0, "smoothing_left_out": True}},
            "up to 3 times as large, and were not smoothed",
        ),
        (
            {"parameters": {"smoothing_cost": np.inf, "smoothing_left_out": False}},
            "the error many times as large as it need be",
        ),
        (
            {"parameters": {"smoothing_width": 1.5}},
            "maps were smoothed 1.5 times as widely while factors were sought",
        ),
    ],
)
def test_what_a_user_should_know_is_said(changes, words):
    assert words in result(**changes).summary()
    assert words not in result().summary()


def test_notes_are_those_of_the_run():
    assert result().notes == ()
    assert result(parameters={"notes": ["one", "two"]}).notes == ("one", "two")


def test_the_summary_says_what_was_taken_out_of_others():
    one = result(parameters={"taken_out": [1, 0], "left_in": [0, 0]})
    assert "component 0 was taken out of 1 other that" in one.substrates
    assert one.substrates in one.summary()
