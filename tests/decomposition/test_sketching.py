"""A kept sketch: the same results, fewer readings, and no other data's sketch."""

import os

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF, Sketch, get_result, make_sketch
from hspy_cnmf.operators.range_finder import refinements
from tests.conftest import QUICK
from tests.decomposition.test_exactness import MASKS, Counter

#: A rank that the sketch of a test has, and a decomposition without one takes.
RANK = 12
SHORT = QUICK | {"max_iter": 15, "tol": 0, "compression": RANK}
CHUNKS = (3, 4, 12, 5)
LAZY = pytest.mark.parametrize("chunks", [None, CHUNKS], ids=["eager", "lazy"])


def outcome(scan, **arguments):
    scan.decomposition(**SHORT | arguments)
    results = scan.learning_results
    return results.factors, results.loadings, get_result(scan).error


def assert_same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


# --- the same results --------------------------------------------------------


@LAZY
@pytest.mark.parametrize("masks", [{}, MASKS], ids=["", "masked"])
@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
def test_a_kept_sketch_gives_what_a_fresh_one_gives(
    make_scan, tmp_path, chunks, masks, normalize
):
    same = masks | {"normalize_poissonian_noise": normalize}
    path = tmp_path / "sketch.npz"
    scan = make_scan(chunks=chunks, signal_type="diffraction", dtype="uint16")
    make_sketch(scan, RANK, random_state=3, **same).save(path)

    @settings(max_examples=4, deadline=None)
    @given(st.integers(1, 6), st.sampled_from(["hals", "als"]), st.integers(1, 3))
    def check(n, solver, n_init):
        asked = same | {"output_dimension": n, "solver": solver, "n_init": n_init}
        asked["random_state"] = 3
        for last in ("data", "sketch"):
            fresh = outcome(scan, last_iteration=last, **asked)
            for sketch in (Sketch.load(path), path, str(path)):
                kept = outcome(scan, last_iteration=last, sketch=sketch, **asked)
                assert_same(kept, fresh)

    check()


@LAZY
def test_a_path_where_nothing_is_receives_the_sketch(make_scan, tmp_path, chunks):
    path = tmp_path / "without a suffix"
    scan = make_scan((12, 13), (14, 15), chunks=chunks)
    arguments = SHORT | {"compression": "auto"}
    scan.decomposition(**arguments)
    expected = scan.learning_results.loadings
    for _ in range(2):
        scan.decomposition(**arguments, sketch=path)
        np.testing.assert_array_equal(scan.learning_results.loadings, expected)
        assert os.listdir(tmp_path) == [path.name]
    assert Sketch.load(path).rank == 64
    assert get_result(scan).parameters["compression_rank"] == 64


def test_data_too_small_for_a_sketch_have_an_exact_one(make_scan, tmp_path):
    scan = make_scan()
    path = tmp_path / "sketch.npz"
    expected = outcome(scan, compression=None)
    assert get_result(scan).parameters["compression_rank"] is None
    kept = outcome(scan, compression="auto", sketch=path)
    assert Sketch.load(path).rank == 48
    for ours, theirs in zip(kept, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@LAZY
@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
def test_a_file_keeps_every_bit(make_scan, tmp_path, chunks, normalize):
    scan = make_scan(chunks=chunks, dtype="uint16")
    sketch = make_sketch(
        scan, 7, normalize_poissonian_noise=normalize, random_state=2**80
    )
    sketch.save(tmp_path / "sketch.npz")
    loaded = Sketch.load(tmp_path / "sketch.npz")
    assert sketch._content().keys() == loaded._content().keys()
    for name, value in sketch._content().items():
        other = np.asarray(loaded._content()[name])
        np.testing.assert_array_equal(other, value, err_msg=name)
        assert other.dtype == np.asarray(value).dtype
    assert repr(loaded) == repr(sketch)
    assert "rank=7" in repr(sketch) and "48 positions x 120 pixels" in repr(sketch)


def test_layout_type_and_masks_kept_by_other_means_are_the_same_data(make_scan):
    sketch = make_sketch(make_scan(dtype="uint16"), RANK, random_state=0)
    for other in ({"chunks": (1, 8, 4, 10)}, {"dtype": ">u2"}, {"chunks": CHUNKS}):
        outcome(make_scan(**{"dtype": "uint16"} | other), sketch=sketch)


def test_an_estimator_takes_a_sketch_too(make_scan):
    scan = make_scan()
    sketch = make_sketch(scan, RANK, random_state=0)
    estimator = ConstrainedNMF(3, n_init=2, max_iter=15, tol=0, random_state=0)
    scan.decomposition(algorithm=estimator, sketch=sketch, print_info=False)
    assert estimator.result_.parameters["compression_rank"] == RANK


# --- readings ----------------------------------------------------------------


def counted(make_scan, chunks=CHUNKS):
    counter = Counter()
    scan = make_scan(signal_type="diffraction", chunks=chunks)
    scan.data = scan.data.map_blocks(counter, dtype=scan.data.dtype, meta=np.empty(0))
    return scan, counter.calls


def last_readings(scan):
    return get_result(scan).parameters["last_readings"]


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
def test_a_kept_sketch_saves_readings(make_scan, tmp_path, normalize):
    # One chunk a row of patterns: five of the eight are read for the sample.
    scan, calls = counted(make_scan, (1, 8, 12, 10))
    same = {"normalize_poissonian_noise": normalize}

    def readings(function, *arguments, **keywords):
        calls.clear()
        function(*arguments, **keywords)
        return sum(calls.values()) / 6

    sketch = tmp_path / "sketch.npz"
    n = 2 + refinements((48, 120))
    assert readings(outcome, scan, **same) == n + last_readings(scan)
    assert get_result(scan).parameters["sketch_refinements"] == n - 2
    assert readings(outcome, scan, **same, last_iteration="sketch") == n
    assert readings(make_sketch, scan, RANK, **same) == n
    assert readings(outcome, scan, **same, sketch=sketch) == n + last_readings(scan)
    for more in ({"n_init": 4}, {"output_dimension": 5}, {"loading_constraint": None}):
        again = same | more | {"sketch": sketch}
        n = readings(outcome, scan, **again)
        assert n <= last_readings(scan) + 5 / 6
        assert readings(outcome, scan, **again, last_iteration="sketch") <= 5 / 6


# --- interruptions -----------------------------------------------------------


@LAZY
def test_an_interrupted_run_leaves_its_sketch(make_scan, snapshot, tmp_path, chunks):
    path = tmp_path / "sketch.npz"
    scan = make_scan(chunks=chunks)
    scan.decomposition(**SHORT)
    before = snapshot(scan)
    calls = []

    def interrupted(maps):
        calls.append(len(calls))
        if len(calls) > 7:
            raise KeyboardInterrupt
        return maps

    with pytest.raises(KeyboardInterrupt):
        scan.decomposition(**SHORT, loading_constraint=interrupted, sketch=path)
    assert snapshot(scan) == before
    assert os.listdir(tmp_path) == [path.name]
    resumed = outcome(scan, loading_constraint=None, sketch=path)
    assert_same(resumed, outcome(scan, loading_constraint=None))


@pytest.mark.parametrize("there", [False, True])
def test_an_interrupted_save_leaves_what_was_there(
    make_scan, tmp_path, monkeypatch, there
):
    path = tmp_path / "sketch.npz"
    scan = make_scan()
    first, second = (make_sketch(scan, RANK, random_state=i) for i in range(2))
    if there:
        first.save(path)

    def interrupted(file, **content):
        file.write(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            second.save(path)
    assert os.listdir(tmp_path) == [path.name] * there
    if there:
        assert Sketch.load(path).random_state == 0
    second.save(path)
    assert Sketch.load(path).random_state == 1


# --- files ----------------------------------------------------------------


def test_a_scan_of_a_file_keeps_its_sketch(make_scan, tmp_path):
    scan = make_scan(dtype="uint16")
    scan.save(tmp_path / "scan.zspy")
    loaded = hs.load(tmp_path / "scan.zspy", lazy=True)
    assert isinstance(loaded.data, da.Array)
    path = tmp_path / "sketch.npz"
    make_sketch(loaded, RANK, random_state=0).save(path)
    again = hs.load(tmp_path / "scan.zspy", lazy=True)
    assert_same(outcome(again, sketch=path), outcome(loaded))
