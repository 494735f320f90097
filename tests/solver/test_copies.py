"""Starts that are copies of others end, and what they found is counted with these."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import loop
from hspy_cnmf.solver.copies import (
    COPY,
    compared_factors,
    is_copy,
    order_of,
    with_copies,
)
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.iteration import State

SHAPE = 30, 40
FREE = SimpleNamespace(least=0.0)


def start(factors, error, status="running"):
    rng = np.random.default_rng(0)
    history = ((error, 0.1, 0.1),)
    return State(factors, rng.random((len(factors), SHAPE[0])), rng, history, status)


def factors_of(seed, n=3):
    return np.random.default_rng(seed).random((n, SHAPE[1])) ** 4


def near(factors, by=0.1, seed=9):
    noise = np.random.default_rng(seed).random(factors.shape)
    return factors + by * factors.mean() * noise


def test_of_starts_that_are_alike_the_best_goes_on():
    own = factors_of(0)
    starts = [start(near(own)[::-1], 3.0), start(own, 1.0), start(factors_of(1), 2.0)]
    ended = with_copies(starts, SHAPE, FREE)
    assert [state.status for state in ended] == [COPY, "running", "running"]
    assert ended[1] is starts[1] and ended[2] is starts[2]
    assert ended[0].copy_of == 1
    assert not ended[0].loadings.size and ended[0].history == starts[0].history


def test_what_has_ended_stays_and_one_start_is_no_copy():
    own = factors_of(0)
    starts = [start(own, 1.0), start(near(own), 2.0, "converged")]
    assert with_copies(starts, SHAPE, FREE) == starts
    assert with_copies(starts[:1], SHAPE, FREE) == starts[:1]
    other = start(near(own), 0.5, "converged")  # ended, and better: all is found
    ended = with_copies([starts[0], other], SHAPE, FREE)
    assert [state.status for state in ended] == [COPY, "converged"]


def test_a_start_with_a_component_of_its_own_is_no_copy():
    few, many = factors_of(0), np.vstack([factors_of(0), factors_of(1, 1)])
    for errors in ((1.0, 1.1), (1.1, 1.0)):
        starts = [start(many, errors[0]), start(few, errors[1])]
        assert with_copies(starts, SHAPE, FREE) == starts
    empty = np.vstack([few, np.zeros((1, SHAPE[1]))])
    assert is_copy(few, empty) and is_copy(empty, few)


def test_a_component_more_has_to_be_worth_it():
    few, many = factors_of(0), np.vstack([factors_of(0), factors_of(1, 1)])
    starts = [start(many, 1.0), start(few, 1.1)]
    for least, best in ((0.2, 1), (0.05, 0)):
        revise = SimpleNamespace(least=least * np.prod(SHAPE))
        assert order_of(starts, SHAPE, revise)[0] == best
    assert order_of([replace(starts[0], status=COPY), starts[1]], SHAPE, None) == [1]


def test_a_copy_is_counted_with_what_became_of_the_other():
    own, alone = factors_of(0), factors_of(1)
    became = near(own, by=1.0, seed=4)
    states = [start(became, 1.0), start(near(own), 2.0), start(near(own), 3.0)]
    states.append(start(alone, 4.0))
    states[1] = replace(states[1], status=COPY, copy_of=0)
    states[2] = replace(states[2], status=COPY, copy_of=1)
    compared = compared_factors(states)
    assert all(factors is became for factors in compared[:3])
    assert compared[3] is alone


# --- in a run ---------------------------------------------------------------------


def run(chunks=None, done=lambda n: None, **parameters):
    rng = np.random.default_rng(1)
    made = rng.gamma(0.3, 1, (90, 4)) @ rng.gamma(0.3, 1, (4, 70))
    made = np.maximum(made + 0.05 * rng.standard_normal(made.shape), 0)
    if chunks is not None:
        import dask.array as da

        made = da.from_array(made, chunks=chunks)
    operator = StreamedOperator(made, np.ones(90, bool), np.ones(70, bool))
    settings = {"n_init": 6, "compression": 12, "init": "random", "random_state": 0}
    settings |= {"tol": 0, "max_iter": 110}
    return factorise(
        operator, ConstrainedNMF(5, **settings | parameters), progress=done
    )


def all_to_their_ends(monkeypatch):
    monkeypatch.setattr(loop, "with_copies", lambda states, *_: states)


def test_the_best_start_is_what_it_would_be_without_and_agreement_is_that(monkeypatch):
    raced = run()
    all_to_their_ends(monkeypatch)
    whole = run()
    assert raced.status.count(COPY) >= 2 and COPY not in whole.status
    best, n = raced.best, raced.n_iter
    for i in range(6):
        np.testing.assert_array_equal(
            raced.error_history[i, : n[i]], whole.error_history[i, : n[i]]
        )
    assert raced.status[best] != COPY and n[best] == whole.n_iter[best]
    np.testing.assert_allclose(raced.error, whole.error, rtol=1e-5)
    np.testing.assert_array_equal(raced.found_again, whole.found_again)
    np.testing.assert_allclose(
        raced.median_agreement, whole.median_agreement, atol=1e-3
    )


@pytest.mark.parametrize("compression", [12, None])
def test_progress_adds_up_where_copies_end(compression):
    calls = []
    result = run(done=calls.append, compression=compression, max_iter=60)
    assert COPY in result.status
    assert calls == sorted(calls) and calls[-1] == 6 * 60


def test_it_does_not_depend_on_threads_or_chunks(monkeypatch):
    results = [run(compression=None, chunks=chunks) for chunks in (None, (20, 35))]
    for count in ([1], [1, 2, 3]):
        monkeypatch.setattr("hspy_cnmf.solver.loop.n_processors", count.__len__)
        results.append(run())
    one, chunked, alone, threads = results
    assert COPY in one.status
    assert one.status == chunked.status and alone.status == threads.status
    np.testing.assert_array_equal(alone.factors, threads.factors)
    np.testing.assert_array_equal(alone.agreement, threads.agreement)
    np.testing.assert_allclose(one.factors, chunked.factors, atol=1e-9)


def test_without_pruning_every_start_runs_to_its_end():
    result = run(prune=False)
    assert set(result.status) == {"max_iter"}
    assert np.all(result.n_iter == 110)


def test_the_summary_tells_of_copies():
    result = run()
    n = result.status.count(COPY)
    assert f"{n} ended as copies of others" in result.summary()
