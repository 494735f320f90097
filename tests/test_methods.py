"""Methods that are made of functions: signature, arguments, and what is kept."""

import inspect

import pytest
from hyperspy.signal import BaseSignal

import hspy_cnmf  # noqa: F401
from hspy_cnmf.methods import METHODS


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_method_has_the_signature_of_its_function_without_what_is_given(method):
    made = method.make()
    names = list(inspect.signature(made).parameters)
    assert names[0] == "self"
    assert not set(method.given) & set(names)
    assert made.__name__ == method.name
    says_kept = "is kept in the signal" in made.__doc__
    assert says_kept == bool(method.node)


def test_flags_that_are_neither_true_nor_false_are_refused(make_scan):
    scan = make_scan()
    with pytest.raises(ValueError, match="show_progressbar must be True or False"):
        scan.scan_output_dimension([1, 2], show_progressbar="yes")


def test_methods_are_found_on_the_class(make_scan):
    for method in METHODS:
        for owner in method.classes:
            assert callable(getattr(owner, method.name))
    assert isinstance(make_scan(), BaseSignal)
