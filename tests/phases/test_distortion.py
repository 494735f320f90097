"""A lattice that is distorted by a little is told from the candidate's."""

import numpy as np
import pytest

from hspy_cnmf.phases.crystal import Crystal
from hspy_cnmf.phases.distortion import distortions, strain_of
from hspy_cnmf.phases.match import match_of
from hspy_cnmf.phases.verdict import Verdict
from tests.helpers.crystals import matrix_of
from tests.phases.test_spot_matching import matcher, spots_of

TOOL = matcher("alpha-Fe")


def crystal(group, angle, stretched=0.0, along=0.0, number=0):
    """Return a crystal of iron, whose pattern is stretched along an angle."""
    matrix = matrix_of("alpha-Fe", (0, 0, 1), angle)
    pattern = spots_of(TOOL, matrix)
    match = match_of(TOOL, pattern, matrix[np.newaxis])
    places = pattern.places @ (1, 1j)
    places = places + stretched * np.exp(2j * np.deg2rad(along)) * places.conj()
    pattern.places[:] = np.stack([places.real, places.imag], axis=1)
    verdict = Verdict("iron", number, None, np.inf)
    matches = [match] * (number + 1)
    return Crystal(group, np.arange(len(pattern)), pattern, matches, verdict)


@pytest.mark.parametrize("along", [0.0, 30.0, 120.0])
def test_the_strain_of_a_pattern_is_found(along):
    one = crystal(0, 20.0, 0.004, along)
    strain, variance = strain_of(one.pattern, one.best)
    turn = np.exp(2j * np.deg2rad(along))
    assert strain == pytest.approx(0.004 * turn, abs=2e-5)
    assert 0 < variance < 0.004**2


def test_a_phase_is_distorted_beyond_its_errors_or_not():
    unturned = np.ones(3, bool)
    right = [crystal(k, 20.0 * k) for k in range(3)]
    assert distortions(right, unturned, 0.005) == {}
    assert distortions([], unturned, 0.005) == {}
    # About the crystals' own axes, so that no camera does it to all of them.
    wrong = [crystal(k, 40.0 * k, 0.01, 20.0 - 40.0 * k) for k in range(3)]
    found = distortions(wrong, unturned, 0.005)
    assert found == {0: pytest.approx(0.02, rel=0.3)}


def test_what_the_camera_does_to_all_is_none_of_a_phase():
    unturned = np.ones(4, bool)
    ellipse = [crystal(k, 25.0 * k, 0.006, 10.0, number=k % 2) for k in range(4)]
    assert distortions(ellipse, unturned, 0.005) == {}
