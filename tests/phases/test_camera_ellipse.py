"""An ellipse that several crystals tell is the camera's, one of each alone is not."""

import json

import numpy as np
import pytest
from diffpy.structure import Lattice, Structure
from orix.crystal_map import Phase

from hspy_cnmf.data._kinematic import Camera
from hspy_cnmf.phases.camera_ellipse import Ellipse, ellipse_notes
from hspy_cnmf.phases.group_spots import GroupSpots
from tests.helpers import crystals
from tests.helpers.crystals import FAST

#: Iron along several zone axes, turned otherwise.
KINDS = (
    ("alpha-Fe", (0, 0, 1), 10.0),
    ("alpha-Fe", (0, 1, 1), 37.0),
    ("alpha-Fe", (1, 1, 1), 50.0),
    ("gamma-Fe", (0, 1, 1), 71.0),
)


def identified(phases, kinds=KINDS, **camera):
    camera = Camera(crystals.SHAPE, precession=0.5, **camera)
    patterns = crystals.patterns_of(kinds, camera)
    clusters = crystals.clustered(patterns, distance_threshold=1e-6)
    return clusters.identify_phases(phases, **FAST)


def test_an_ellipse_that_crystals_agree_on_is_told_and_undone(caplog):
    found = identified(crystals.candidates(), distortion=0.03)
    ellipse = found.parameters["ellipse"]
    assert ellipse["ellipticity"] == pytest.approx(0.03, abs=0.006)
    assert ellipse["ellipse_angle"] == pytest.approx(30, abs=8)
    assert 3 <= ellipse["n_crystals"] <= len(KINDS)
    assert json.loads(json.dumps(ellipse)) == ellipse  # as it is kept
    (note,) = ellipse_notes(ellipse)
    assert "calibrate_from" in note
    assert note in found.summary() and note in caplog.text
    assert (found.phase_ids >= 0).all()


def test_no_ellipse_is_told_of_a_round_camera_or_few_crystals():
    assert identified(crystals.candidates()).parameters["ellipse"] == {}
    few = identified(crystals.candidates(), KINDS[:2], distortion=0.03)
    assert few.parameters["ellipse"] == {}


def test_crystals_that_are_distorted_themselves_tell_no_ellipse():
    lattice = Lattice(2.85, 2.85, 2.9, 90, 90, 90)
    (iron,) = crystals.candidates()[:1]
    structure = Structure(list(iron.structure), lattice=lattice)
    like = Phase("like iron", space_group=139, structure=structure)
    kinds = [("alpha-Fe", (1, 0, 0), angle) for angle in (0.0, 35.0, 70.0)]
    found = identified(like, kinds)
    assert found.parameters["ellipse"] == {}
    # Nor do parallel ones, which look as if it were the camera.
    parallel = [("alpha-Fe", (1, 0, 0), angle) for angle in (0.0, 1.5, 3.0)]
    assert identified(like, parallel).parameters["ellipse"] == {}


@pytest.mark.parametrize("degrees", [0, 30, 100])
def test_undone_spots_are_where_they_would_be(degrees):
    clusters = crystals.clustered(crystals.patterns_of())
    spots = GroupSpots.of(clusters, None, 5.0)
    strain = 0.01 * np.exp(2j * np.deg2rad(degrees))
    undone = Ellipse(strain, 0.001, 3).undone(spots)
    for one, other in zip(spots.patterns, undone.patterns, strict=True):
        seen, meant = one.places @ (1, 1j), other.places @ (1, 1j)
        np.testing.assert_allclose(seen, meant + strain * meant.conj(), atol=1e-6)


def test_only_what_is_sure_is_told():
    assert Ellipse(0.003, 0.001, 5).as_dictionary() == {}
    assert Ellipse(0.01, 0.001, 0).as_dictionary() == {}
    told = Ellipse(0.01j, 0.001, 5).as_dictionary()
    assert told["ellipticity"] == pytest.approx(0.02)
    assert told["ellipse_angle"] == pytest.approx(135)  # ky points down
    assert ellipse_notes({}) == []
