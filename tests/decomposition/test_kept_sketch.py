"""Sketches that do not fit are refused, and nothing has happened."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import Sketch, make_sketch
from tests.decomposition.test_sketching import LAZY, RANK, SHORT

POSITION = np.zeros((8, 6), dtype=bool)
POSITION[2, 3] = True


def of_float(scan):
    scan.data = scan.data.astype("float32")


def rows_swapped(scan):
    scan.data = scan.data[::-1]


def one_count_more(scan):
    change = np.zeros(scan.data.shape, scan.data.dtype)
    change[-1, -1, 3, 4] = 1
    scan.data = scan.data + change


def columns_swapped(scan):
    scan.data = scan.data[..., ::-1]


#: What is done to the data, arguments that differ, words of the message.
CASES = {
    "type": (of_float, {}, "data type is uint16, here float32"),
    "navigation mask": (None, {"navigation_mask": POSITION}, "navigation_mask.*1 pl"),
    "signal mask": (None, {"signal_mask": np.eye(12, 10) > 0}, "signal_mask.*10 pl"),
    "noise": (None, {"normalize_poissonian_noise": True}, "noise is False, here True"),
    "order": (rows_swapped, {}, "navigation index"),
    "detector": (columns_swapped, {}, r"navigation index \(0, 0\)"),
    "a count": (one_count_more, {}, r"navigation index \(7, 5\)"),
}


@LAZY
@pytest.mark.parametrize("case", CASES)
def test_a_sketch_of_something_else_is_refused(
    make_scan, snapshot, tmp_path, chunks, case
):
    change, arguments, words = CASES[case]
    scan = make_scan(dtype="uint16", chunks=chunks)
    path = tmp_path / "sketch.npz"
    make_sketch(scan, RANK, random_state=0).save(path)
    content = path.read_bytes()
    if change is not None:
        change(scan)
    before = snapshot(scan)
    for sketch in (path, Sketch.load(path)):
        with pytest.raises(ValueError, match=rf"(?s)not one of these.*{words}"):
            scan.decomposition(**SHORT | arguments, sketch=sketch)
    assert snapshot(scan) == before
    assert path.read_bytes() == content


@pytest.mark.parametrize("shapes", [((8, 6), (12, 10)), ((6, 8), (10, 12))], ids=str)
def test_a_sketch_of_another_shape_is_refused(make_scan, shapes):
    sketch = make_sketch(make_scan(), RANK)
    with pytest.raises(ValueError, match="shape is"):
        make_scan(*shapes).decomposition(**SHORT, sketch=sketch)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 10**6), st.booleans())
def test_another_scan_of_the_same_specimen_is_refused(make_scan, seed, normalize):
    """Shapes, type, masks and what was simulated are the same; the counts are not."""
    same = {"normalize_poissonian_noise": normalize}
    sketch = make_sketch(make_scan(counts=1e4), RANK, **same)
    other = make_scan(counts=1e4, seed=seed)
    with pytest.raises(ValueError, match="navigation index"):
        other.decomposition(**SHORT | same, sketch=sketch)


def test_counts_of_the_same_sums_are_refused(make_scan):
    """Sums at positions alone would not tell: pixels are permuted."""
    sketch = make_sketch(make_scan(), RANK)
    scan = make_scan()
    order = np.random.default_rng(0).permutation(scan.data[..., 0].size // 48 * 10)
    flat = scan.data.reshape(48, 120)[:, order]
    scan.data = np.ascontiguousarray(flat.reshape(scan.data.shape))
    with pytest.raises(ValueError, match="navigation index"):
        scan.decomposition(**SHORT, sketch=sketch)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"output_dimension": 7, "compression": "auto"}, "rank 12.*7 comp.*least 14"),
        ({"compression": 13}, "rank 12.*compression=13.*at least 13.*make_sketch"),
        ({"compression": None}, "compression=None.*leave one"),
        ({"last_iteration": "none"}, "last_iteration.*'data'.*'sketch'.*'none'"),
    ],
)
def test_too_low_a_rank_is_refused(make_scan, snapshot, arguments, words):
    scan = make_scan()
    sketch = make_sketch(scan, RANK)
    before = snapshot(scan)
    with pytest.raises(ValueError, match=f"(?s){words}"):
        scan.decomposition(**SHORT | arguments, sketch=sketch)
    assert snapshot(scan) == before


def test_a_path_that_cannot_be_written_is_refused_before_data_are_read(make_scan):
    reads = []

    def read(block):
        reads.append(1)
        return block

    scan = make_scan(chunks=(3, 4, 12, 10))
    scan.data = scan.data.map_blocks(read, dtype=scan.data.dtype, meta=np.empty(0))
    too_long = "a" * 255
    with pytest.raises(ValueError, match="nothing can be written there"):
        scan.decomposition(**SHORT, sketch=too_long)
    assert not reads


def test_files_that_are_no_sketches_are_refused(make_scan, tmp_path):
    scan = make_scan()
    text, other, cut = (tmp_path / name for name in ("a.txt", "b.npz", "c.npz"))
    text.write_text("no sketch")
    np.savez(other, format=99, a=np.arange(3))
    make_sketch(scan, RANK).save(cut)
    cut.write_bytes(cut.read_bytes()[:-500])
    np.save(tmp_path / "d.npy", np.arange(3))
    for path in (text, other, cut, tmp_path / "d.npy"):
        content = path.read_bytes()
        with pytest.raises(ValueError, match=f"{path.name} is not a sketch"):
            scan.decomposition(**SHORT, sketch=path)
        assert path.read_bytes() == content
    with pytest.raises(ValueError, match="no folder"):
        scan.decomposition(**SHORT, sketch=tmp_path / "nowhere" / "sketch.npz")
    with pytest.raises((OSError, ValueError)):
        scan.decomposition(**SHORT, sketch=tmp_path)
    with pytest.raises(TypeError, match=r"hspy_cnmf\.Sketch, a path or None, not int"):
        scan.decomposition(**SHORT, sketch=3)


@pytest.mark.parametrize("rank", [0, -1, 2.5, None, "auto", True])
def test_a_rank_must_be_a_number(make_scan, rank):
    with pytest.raises(ValueError, match="integer of at least 1"):
        make_sketch(make_scan(), rank)


def test_data_are_checked_when_the_sketch_is_made(make_scan, tmp_path):
    scan = make_scan()
    scan.data[1, 2, 3, 4] = np.nan
    with pytest.raises(ValueError, match=r"NaN.*\(2, 1\)"):
        make_sketch(scan, RANK)
    with pytest.raises(ValueError, match="NaN"):
        scan.decomposition(**SHORT, sketch=tmp_path / "sketch.npz")
    assert not os.listdir(tmp_path)
