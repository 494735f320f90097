"""All groups are judged at one scale."""

import pytest

from hspy_cnmf.phases.group_spots import GroupSpots
from hspy_cnmf.phases.group_verdicts import decide
from hspy_cnmf.phases.matching import matches_of, prepared
from tests.helpers import crystals


def test_identified_groups_tell_the_scale_for_all():
    clusters = crystals.clustered(
        crystals.stack(crystals.patterns_of(), scale=1.003), crystals.maps()
    )
    spots = GroupSpots.of(clusters, None, 5.0)
    phases = crystals.candidates()
    settings = 0.03, 4.0, 0.005
    matches = [matches_of(spots, *prepared(spots, one, *settings)) for one in phases]
    names = [phase.name for phase in phases]
    verdicts, scale = decide(spots, matches, names, 0.005)
    words = [verdicts[group].word for group in clusters.labels.data]
    assert words == ["amorphous", "alpha-Fe", "alpha-Fe", "gamma-Fe"]
    assert scale.mean == pytest.approx(0.003, abs=2e-3)
    assert scale.deviation < 0.005
    # Without what is there nothing is learnt of the scale.
    verdicts, scale = decide(spots, matches[2:], names[2:], 0.005)
    assert not any(one.is_phase for one in verdicts)
    assert (scale.mean, scale.deviation) == (0.0, 0.005)
