"""Tables of what was found out about phases."""

from dataclasses import replace

import numpy as np

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.scale import Scale
from hspy_cnmf.phases.tables import candidate_table, group_table
from hspy_cnmf.phases.verdict import verdict_of
from tests.helpers.crystals import identified, matrix_of
from tests.phases.test_spot_matching import matcher, spots_of


def test_tables_have_a_row_for_each_group_and_candidate():
    found = identified()
    with_spots = int((found.table["n_spots"] > 0).sum())
    assert len(found.table) == found.clusters.n_clusters
    assert len(found.candidates) == with_spots * len(found.phases)
    assert (found.table["n_explained"] <= found.table["n_spots"]).all()


def case(names=("alpha-Fe", "gamma-Fe")):
    """Return what tables are of: a group of iron, and one without spots."""
    matrix = matrix_of("alpha-Fe", (0, 0, 1), 20.0)
    tools = [matcher(name) for name in names]
    pattern = spots_of(tools[0], matrix)
    patterns = [pattern, pattern[np.zeros(len(pattern), bool)]]
    matches = [{0: match_of(tool, pattern, matrix[np.newaxis])} for tool in tools]
    phases = [crystal_phase(name) for name in names]
    return patterns, matches, [tool.reflections for tool in tools], phases


def test_a_right_candidate_explains_all_and_nothing_is_missing():
    patterns, matches, lattices, phases = case()
    right, wrong = candidate_table(patterns, matches, lattices, phases)
    assert (right["group"], right["phase"], wrong["phase"]) == (
        0,
        *("alpha-Fe", "gamma-Fe"),
    )
    assert right["n_explained"] == right["n_spots"] == len(patterns[0])
    assert right["distances_missing"] == right["distances_unexplained"] == 0
    assert right["distances_found"] == right["distances_expected"] > 2
    assert right["evidence"] > wrong["evidence"]
    assert right["zone_axis"] in ("[0 0 1]", "[0 1 0]", "[1 0 0]")
    assert right["off_axis"] < 0.5
    assert wrong["n_explained"] < wrong["n_spots"]
    assert wrong["distances_unexplained"] > 0


def test_without_matches_columns_are_of_the_same_kinds():
    patterns, matches, lattices, phases = case()
    whole = candidate_table(patterns, matches, lattices, phases)
    none = candidate_table(patterns, [{}, {}], lattices, phases)
    assert len(none) == 0
    assert none.names == whole.names
    kinds = [[rows.dtype[name].kind for name in rows.names] for rows in (none, whole)]
    assert kinds[0] == kinds[1]


def test_a_group_has_its_verdict_and_the_measures_of_its_best():
    patterns, matches, lattices, phases = case()
    names, before = [phase.name for phase in phases], Scale(0.0, 0.005)
    found = [[some[k] for some in matches if k in some] for k in range(len(patterns))]
    crystals = [
        Crystal(
            group,
            np.arange(len(pattern)),
            pattern,
            some,
            verdict_of(pattern, 0.5, some, names, before, before),
        )
        for group, (pattern, some) in enumerate(zip(patterns, found, strict=True))
    ]
    second = replace(crystals[0], share=0.3)
    errors = [(0.5, 0.1), (np.nan, np.nan), (1.5, 0.3)]
    rows = group_table([*crystals, second], lattices, phases, errors)
    crystal, nothing, other = rows
    assert [row["crystal"] for row in (crystal, nothing, other)] == [1, 1, 2]
    assert (other["group"], other["part"], crystal["part"]) == (0, 0.3, 1.0)
    assert (crystal["phase"], crystal["candidate"]) == ("alpha-Fe", "alpha-Fe")
    assert crystal["second"] == "gamma-Fe" and crystal["deciding"] == ""
    assert crystal["other_scale"] == 0 and np.isnan(nothing["other_scale"])
    assert crystal["margin"] == crystals[0].verdict.margin > 0
    assert crystal["distortion"] == 0 and np.isnan(nothing["distortion"])
    assert rows["n_zone_axes"].tolist() == [1, 0, 1]
    assert nothing["candidate"] == "" and nothing["n_spots"] == 0
    assert np.isnan(nothing["correlation"])
    assert np.array_equal(rows["tilt_error"], [0.5, np.nan, 1.5], equal_nan=True)
    assert np.array_equal(rows["turn_error"], [0.1, np.nan, 0.3], equal_nan=True)
