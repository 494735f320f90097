"""Laws of grains of polycrystals."""

import numpy as np
import pytest

from hspy_cnmf import data
from hspy_cnmf.data import _patterns
from hspy_cnmf.data._polycrystals import _cubic_grains, _turned_grain


@pytest.mark.parametrize(("index", "symmetry"), [(0, 6), (1, 4), (2, 6), (5, 4)])
def test_grains_of_plane_lattices_have_their_symmetry(index, symmetry):
    grain = _turned_grain(index, np.random.default_rng(index))
    turned = _patterns.rotate_vectors(grain.vectors, 360 / symmetry)
    gaps = np.linalg.norm(turned[:, np.newaxis] - grain.vectors, axis=2)
    assert gaps.min(axis=1).max() < 1e-9
    same = grain.intensities[gaps.argmin(axis=1)]
    np.testing.assert_allclose(same, grain.intensities)
    assert grain.intensities.sum() == pytest.approx(1)
    assert 0 <= grain.orientation < 360 / symmetry
    nearest = np.hypot(*grain.vectors.T).argmin()
    x, y = grain.vectors[nearest]
    direction = np.rad2deg(np.arctan2(-y, x)) % (360 / symmetry)
    off = (direction - grain.orientation + 15) % (360 / symmetry) - 15
    assert off == pytest.approx(0, abs=1e-6)


def test_close_grains_are_nearly_oriented_as_others():
    grains = _cubic_grains(6, 2, np.random.default_rng(0))
    assert [g.name.split()[0] for g in grains[:4]] == ["diamond", "face-centred"] * 2
    assert [g.name.split()[0] for g in grains[4:]] == ["diamond", "face-centred"]

    def unlikeness(one, other):
        gaps = np.linalg.norm(one.vectors[:, np.newaxis] - other.vectors, axis=2)
        return np.average(gaps.min(axis=1), weights=one.intensities)

    for close, other in ((4, 0), (5, 1)):
        others = [unlikeness(grains[close], g) for g in grains]
        others[close] = np.inf
        assert np.argmin(others) == other
    for grain in grains:
        assert grain.intensities.sum() == pytest.approx(1)
        lengths = np.hypot(*grain.vectors.T)
        assert lengths.min() > 2.5 and lengths.max() < 7.6  # 1/nm


def test_turned_grains_are_as_described():
    signal, truth = data.turned_grains(random_state=0, return_truth=True)
    assert len(truth.names) == 6 and not truth.boundary.data.any()
    assert signal.data.sum(axis=(2, 3)).mean() == pytest.approx(300, rel=0.02)
    rows, columns = np.indices((64, 64)) - 31.5
    near = np.hypot(rows, columns) < 4
    share = signal.data[..., near].sum() / signal.data.sum()
    assert 0.22 < share < 0.3  # a quarter, and some of the background
