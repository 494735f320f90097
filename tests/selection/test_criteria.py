"""What curves say about the number of components, and which arguments are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import get_scan, load_scan, make_sketch
from hspy_cnmf.selection import criteria
from tests.conftest import QUICK

QUIET = {"n_init": 1, "max_iter": 3, "print_info": False, "random_state": 0}


def elbow(n_true, n=10, fall=1.0, rise=-0.01):
    """Return a curve that falls up to a number, and by another slope beyond."""
    numbers = np.arange(1, n + 1)
    return np.where(
        numbers <= n_true, fall * (n_true - numbers), rise * (numbers - n_true)
    )


# --- criteria ------------------------------------------------------------------


@given(st.integers(1, 10), st.floats(0.01, 10), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_lowest_held_out_error_decides(n_true, rise, seed):
    offsets = np.random.default_rng(seed).normal(size=(4, 1))
    errors = elbow(n_true, rise=rise) + offsets
    assert criteria.held_out_choice(errors) == n_true - 1


@pytest.mark.parametrize(
    "n_found, index", [(4, 2), (3, 2), (1, 0), (8, None), (9, None), (None, None)]
)
def test_what_is_more_than_noise_needs_the_room_for_it(n_found, index):
    numbers = np.array([1, 2, 4, 8])
    assert criteria.found_choice(numbers, n_found) == index


@pytest.mark.parametrize(
    "found, held_out, departure, agreement, decides",
    [
        (3, 1, 2, 0, "found"),
        (3, 2, 2, None, "held_out"),
        (3, 2, 1, 2, "held_out"),
        (None, 2, 1, 0, "held_out"),
        (3, None, 1, 1, "found"),
        (None, None, 1, None, "departure"),
    ],
)
def test_what_is_more_than_noise_decides_unless_two_others_say_the_same(
    found, held_out, departure, agreement, decides
):
    choices = {"found": found, "held_out": held_out, "departure": departure}
    choices["agreement"] = agreement
    assert criteria.suggestion(choices) == (choices[decides], decides)


def test_of_numbers_as_good_the_smallest_is_taken():
    noise = np.random.default_rng(0).normal(size=(4, 6))
    noise -= noise.mean(axis=0)
    errors = np.array([3.0, 1.0, 0.0, -0.01, -0.005, 0.5]) + 0.1 * noise
    assert criteria.held_out_choice(errors) == 2
    assert criteria.held_out_choice(errors - 1e-4 * noise - 0.1 * noise) == 3


def test_numbers_without_a_held_out_error_are_left_out():
    errors = np.tile(elbow(5, rise=1.0), (4, 1))
    errors[:, 6:] = np.nan
    assert criteria.held_out_choice(errors) == 4
    assert criteria.held_out_choice(np.full((4, 3), np.nan)) is None


@given(st.integers(1, 10), st.floats(0, 0.6))
@settings(max_examples=30, deadline=None)
def test_nmf_leaves_pca_where_it_falls_more_slowly(n_true, share):
    pca = elbow(n_true, rise=-0.05)
    nmf = elbow(n_true, rise=-0.05 * share) + 0.2
    assert criteria.departure(nmf, pca) == n_true - 1
    assert criteria.departure(pca, pca) == 9


@pytest.mark.parametrize("width, said", [(0.0, ""), (1.5, "pooled over 1.5 steps")])
def test_it_is_said_over_what_neighbours_were_pooled(width, said):
    numbers, curve = np.arange(1, 4), np.array([2.0, 1.0, 1.1])
    choices = {"found": None, "held_out": 1, "departure": 1, "agreement": None}
    arguments = (numbers, choices, 1, "held_out", curve, curve, "counts", width)
    text = criteria.words(*arguments)
    assert ("pooled" in text) == bool(width)
    assert said in text
    without = criteria.words(
        numbers, choices | {"held_out": None}, 1, "departure", *arguments[4:]
    )
    assert "pooled" not in without


@pytest.mark.parametrize(
    "numbers, index, more",
    [((1, 2, 3), 0, None), ((2, 3), 0, "fewer"), ((1, 2), 1, "more"), ((1,), 0, None)],
)
def test_the_end_of_the_range_is_told_where_there_is_more(numbers, index, more):
    choices = dict.fromkeys(("found", "held_out", "departure", "agreement"), index)
    curve = np.ones(len(numbers))
    text = criteria.words(
        np.array(numbers), choices, index, "held_out", curve, curve, "counts"
    )
    assert text.startswith(f"{numbers[index]} component{'s' * (numbers[index] > 1)}: ")
    assert ("end of the range" in text) == (more is not None)
    assert f"try {more}" in text or more is None


def test_one_bad_start_does_not_decide():
    pca, nmf = elbow(5, rise=-0.05), elbow(5, rise=-0.01)
    nmf[2] = nmf[1]  # no better than with one less
    nmf[8] -= 0.05
    assert criteria.departure(nmf, pca) == 4


def test_starts_agree_up_to_the_last_number_that_they_agree_on():
    assert criteria.last_agreement(np.array([1, 0.6, 0.99, 0.99, 0.5])) == 3
    assert criteria.last_agreement(np.array([0.1, 0.2])) is None
    assert criteria.last_agreement(np.full(3, np.nan)) is None


# --- bad input -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "error", "message"),
    [
        ([], ValueError, "is empty"),
        (range(5, 5), ValueError, "is empty"),
        (5, TypeError, "not a sequence"),
        ([2, 2.5], TypeError, "2.5, which is no integer"),
        ([True, 2], TypeError, "True"),
        ("23", TypeError, "'2'"),
        ([3, 0], ValueError, "has 0"),
        ([-1], ValueError, "has -1"),
        ([2, 3, 3, 2], ValueError, "has 2, 3 more than once"),
        (range(2, 99), ValueError, "room for at most 48"),
    ],
)
def test_ranges_that_make_no_sense(make_scan, snapshot, numbers, error, message):
    scan = make_scan()
    before = snapshot(scan)
    with pytest.raises(error, match=message):
        scan.scan_output_dimension(numbers, **QUIET)
    assert snapshot(scan) == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"gain": 0}, ValueError, "gain must be"),
        ({"gain": -1.0}, ValueError, "gain must be"),
        ({"gain": "1"}, ValueError, "gain must be"),
        ({"gain": True}, ValueError, "gain must be"),
        ({"n_init": 0}, ValueError, "n_init"),
        ({"solver": "svd"}, ValueError, "solver"),
        ({"compression": None}, ValueError, "sketch"),
        ({"compression": 2}, ValueError, "lower rank"),
        ({"factor_constraint": 3}, TypeError, "factor_constraint"),
        ({"init": "random"}, TypeError, "init"),
        ({"sketch": 3}, TypeError, "sketch must be"),
    ],
)
def test_arguments_that_make_no_sense(make_scan, snapshot, arguments, error, message):
    scan = make_scan()
    before = snapshot(scan)
    with pytest.raises(error, match=message):
        scan.scan_output_dimension([2, 3], **QUIET | arguments)
    assert snapshot(scan) == before


def test_a_sketch_of_too_low_a_rank(make_scan):
    scan = make_scan()
    sketch = make_sketch(scan, 8, random_state=0)
    with pytest.raises(ValueError, match="rank 8, but 5 components"):
        scan.scan_output_dimension([2, 5], sketch=sketch, **QUIET)
    assert scan.scan_output_dimension([2, 4], sketch=sketch, **QUIET).suggested


@pytest.mark.parametrize("where", [2, 30])
def test_an_interrupted_scan_leaves_the_signal_as_it_was(make_scan, snapshot, where):
    scan = make_scan()
    scan.decomposition(**QUICK)
    scan.scan_output_dimension([2], **QUIET)
    before = snapshot(scan)
    calls = []

    def interrupted(maps):
        calls.append(1)
        if len(calls) > where:
            raise KeyboardInterrupt
        return maps

    with pytest.raises(KeyboardInterrupt):
        scan.scan_output_dimension(
            [2, 3, 4], **QUIET | {"max_iter": 5}, loading_constraint=interrupted
        )
    assert snapshot(scan) == before


def test_more_components_than_half_of_the_data_hold(make_scan):
    scan = make_scan((3, 4), (12, 10))
    found = scan.scan_output_dimension([2, 5, 7], **QUIET)
    held_out = found.held_out_error.data
    assert np.isfinite(held_out[:, :2]).all() and np.isnan(held_out[:, 2]).all()
    assert found.suggested in (2, 5)


def test_signals_and_files_without_a_scan(make_scan, tmp_path):
    scan = make_scan()
    with pytest.raises(RuntimeError, match="no scan over the number"):
        get_scan(scan)
    scan.save(tmp_path / "data.hspy")
    with pytest.raises(ValueError, match="holds no scan"):
        load_scan(tmp_path / "data.hspy")
