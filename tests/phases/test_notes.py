"""Tables of phases in words."""

import numpy as np

from hspy_cnmf.phases.calibration import Calibration
from hspy_cnmf.phases.notes import (
    calibration_notes,
    excitation_notes,
    lattice_notes,
    told_apart,
)
from hspy_cnmf.tables import Table


def test_a_wider_excitation_error_is_advised_and_told_where_there_is_one():
    table = Table.from_columns(group=[0, 2], wider_excitation_error=[0.0, 0.0])
    assert excitation_notes(table, 0.0) == []
    assert excitation_notes(table[["group"]].view(Table), 0.0) == []  # an older one
    (note,) = excitation_notes(table, 0.1)
    assert "max_excitation_error=0.1" in note
    table["wider_excitation_error"][1] = 0.1
    thin, _ = excitation_notes(table, 0.1)
    assert "0.1 1/Å" in thin and thin.endswith("group 2")


def test_a_refined_scale_is_told_and_what_is_not_by_it():
    refined = Calibration(1.0257, 0.0014, n_groups=2, n_spots=23).as_dictionary()
    told, left = calibration_notes({"calibration": refined, "calibrate_from": "NaCl"})
    assert told.startswith("the scale of the patterns was refined from 'NaCl'")
    assert "lattice distances" in left and "divide them by 1.0257" in left
    assert calibration_notes({"calibration": Calibration().as_dictionary()}) == []


def test_it_is_told_what_a_phase_that_is_not_listed_could_be():
    table = Table.from_columns(
        phase=["iron", "none of these", "iron", "copper", "not distinguishable"],
        candidate=["iron", "", "iron", "copper", "silver"],
        n_zone_axes=[2, 0, 2, 1, 0],
        distortion=[0.0, np.nan, 0.0, 0.0, 0.012],
    )
    once, distorted = lattice_notes(table)
    assert "copper" in once and "iron" not in once
    assert distorted.startswith("silver") and "1.2%" in distorted
    assert lattice_notes(table[["phase"]].view(Table)) == []  # an older one
    assert lattice_notes(table[:3]) == []


def test_what_would_tell_is_said_of_what_is_not_distinguishable():
    table = Table.from_columns(
        deciding=["scale", "scale", "2.030", "2.030"],
        second=["", "", "", "copper"],
        wider_excitation_error=[0.0, 0.1, 0.0, 0.0],
        scale_residual=[0.012, 0.0, 0.0, 0.0],
        distortion=[np.nan] * 4,
    )
    size, thin, cell, two = (told_apart(row) for row in table)
    assert "another size" in size and "+1.2%" in size
    assert "intensities" in thin and "%" not in thin
    assert "smaller cell" in cell and cell.endswith("2.030 Å")
    assert two.startswith("copper") and two.endswith("2.030 Å")


def test_a_distorted_lattice_is_told_by_how_much():
    table = Table.from_columns(deciding=["scale"], second=[""], distortion=[0.012])
    assert "1.2%" in told_apart(table[0])
