"""Tables as text: the digits that an uncertainty earns, no nan."""

import re
from math import floor, log10

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.tables import Table, with_uncertainty

SIZES = st.floats(1e-9, 1e9)


@pytest.mark.parametrize(
    "value, uncertainty, text",
    [
        (0.2564, 0.00013, "0.25640(13)"),
        (12.34, 1.2, "12.3(12)"),
        (1234.4, 56.1, "1234(56)"),
        (12345.0, 678.0, "12340(680)"),
        (-0.5, 0.0996, "-0.50(10)"),
        (3e-12, 1.5e-14, "3.000(15)e-12"),
        (5.0, np.nan, "5"),
        (np.nan, np.nan, "–"),
        (5.25, 0.0, "5.25"),
    ],
)
def test_numbers_have_the_digits_that_their_uncertainty_earns(value, uncertainty, text):
    assert with_uncertainty(value, uncertainty) == text


@given(value=SIZES, uncertainty=SIZES, sign=st.sampled_from([-1, 1]))
def test_text_tells_value_and_uncertainty(value, uncertainty, sign):
    text = with_uncertainty(sign * value, uncertainty)
    digits, error, power = re.fullmatch(
        r"(-?[\d.]+)\((\d+)\)(?:e(-?\d+))?", text
    ).groups()
    last = 10.0 ** -len(digits.partition(".")[2])
    scale = 10.0 ** int(power or 0)
    assert int(error) * last * scale == pytest.approx(uncertainty, rel=0.051)
    step = 10.0 ** (floor(log10(uncertainty)) - 1)
    assert float(digits) * scale == pytest.approx(
        sign * value, abs=5.01 * step, rel=1e-9
    )


def test_what_is_not_known_is_no_nan_and_files_have_two_columns(tmp_path):
    table = Table.from_columns(
        group=[0, 1],
        diameter=[5.0, 0.2564],
        uncertainty=[np.nan, 0.00013],
        standard_deviation=[np.nan, 0.2],
        unit=["nm", "nm"],
    )
    head, *rows = table.cells()
    assert head == ["group", "diameter", "standard_deviation", "unit"]
    assert rows == [["0", "5", "–", "nm"], ["1", "0.25640(13)", "0.2", "nm"]]
    assert "nan" not in str(table) + table._repr_html_()
    table.save(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "group,diameter,uncertainty,standard_deviation,unit"
    assert lines[2].startswith("1,0.2564,0.00013,")


def test_a_note_is_shown_below_and_no_part_of_a_file(tmp_path):
    table = Table.from_columns(width=[1.0, 2.0])
    assert table.note == ""
    table.note = "Not corrected <for> blur."
    some = table.rows(np.array([True, False]))
    assert str(some).splitlines() == ["width", "    1", table.note]
    assert some._repr_html_().endswith("<p>Not corrected &lt;for&gt; blur.</p>")
    some.save(tmp_path / "some.csv")
    assert (tmp_path / "some.csv").read_text().split() == ["width", "1.0"]


def test_the_name_of_before_makes_the_same_table():
    assert str(Table.of(a=[1, 2])) == str(Table.from_columns(a=[1, 2]))
