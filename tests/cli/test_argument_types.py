"""Numbers and sizes from text."""

import argparse

import pytest

from hspy_cnmf.cli import argument_types as types


@pytest.mark.parametrize(
    "read, text, expected",
    [
        (types.count, "3", 3),
        (types.count_or_auto, "auto", "auto"),
        (types.count_or_auto, "7", 7),
        (types.number_of_domains, "2", 2),
        (types.rank, "none", None),
        (types.rank, "auto", "auto"),
        (types.rank, "64", 64),
        (types.memory, "2 GB", 2 * 10**9),
        (types.distance, "0.5", 0.5),
    ],
)
def test_text_is_read(read, text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "read, text",
    [
        (types.count, "0"),
        (types.count_or_auto, "-1"),
        (types.number_of_domains, "1"),
        (types.number_of_domains, "scan.hspy"),
        (types.memory, "much"),
        (types.distance, "-1"),
        (types.distance, "nan"),
    ],
)
def test_what_makes_no_sense_is_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
