"""What was found out of phases: kept, shown and said."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf.data import crystal_phase
from hspy_cnmf.data._kinematic import reflections_of
from hspy_cnmf.phases.orientation import tilt_and_turn
from tests.helpers import crystals
from tests.helpers.crystals import FAST, KINDS, identified, matrix_of


def test_each_component_is_turned_as_it_is():
    found = identified()
    for component, (name, zone, in_plane) in enumerate(KINDS):
        orientation = found.orientation(component)
        if name is None:
            assert orientation is None
            continue
        phase = crystal_phase(name)
        assert orientation.symmetry == phase.point_group
        matrix = orientation.to_matrix()[0].T
        tilt, turn = tilt_and_turn(matrix, matrix_of(name, zone, in_plane), phase)
        assert tilt < 1.5
        assert turn < 0.5


def test_what_is_simulated_from_an_orientation_lies_on_the_spots():
    found = identified()
    spots = found.clusters.spots()
    for group, number in enumerate(found.phase_ids):
        if number < 0:
            continue
        phase = found.phases[number]
        places, _ = reflections_of(phase, found.matrices[group])
        scale = found.clusters.radial_step / 10
        center = (np.array(crystals.SHAPE) - 1) / 2
        pixels = places[:, ::-1] / scale + center
        for spot in spots[group]:
            apart = np.hypot(*(pixels - [spot["row"], spot["column"]]).T)
            assert apart.min() < 0.6


def test_results_are_kept_and_come_back(tmp_path):
    scan = crystals.analysed()
    found = scan.identify_phases(crystals.candidates()[:2], **FAST)
    scan.save(tmp_path / "scan.zspy")
    for signal in (scan, hs.load(tmp_path / "scan.zspy")):
        again = hspy_cnmf.get_phases(signal)
        assert repr(again.table.tolist()) == repr(found.table.tolist())  # NaN
        assert again.candidates.tolist() == found.candidates.tolist()
        np.testing.assert_array_equal(again.matrices, found.matrices)
        np.testing.assert_array_equal(again.phase_ids, found.phase_ids)
        assert again.parameters == found.parameters
        assert [p.name for p in again.phases] == [p.name for p in found.phases]
        assert [len(p.structure) for p in again.phases] == [2, 4]
    content = scan.metadata.hspy_cnmf._Diffraction_phases
    for name, text in content.as_dictionary().items():
        for damaged in (None, -1, "x", "[]", "{}", str(text)[:-2]):
            content.set_item(name, damaged)
            if name == "schema" and damaged is None:
                continue  # What version 0 wrote has none.
            with pytest.raises(ValueError, match="The phases kept in this signal"):
                hspy_cnmf.get_phases(scan)
        content.set_item(name, text)
    scan.cluster_diffraction(distance_threshold=0.3, print_info=False)
    with pytest.raises(RuntimeError, match="identify_phases"):
        hspy_cnmf.get_phases(scan)


def test_reflections_are_those_of_the_matrix_in_the_units_of_the_axes():
    found = identified()
    group = int(found.clusters.labels.data[1])
    places, amplitudes = found.reflections(group)
    assert amplitudes.max() == 1 and (amplitudes > 0).all()
    expected, _ = reflections_of(found.phases[0], found.matrices[group])
    for place in places[amplitudes > 0.3] / 10:  # 1/nm, and 1/Å
        assert np.hypot(*(expected - place).T).min() < 1e-3


def test_a_group_of_no_candidate_has_no_reflections():
    found = identified()
    glass = int(found.clusters.labels.data[0])
    with pytest.raises(ValueError, match=f"Group {glass} is none of the candidates"):
        found.reflections(glass)
    with pytest.raises(IndexError):
        found.reflections(99)


def test_it_says_what_each_group_is():
    found = identified()
    lines = found.summary().splitlines()[1:]
    assert len(lines) == found.clusters.n_clusters + len(found.notes)
    assert "one zone axis only: alpha-Fe, gamma-Fe" in lines[-1]
    words = found.table["phase"]
    for line, word in zip(lines[: len(words)], words, strict=True):
        assert word in line
    assert found.summary() in repr(found)
    assert found.has_map
