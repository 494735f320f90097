"""The section on groups of components."""

import pytest

from hspy_cnmf import get_clusters
from hspy_cnmf.report.group_section import _measurements, group_section
from tests.helpers import crystals


@pytest.fixture(scope="module")
def scan():
    return crystals.analysed()


def test_groups_are_listed_with_their_members(scan):
    section, clusters = group_section(scan, 0.0), get_clusters(scan)
    assert section.finding.startswith(f"4 components in {clusters.n_clusters} groups")
    assert section.parameters == clusters.parameters
    (members,) = [part for part in section.parts if "Members of the groups" in part]
    for group in range(clusters.n_clusters):
        listed = ", ".join(map(str, clusters.members(group)))
        assert f"<td>{listed}</td>" in members
    assert section.parts[0].startswith("<figure>")


def test_a_blur_is_told_where_it_is_corrected_for(scan):
    clusters = get_clusters(scan)
    sharp, blurred = (list(_measurements(clusters, blur)) for blur in (0.0, 3.0))
    told = ["corrected for a blur of 3" in part for part in blurred]
    assert told == [False, True, True]
    assert blurred[0] == sharp[0] and "Lattice distances from" in sharp[0]
    assert "for a blur of" not in " ".join(sharp)


def test_what_cannot_be_measured_is_told_why():
    clusters = crystals.clustered(crystals.patterns_of())
    distances, *said = _measurements(clusters, 0.0)
    assert distances.startswith("<div")
    assert len(said) == 2
    for part in said:
        assert part.startswith("<p>") and "not measured." in part and "maps" in part
