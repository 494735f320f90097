"""Sections on trust: residuals, check of components, overlap."""

import numpy as np
import pytest

from hspy_cnmf import get_component_check, get_fractions, get_residual
from hspy_cnmf.report.verification_sections import (
    check_section,
    overlap_section,
    residual_section,
)
from tests.conftest import QUICK


@pytest.fixture(scope="module")
def scan(make_scan):
    scan = make_scan(signal_type="electron_diffraction", signal=(24, 22))
    scan.decomposition(**QUICK)
    scan.check_components()
    scan.get_component_fractions()
    return scan


def n_rows(part):
    return part.split("<tbody>")[1].count("<tr")


def test_where_no_position_is_flagged_it_is_said(scan):
    other = scan.deepcopy()
    other.get_decomposition_residual(significance=1e-9)
    section, residual = residual_section(other), get_residual(other)
    assert residual.n_flagged == 0
    assert residual.summary()[1:-1] in section.finding
    assert section.parts[1] == "<p>No position is flagged.</p>"


def test_no_more_are_listed_than_fit_and_the_rest_is_counted(scan):
    other = scan.deepcopy()
    other.get_decomposition_residual(significance=0.9)
    n_flagged = get_residual(other).n_flagged
    listed = residual_section(other).parts[1]
    assert n_flagged > 20 and n_rows(listed) == 20
    assert f"{n_flagged - 20} more are not listed." in listed


def test_components_to_look_at_again_are_marked(scan):
    section, check = check_section(scan), get_component_check(scan)
    doubtful = np.flatnonzero(check.table["look_again"])
    table = section.parts[-1]
    assert table.count('class="doubtful"') == len(doubtful)
    assert n_rows(table) == len(check.table)
    if len(doubtful):
        listed = ", ".join(map(str, check.table["component"][doubtful]))
        assert section.finding == f"Look again at components: {listed}."
    else:
        assert section.finding == "All 3 components are seen where their maps are."


def test_fractions_and_pairs_are_counted(scan):
    section, fractions = overlap_section(scan), get_fractions(scan)
    assert fractions.summary()[1:-1] in section.finding
    tables = [part for part in section.parts if not part.startswith("<figure>")]
    assert n_rows(tables[0]) == fractions.n_components
    n_pairs = int((fractions.table()["n_positions"] > 0).sum())
    assert len(tables) == 1 + (n_pairs > 0)
    if n_pairs:
        assert n_rows(tables[1]) == min(n_pairs, 20)
