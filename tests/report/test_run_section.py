"""The section on parameters and versions."""

import platform

import numpy as np

from hspy_cnmf import __version__, get_result
from hspy_cnmf.report.page import Section
from hspy_cnmf.report.run_section import run_section
from tests.conftest import QUICK


def section_of(scan, *others):
    scan.decomposition(**QUICK)
    return run_section(scan, others)


def test_parameters_are_those_of_the_result(make_scan):
    scan = make_scan()
    section = section_of(scan)
    assert section.finding == (
        f"Algorithm constrained_nmf, random_state=0, of hspy-cnmf {__version__}. "
        f"This report was written by hspy-cnmf {__version__}."
    )
    first, versions = section.parts
    assert "Factorisation: parameters." in first
    for name, value in get_result(scan).parameters.items():
        assert f"<td>{name}</td>" in first
        if isinstance(value, int):
            assert f"<td>{name}</td><td>{value}</td>" in first
    assert f"<td>numpy</td><td>{np.__version__}</td>" in versions
    assert f"<td>Python</td><td>{platform.python_version()}</td>" in versions


def test_each_section_with_parameters_has_a_table(make_scan):
    others = (
        Section("one", "First", "", (), {"width": 0.123456789, "name": "<b>"}),
        Section("two", "Second", "", ()),
    )
    parts = section_of(make_scan(), *others).parts
    assert len(parts) == 3
    assert "First: parameters." in parts[1]
    assert "<td>width</td><td>0.123457</td>" in parts[1]
    assert "<td>name</td><td>&lt;b&gt;</td>" in parts[1]
