"""However many threads starts run in: progress is told in order, and all can be ended.

Nothing here depends on time. Runs have so many iterations that one which went on after
an error would show by their number.
"""

import _thread
import threading

import numpy as np
import pytest

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.solver import loop
from hspy_cnmf.solver.factorise import factorise
from hspy_cnmf.solver.half_steps import hals
from hspy_cnmf.solver.iteration import Configuration, State

N_INIT, MAX_ITER = 6, 400

#: Each start in a thread of its own, on a sketch; and all together, on the data.
ways = pytest.mark.parametrize("compression", [12, None])


def run(progress=lambda n: None, compression=12, **parameters):
    operator = StreamedOperator(
        np.random.default_rng(0).random((90, 70)), np.ones(90, bool), np.ones(70, bool)
    )
    parameters = {"n_init": N_INIT, "max_iter": MAX_ITER, "tol": 0} | parameters
    estimator = ConstrainedNMF(3, compression=compression, random_state=0, **parameters)
    return factorise(operator, estimator, progress=progress)


class At:
    """Counts calls, and does something at one of them; images pass unchanged."""

    def __init__(self, n, action):
        self.n, self.action, self.n_calls = n, action, 0
        self._lock = threading.Lock()

    def __call__(self, images=None):
        with self._lock:
            self.n_calls += 1
            is_due = self.n_calls == self.n
        if is_due:
            self.action()
        return images


def raising(error):
    def action():
        raise error

    return action


@pytest.fixture
def no_thread_left():
    run(max_iter=1)
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@ways
@pytest.mark.parametrize("tol", [0, 0.05])
def test_progress_only_grows_and_ends_with_all_iterations(compression, tol):
    calls = []
    result = run(calls.append, compression, tol=tol, max_iter=60)
    assert calls == sorted(calls)
    assert calls[0] >= 1
    assert calls[-1] == 60 * N_INIT
    assert (max(result.n_iter) < 60) == (tol > 0)


@ways
def test_progress_is_told_by_the_thread_that_asked(compression):
    threads = set()
    run(lambda n: threads.add(threading.get_ident()), compression, max_iter=3)
    assert threads == {threading.get_ident()}


@ways
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_in_progress_ends_all_starts(compression, error, no_thread_left):
    progress, constraint = At(3, raising(error)), At(0, None)
    with pytest.raises(error):
        run(progress, compression, factor_constraint=constraint)
    assert progress.n_calls == 3
    assert constraint.n_calls < MAX_ITER


@ways
def test_an_interrupt_ends_all_starts(compression, no_thread_left, interruptible):
    under_way = threading.Event()

    def interrupt():
        under_way.wait()
        _thread.interrupt_main()

    constraint = At(2 * N_INIT + 1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(lambda n: under_way.set(), compression, factor_constraint=constraint)
    assert 2 * N_INIT < constraint.n_calls < MAX_ITER


@ways
@pytest.mark.parametrize("n", [1, 2, 7])
def test_an_error_in_any_start_ends_the_others(compression, n, no_thread_left):
    """The second call is that of another start, where there are two processors."""
    constraint = At(n, raising(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        run(compression=compression, factor_constraint=constraint)
    assert n <= constraint.n_calls < MAX_ITER


def test_starts_do_not_depend_on_how_they_share_the_processors(monkeypatch):
    results = []
    for count in ([1], [1, 2, 3, 4]):
        monkeypatch.setattr("hspy_cnmf.solver.loop.n_processors", count.__len__)
        results.append(run(max_iter=60))
    one, four = results
    np.testing.assert_array_equal(one.error_history, four.error_history)
    np.testing.assert_array_equal(one.factors, four.factors)


def gone_on(purify, max_iter=200):
    """Return the state of a start that has ended, and what it is after going on."""
    rng = np.random.default_rng(0)
    data = rng.random((60, 3)) @ rng.random((3, 50)) + 0.01 * rng.random((60, 50))
    operator = StreamedOperator(data, np.ones(60, bool), np.ones(50, bool))
    configuration = Configuration(hals, max_iter=max_iter, tol=1e-3, purify=purify)
    begin = State(np.zeros((3, 50)), rng.random((3, 60)), rng)
    (state,) = loop.run(operator, [begin], configuration)
    return state, loop.go_on(operator, state, configuration)


@pytest.mark.parametrize(
    "purify", [None, lambda factors, loadings: (factors, loadings)]
)
def test_where_nothing_is_taken_out_a_start_does_not_go_on(purify):
    state, after = gone_on(purify)
    assert after is state


def test_a_start_goes_on_from_what_is_taken_out():
    def mixed(factors, loadings):
        return factors[::-1].copy(), loadings[::-1] * np.array([[1], [0.5], [2]])

    state, after = gone_on(mixed)
    assert after.status == "converged"
    assert len(state.history) < len(after.history) <= 200
    assert after.history[: len(state.history)] == state.history
    assert after.history[-1][0] <= 1.01 * state.history[-1][0]
    state, after = gone_on(mixed, max_iter=len(state.history))
    assert after is state
