"""Memory and processes of what reads the data after a decomposition."""

import dask
import pytest

from hspy_cnmf.operators import scheduling
from tests.conftest import QUICK

METHODS = (
    ("get_decomposition_residual", {"gain": 1}),
    ("get_component_fractions", {"gain": 1}),
    ("check_components", {}),
)


@pytest.fixture(scope="module")
def decomposed(make_scan):
    scan = make_scan(chunks=(3, 4, 12, 10), signal_type="electron_diffraction")
    scan.decomposition(**QUICK)
    return scan


@pytest.mark.parametrize(("method", "arguments"), METHODS)
def test_memory_is_a_limit_in_words_and_changes_nothing(decomposed, method, arguments):
    find = getattr(decomposed, method)
    with pytest.raises(ValueError, match=r"Reading one takes .*max_memory"):
        find(**arguments, max_memory="1 kB")
    with pytest.raises((TypeError, ValueError), match="max_memory must be"):
        find(**arguments, max_memory=-1)
    free, bound = find(**arguments), find(**arguments, max_memory="50 MB")
    assert free.summary() == bound.summary()


@pytest.mark.parametrize(("method", "arguments"), METHODS[:2])
def test_processes_are_started_once_for_a_call(
    decomposed, method, arguments, monkeypatch
):
    pools = []
    make = scheduling._process_pool

    def counted():
        pools.append(make())
        return pools[-1]

    monkeypatch.setattr(scheduling, "_process_pool", counted)
    with dask.config.set({"scheduler": "processes", "num_workers": 1}):
        getattr(decomposed, method)(**arguments)
    assert len(pools) == 1
