"""Shared arguments: each documented once, and checked without a signal."""

import pytest

from hspy_cnmf.decomposition.options import ESTIMATOR, OPTIONS, SHARED, Options, select


def test_every_parameter_has_one_entry_with_its_default():
    assert not set(ESTIMATOR) & set(OPTIONS) and {*ESTIMATOR, *OPTIONS} == set(SHARED)
    for name, shared in SHARED.items():
        assert shared.parameter.name == name
        assert str(shared.entry).strip()
    assert list(select("signal_mask", "scheduler")) == ["signal_mask", "scheduler"]


@pytest.mark.parametrize(
    "given, error",
    [
        ({"reproject": "all"}, ValueError),
        ({"last_iteration": None}, ValueError),
        ({"normalize_poissonian_noise": 2}, ValueError),
        ({"sketch": 3}, TypeError),
        ({"max_memory": "much"}, ValueError),
    ],
)
def test_what_depends_on_no_signal_is_refused_without_one(given, error):
    Options().check()
    with pytest.raises(error, match=next(iter(given))):
        Options(**given).check()
