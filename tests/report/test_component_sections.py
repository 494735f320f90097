"""Sections on the number of components, factors and maps, and restarts."""

import numpy as np
import pytest

from hspy_cnmf import get_result, get_scan
from hspy_cnmf.report.component_sections import (
    component_section,
    restart_section,
    scan_section,
)
from tests.conftest import QUICK
from tests.selection.test_scan import SHORT


@pytest.fixture(scope="module")
def scan(make_scan):
    """A decomposed scan whose number of components was looked for."""
    scan = make_scan(signal_type="electron_diffraction")
    scan.decomposition(**QUICK | {"random_state": 4})  # whose second start wins
    scan.scan_output_dimension([2, 3], **SHORT)
    return scan


def rows_of(part):
    """Return the rows of a table, as they are marked."""
    return part.split("<tbody>")[1].split("<tr")[1:]


def test_the_number_that_is_suggested_is_marked(scan):
    section, found = scan_section(scan), get_scan(scan)
    assert section.finding == f"Suggested are {found.reason}"
    assert "reason" not in section.parameters
    rows = rows_of(section.parts[1])
    marked = ['class="chosen"' in row for row in rows]
    assert marked == [n == found.suggested for n in found.output_dimensions]


def test_counts_of_components_sum_to_all(scan):
    section, result = component_section(scan), get_result(scan)
    assert section.finding.startswith("3 components; mean squared error")
    rows = rows_of(section.parts[-1])
    shares = [float(row.split("<td")[3].split(">")[1].split("<")[0]) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    counts = result.factors.sum(axis=1) * result.loadings.sum(axis=1)
    np.testing.assert_allclose(shares, 100 * counts / counts.sum(), rtol=1e-3)


def test_the_start_that_is_kept_is_marked(scan):
    section, result = restart_section(scan), get_result(scan)
    assert result.summary() in section.finding
    assert result.agreement_summary() in section.finding
    _, starts, again = section.parts
    marked = ['class="chosen"' in row for row in rows_of(starts)]
    assert result.best != 0  # or the first would do
    assert marked == [i == result.best for i in range(2)]
    doubtful = ['class="doubtful"' in row for row in rows_of(again)]
    assert doubtful == (result.found_again < 0.5).tolist()
