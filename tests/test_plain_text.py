"""Text from files: no markup for anything that shows it."""

import csv
import html

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hspy_cnmf.plain_text import html_text, plain_text, plain_units, spreadsheet_cell
from hspy_cnmf.tables import Table

ANYTHING = st.text(st.characters(), max_size=300)


@given(ANYTHING, st.integers(1, 400))
def test_plain_text_is_one_short_line_that_can_be_encoded(text, longest):
    plain = plain_text(text, longest)
    plain.encode("utf-8")
    assert len(plain) <= longest and len(plain.splitlines()) <= 1
    assert plain_text(plain, longest) == plain


@given(ANYTHING)
def test_html_is_the_text_and_nothing_else(text):
    shown = html_text(text)
    assert html.unescape(shown) == plain_text(text, 10_000)
    assert not {"<", ">", '"', "'"} & set(shown)


@given(st.one_of(ANYTHING, st.integers(), st.floats(), st.booleans()))
def test_no_cell_is_a_formula_and_numbers_stay_numbers(value):
    cell = spreadsheet_cell(value)
    if isinstance(value, str):
        assert not cell.startswith(("=", "+", "-", "@"))
        assert cell.removeprefix("'") == plain_text(value, 10_000).removeprefix("'")
    else:
        assert cell == "" if value != value else cell is value


@pytest.mark.parametrize(
    ("units", "plain"),
    [
        ("nm$^{-1}$", "nm⁻¹"),
        ("$nm^{-1}$", "nm⁻¹"),
        ("$A^{-1}$", "Å⁻¹"),
        ("$\\AA^{-1}$", "Å⁻¹"),
        ("$\\micro$m", "µm"),
        ("$\\mu$m", "µm"),
        ("m s$^2$", "m s²"),
        ("100 $", "100 $"),
        ("1/nm", "1/nm"),
        ("\udcff", ""),
    ],
)
def test_units_are_plain(units, plain):
    assert plain_units(units) == plain


def test_tables_are_saved_and_read_again(tmp_path):
    table = Table.from_columns(
        name=["=1+1", "a,b\n", "\udc80x"], value=[-1.5, 2, np.nan]
    )
    table.save(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [["name", "value"], ["'=1+1", "-1.5"], ["a,b", "2.0"], ["x", ""]]
    assert "<td>=1+1</td>" in table._repr_html_()
