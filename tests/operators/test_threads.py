"""Factorisations at the same time leave the threads of BLAS as they were."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.operators.threads import single_threaded_blas


@pytest.fixture(autouse=True)
def two_threads():
    """Begin with more than one thread, whatever the environment says."""
    # Threadpoolctl lets no other thread set limits while that one lives which did.
    with ThreadPoolExecutor(1) as pool:
        limits = pool.submit(threadpool_limits, 2, "blas").result()
    assert set(blas_threads()) == {2}
    yield
    with ThreadPoolExecutor(1) as pool:
        pool.submit(limits.restore_original_limits).result()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_others_may_set_limits_afterwards(n_threads):
    """As scikit-learn does in every fit."""
    with single_threaded_blas():
        pass
    with threadpool_limits(n_threads, "blas"):
        assert set(blas_threads()) == {n_threads}


def blas_threads():
    pools = threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]


def test_the_last_to_leave_lifts_the_limit():
    before = blas_threads()
    inside, one_left = Barrier(2), Barrier(2)

    def use(leaves_first):
        with single_threaded_blas():
            inside.wait()
            limited = blas_threads()
            if not leaves_first:
                one_left.wait()
                limited += blas_threads()
        if leaves_first:
            one_left.wait()
        return limited

    with ThreadPoolExecutor(2) as pool:
        limited = [n for used in pool.map(use, [True, False]) for n in used]
    assert set(limited) <= {1}
    assert blas_threads() == before


def test_factorisations_at_the_same_time_leave_no_limit_behind():
    before = blas_threads()
    data = np.random.default_rng(0).random((300, 200))

    def factorise(seed):
        estimator = ConstrainedNMF(3, n_init=3, max_iter=10, random_state=seed)
        return estimator.fit(data).reconstruction_err_

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(factorise, range(8)))
    assert blas_threads() == before
    np.testing.assert_allclose(together, [factorise(i) for i in range(8)], rtol=1e-6)


def test_an_error_leaves_no_limit_behind():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), single_threaded_blas():
        raise ZeroDivisionError
    assert blas_threads() == before
