"""Bad pixels that a reading of a scan tells."""

import numpy as np
import pytest

from hspy_cnmf.decomposition.detector import bad_pixels_of, confirm_hot_pixels
from hspy_cnmf.operators.inspection import Inspection

SHAPE = (20, 22)


def counts(n_positions=60, seed=0):
    """Return counts of a smooth pattern, whose middle varies with the specimen."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(*(np.indices(SHAPE) - 9.5))
    brightness = rng.uniform(0.2, 1.8, (n_positions, 1, 1))
    return rng.poisson(400 * brightness * np.exp(-radius / 2.5) + 20) * 1.0


def read(data, keep):
    """Return what a reading of the pixels that take part tells."""
    inspection = Inspection.of_nothing(len(data), int(keep.sum()))
    inspection.add(slice(0, len(data)), data[:, keep])
    return inspection


def found_in(data, keep):
    inspection = read(data, keep)
    found = bad_pixels_of(inspection, keep, len(data))
    return confirm_hot_pixels(found, inspection, keep, len(data))


ALL = np.ones(SHAPE, bool)
MASKED = ALL.copy()
MASKED[:3] = False


@pytest.mark.parametrize("keep", [ALL, MASKED], ids=["all", "masked"])
def test_bad_pixels_of_each_kind_are_found_and_no_other(keep):
    data = counts()
    assert not found_in(data, keep).all.any()
    data[:, 7, 8] = 0
    data[:, 12, 4] = np.random.default_rng(1).poisson(5000, 60)
    data[:, 17, 3] = 4095
    data[:, 15, 16] = np.nan
    found = found_in(data, keep)
    assert np.argwhere(found.dead).tolist() == [[7, 8], [15, 16]]
    assert np.argwhere(found.hot).tolist() == [[12, 4]]
    assert np.argwhere(found.stuck).tolist() == [[17, 3]]


def test_bad_pixels_that_took_no_part_are_not_told():
    data = counts()
    data[:, 1, 1] = 5000
    data[:, 2, 5] = np.nan
    assert not found_in(data, MASKED).all.any()


def test_a_sharp_spot_that_comes_and_goes_is_not_hot():
    """Its counts vary over the scan far more than those of a pixel that is hot."""
    data = counts()
    data[::3, 12, 4] = 15000
    inspection = read(data, ALL)
    assert bad_pixels_of(inspection, ALL, len(data)).hot[12, 4]
    assert not found_in(data, ALL).hot.any()


def sparse(seed, sigma):
    """Return few counts of spots that vary over the scan, some 0.2 in a pixel."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((48, 48))
    pattern = np.full((48, 48), 0.002)
    for y, x in rng.uniform(2, 45, (40, 2)):
        distance = (rows - y) ** 2 + (columns - x) ** 2
        pattern += rng.exponential(0.8) * np.exp(-distance / 2 / sigma**2)
    brightness = rng.gamma(1.0, size=(100, 1, 1))
    return rng.poisson(brightness * pattern) * 1.0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sigma", [0.5, 0.6, 1.2])
def test_few_counts_tell_of_hot_pixels_and_take_no_spot_for_one(seed, sigma):
    data = sparse(seed, sigma)
    keep = np.ones((48, 48), bool)
    assert not found_in(data, keep).hot.any()
    data[:, 12, 4] += np.random.default_rng(seed).poisson(60.0, 100)
    assert np.argwhere(found_in(data, keep).hot).tolist() == [[12, 4]]


def test_few_positions_do_not_tell():
    data = counts(20)
    data[:, 12, 4] = np.random.default_rng(1).poisson(5000, 20)
    assert not found_in(data, ALL).hot.any()


@pytest.mark.parametrize("shape", [(440,), (4, 5, 22)])
def test_other_than_images_have_none(shape):
    data = counts().reshape(60, *shape)
    data.reshape(60, -1)[:, 3] = 0
    keep = np.ones(shape, bool)
    found = bad_pixels_of(read(data, keep), keep, 60)
    assert found.all.shape == shape and not found.all.any()
