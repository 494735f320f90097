"""Arguments: numbers made plain, and parameters shared by functions, told once."""

import inspect
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyxem.signals import ElectronDiffraction2D

import hspy_cnmf
from hspy_cnmf.arguments import (
    parameters_of,
    plain,
    real_number,
    truth,
    whole_number,
    with_plain_arguments,
    with_shared_parameters,
)
from hspy_cnmf.docstrings import Documentation

SCALARS = hnp.from_dtype(np.dtype(np.float64), allow_nan=False) | st.one_of(
    *(hnp.from_dtype(np.dtype(t)) for t in ("i1", "u8", "i8", "bool", "f4", "U3"))
).filter(lambda value: value == value)


@given(SCALARS)
def test_numbers_of_numpy_become_pythons_own_and_keep_their_value(value):
    for given_value in (value, np.array(value)):
        found = plain(given_value)
        assert type(found) in (int, float, bool, str)
        assert found == value
    json.dumps(plain({"a": [value, (value,)]}))


@pytest.mark.parametrize(
    "value", [None, "hals", 3, np.ones(3), np.random.default_rng(0), object(), abs]
)
def test_all_else_comes_back_as_it_is(value):
    assert plain(value) is value
    assert plain([value, (value,)])[1][0] is value


def test_functions_are_given_plain_arguments():
    @with_plain_arguments
    def types(*args, **kwargs):
        return [type(a) for a in (*args, *kwargs.values())]

    assert types(np.int64(1), b=np.float32(0.5), c=np.bool_(1)) == [int, float, bool]


class Source:
    """A source of parameters.

    Parameters
    ----------
    rank : int, default 3
        A rank.
    left, right : float, optional
        Two sides.

        In two paragraphs.
    """

    def __init__(self, rank=3, left=None, right=None):
        pass


@with_shared_parameters(parameters_of(Source), rank=7)
def function(signal, n=1, *, last=None, **shared):
    """Do something.

    Parameters
    ----------
    signal : object
    n : int
    **shared
        See `Source`.
    last : object, optional
        The last.

    Returns
    -------
    dict
    """
    return {"signal": signal, "n": n, "last": last} | shared


def test_shared_parameters_are_in_signature_docstring_and_call():
    signature = inspect.signature(function)
    assert list(signature.parameters) == [
        "signal",
        "n",
        "rank",
        "left",
        "right",
        "last",
    ]
    assert signature.parameters["rank"].default == 7
    entries = Documentation.parse(function.__doc__).by_name()
    assert list(entries) == list(signature.parameters)
    assert str(entries["rank"]) == "rank : int, default 7\n    A rank."
    assert "In two paragraphs." in str(entries["right"])
    assert "Returns\n-------\ndict" in function.__doc__
    assert function(0, left=np.float32(2)) == {
        "signal": 0, "n": 1, "last": None, "rank": 7, "left": 2.0, "right": None,
    }  # fmt: skip


def test_unknown_arguments_are_named_with_the_function():
    with pytest.raises(
        TypeError, match=r"function\(\).*'nonsense'\. It takes signal, n"
    ):
        function(0, nonsense=1)
    with pytest.raises(TypeError, match=r"function\(\).*'ranks'\. Did you mean rank\?"):
        function(0, ranks=1)
    with pytest.raises(TypeError, match=r"function\(\) missing .* 'signal'$"):
        function(rank=1)


@pytest.mark.parametrize(
    ("method", "wrong", "right"),
    [("decomposition", "n_inits", "n_init"), ("map_domains", "n_domain", "n_domains")],
)
def test_methods_name_the_argument_that_was_meant(method, wrong, right):
    signal = ElectronDiffraction2D(np.ones((2, 2, 4, 4)))
    given = {"algorithm": "constrained_nmf"} if method == "decomposition" else {}
    with pytest.raises(TypeError, match=f"{wrong!r}. Did you mean {right}"):
        getattr(signal, method)(**given, **{wrong: 3})


KINDS = [int, float, np.int16, np.uint8, np.float32, np.float64]


@given(st.integers(0, 100), st.sampled_from(KINDS))
def test_numbers_become_plain_ones(value, kind):
    found = real_number("width", kind(value))
    assert type(found) is float and found == value
    assert json.loads(json.dumps(found)) == value
    if issubclass(kind, (int, np.integer)):
        assert type(whole_number("width", kind(value), 0)) is int


@pytest.mark.parametrize(
    "value", [None, "3", True, np.True_, np.nan, np.inf, -1, 1j, [1], np.ones(2), 11]
)
def test_anything_else_is_refused_in_words(value):
    with pytest.raises(ValueError, match="width must be a number, between 0 and 10"):
        real_number("width", value, 0, 10)
    with pytest.raises(ValueError, match="width must be a whole number"):
        whole_number("width", value, 0, 10)


def test_limits():
    assert real_number("width", 0, 0, 1) == 0
    with pytest.raises(ValueError, match="above 0, not 0"):
        real_number("width", 0, exclusive=True)
    assert truth("mirror", np.True_) is True
    with pytest.raises(ValueError, match="mirror must be True or False, not 1"):
        truth("mirror", 1)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("plot_clusters", "clusters must be what s.cluster_diffraction"),
        ("plot_domains", "domains must be what s.map_domains"),
        ("plot_scan", "scan must be what s.scan_output_dimension"),
        ("compare_amounts", "tables must be a dictionary"),
    ],
)
@pytest.mark.parametrize("value", [None, 3, "results", np.ones(3)])
def test_what_is_no_result_is_refused(function, words, value):
    with pytest.raises(TypeError, match=words):
        getattr(hspy_cnmf, function)(value)
