"""Docstrings taken apart at their parameters, and put together again."""

import pytest

from hspy_cnmf import decompose, map_domains
from hspy_cnmf.docstrings import Documentation


@pytest.mark.parametrize("function", [decompose, map_domains])
def test_what_is_put_together_again_is_the_same(function):
    once = str(Documentation.parse(function.__doc__))
    assert str(Documentation.parse(once)) == once


@pytest.mark.parametrize(
    "text", [None, "", "One line.", "Title\n\nReturns\n-------\nx"]
)
def test_docstrings_without_parameters_stay_as_they_are(text):
    assert str(Documentation.parse(text)).strip() == (text or "").strip()


def test_an_entry_is_replaced_within_its_group():
    text = "Do.\n\nParameters\n----------\na, b, c : int\n    Numbers."
    documentation = Documentation.parse(text)
    other = Documentation.parse(text.replace("a, b, c", "d")).entries
    names = [e.names for e in documentation.replace("b", other).entries]
    assert names == [("a",), ("d",), ("c",)]
    assert [e.names for e in documentation.replace("a", []).entries] == [("b", "c")]
