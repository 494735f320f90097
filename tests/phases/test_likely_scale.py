"""A scale that is wrong is told, and none where groups fit or candidates are wrong."""

import json

import numpy as np
import pytest

from hspy_cnmf.data import crystal_phase
from hspy_cnmf.phases.likely_scale import scale_advice
from tests.helpers import crystals
from tests.helpers.crystals import FAST

#: Alpha iron along two zone axes, and gamma iron.
KINDS = (
    ("alpha-Fe", (0, 0, 1), 10.0),
    ("alpha-Fe", (0, 1, 1), 37.0),
    ("gamma-Fe", (0, 1, 1), 71.0),
)


def identified(phases, scale=1.0, **arguments):
    signal = crystals.stack(crystals.patterns_of(KINDS), scale=scale)
    clusters = crystals.clustered(signal)
    return clusters.identify_phases(phases, **FAST, **arguments)


@pytest.mark.parametrize("scale", [0.96, 1.025])
def test_a_scale_that_is_wrong_is_told_with_what_to_do(scale, caplog):
    found = identified(crystals.candidates(), scale)
    assert (found.phase_ids == -1).all()
    likely = found.parameters["likely_scale"]
    assert likely["factor"] == pytest.approx(1 / scale, abs=2 * likely["uncertainty"])
    assert 0 < likely["uncertainty"] < 0.005
    assert likely["n_groups"] == likely["n_crystals"] == found.clusters.n_clusters
    assert likely["phases"] == ["alpha-Fe", "gamma-Fe"]
    assert json.loads(json.dumps(likely)) == likely  # as it is kept
    (note,) = scale_advice(likely)
    assert "calibrate_from='alpha-Fe'" in note
    assert note in found.summary() and note in caplog.text
    # It is not applied, but what is advised mends it.
    mended = identified(crystals.candidates(), scale, calibrate_from="alpha-Fe")
    assert (mended.phase_ids >= 0).all()
    assert mended.parameters["likely_scale"] == {}


def test_nothing_is_told_of_candidates_that_are_not_there():
    wrong = [crystal_phase(name) for name in ("Si", "Ti")]
    found = identified(wrong)
    assert (found.phase_ids == -1).all()
    assert found.parameters["likely_scale"] == {}
    # One that is there tells the scale for all.
    half = identified([crystal_phase("alpha-Fe"), *wrong])
    assert (half.phase_ids == 0).sum() == 2
    assert half.parameters["likely_scale"] == {}


def test_few_spots_that_any_cubic_crystal_has_tell_no_scale():
    spots = 39.5 + 12.0 * np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
    rows, columns = np.indices(crystals.SHAPE)
    square = sum(
        np.exp(-((rows - r) ** 2 + (columns - c) ** 2) / (2 * 1.3**2)) for r, c in spots
    )
    clusters = crystals.clustered(crystals.stack(np.stack([square, square]) + 1e-6))
    found = clusters.identify_phases(crystal_phase("gamma-Fe"), **FAST)
    assert (found.phase_ids == -1).all()
    assert found.parameters["likely_scale"] == {}


def test_the_advice_says_what_else_it_may_be():
    likely = {"factor": 0.98, "uncertainty": 0.002, "n_groups": 3, "n_crystals": 4}
    (note,) = scale_advice(likely | {"phases": ["Al", "Cu"]})
    assert note.startswith("3 of 4 groups with spots would be Al or Cu")
    assert "multiplied by 0.9800 +- 0.0020" in note
    assert "cells 2.0% smaller" in note
    (note,) = scale_advice(likely | {"factor": 1.02, "phases": ["Al"]})
    assert "cells 2.0% larger" in note
    assert scale_advice({}) == []
