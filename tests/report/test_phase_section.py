"""The section on phases."""

import pytest

from hspy_cnmf.report.phase_section import phase_section
from tests.helpers import crystals
from tests.helpers.crystals import FAST


@pytest.fixture(scope="module")
def identified():
    scan = crystals.analysed()
    return scan, scan.identify_phases(crystals.candidates()[:2], **FAST)


def test_groups_phases_and_amounts_are_told(identified):
    scan, found = identified
    section = phase_section(scan, 0.0)
    n_known = int((found.phase_ids >= 0).sum())
    n = len(found.phase_ids)
    assert section.finding == f"{n_known} of {n} groups are one of alpha-Fe, gamma-Fe."
    assert section.parameters == found.parameters
    image, groups, *others = section.parts
    notes, amounts = others[: len(found.notes)], others[len(found.notes) :]
    assert "along one zone axis only: gamma-Fe, alpha-Fe" in notes[0]
    assert image.startswith("<figure>")
    assert groups.count("<tr") == n + 1
    for word in found.table["phase"]:
        assert f"<td>{word}</td>" in groups
    starts = ("Part of the scan", "Particles per area", "Diameters of particles")
    for part, start in zip(amounts, starts, strict=True):
        assert start in part
    fractions = found.area_fractions()
    assert amounts[0].count("<tr") == len(fractions) + 1


def test_spectra_of_maps_are_told_not_to_be_counted(identified):
    """Of a line scan there are no particles; it is said, and the rest is shown."""
    scan = crystals.make_scan().inav[:, 9]
    scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=3,
        n_init=1,
        max_iter=20,
        random_state=0,
        print_info=False,
    )
    scan.cluster_diffraction(distance_threshold=0.3, print_info=False)
    scan.identify_phases(crystals.candidates()[:1], **FAST)
    parts = phase_section(scan, 0.0).parts
    said = [part for part in parts if part.startswith("<p>")]
    assert any("Number densities: not measured." in part for part in said)
    assert any("Part of the scan" in part for part in parts)
