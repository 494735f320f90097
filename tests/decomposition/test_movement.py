"""What is told of patterns that move over a scan, and between scans of a series."""

import numpy as np
import pytest

from hspy_cnmf.decomposition.movement import movement_notes
from hspy_cnmf.operators import SeriesOperator, StreamedOperator

SHAPE, CENTER = (20, 22), (9.5, 10.0)
ALL = np.ones(SHAPE, bool)
SCAN = np.ones((24, 24), bool)


def scan(movement=0.0, shift=0.0):
    """Return patterns that move over a scan, and are shifted, by pixels along rows."""
    rows, columns = np.indices(SHAPE)
    places = (np.arange(24) + 0.5) / 24 - 0.5
    centers = CENTER[1] + shift + movement * places[:, np.newaxis, np.newaxis]
    images = np.exp(-((rows - CENTER[0]) ** 2 + (columns - centers) ** 2) / 18)
    return np.broadcast_to(1000 * images, (24, 24, *SHAPE)).copy()


def notes_of_series(*scans):
    masks = [np.ones(data.shape[:2], bool) for data in scans]
    operators = [StreamedOperator(d, m, ALL) for d, m in zip(scans, masks, strict=True)]
    return movement_notes(SeriesOperator(operators), (None, None), masks, ALL, CENTER)


@pytest.mark.parametrize("scaled", [False, True])
def test_movement_is_that_of_means_whatever_the_scales(scaled):
    data, scales = scan(movement=2.4), (None, None)
    values = data
    if scaled:
        rng = np.random.default_rng(0)
        scales = rng.uniform(1, 2, 576), rng.uniform(1, 2, ALL.size)
        by_position = scales[0].reshape(24, 24, 1, 1)
        values = data / by_position / scales[1].reshape(SHAPE)
    operator = StreamedOperator(values, SCAN, ALL)
    (note,) = movement_notes(operator, scales, [SCAN], ALL, CENTER)
    assert note.startswith("Patterns move by 2.4 pixels over the scan")


def test_a_few_positions_tell_of_no_movement():
    keep = np.ones((2, 1), bool)
    operator = StreamedOperator(scan(2.0)[:2, :1], keep, ALL)
    assert not movement_notes(operator, (None, None), [keep], ALL, CENTER)


def test_a_scan_of_a_series_whose_patterns_move_is_named():
    (note,) = notes_of_series(scan(), scan(movement=2.4), scan()[:20])
    assert note.startswith("Scan 1: Patterns move by 2.4 pixels")


def test_a_scan_of_a_series_that_is_shifted_is_named():
    (note,) = notes_of_series(scan(), scan(shift=1.5)[:16], scan()[:, :20])
    assert "patterns of scan 1 by +0.0 rows, +1.5 columns are off" in note
    assert not notes_of_series(scan(), scan()[:16], scan()[:, :20])


def test_of_a_masked_scan_nothing_is_told():
    masks = [SCAN, np.zeros((3, 4), bool), SCAN]
    data = [scan(), scan()[:3, :4], scan(shift=1.5)]
    operators = [StreamedOperator(d, m, ALL) for d, m in zip(data, masks, strict=True)]
    series = SeriesOperator(operators)
    (note,) = movement_notes(series, (None, None), masks, ALL, CENTER)
    assert "patterns of scan 2 by +0.0 rows, +1.5 columns" in note
