"""The one reader: each block once, nothing kept, for any chunks; it ends cleanly."""

import multiprocessing
import os
import signal
import threading
import weakref

import dask
import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from hspy_cnmf import make_sketch, progress
from hspy_cnmf.operators import blocks
from hspy_cnmf.operators.computing import compute_together
from hspy_cnmf.operators.reader import BlockReader
from tests.helpers.storages import Storage
from tests.operators.test_streamed import SHAPE, as_matrix, chunkings, masks, scan

SMALL = {
    "algorithm": "constrained_nmf",
    "output_dimension": 2,
    "n_init": 2,
    "max_iter": 3,
    "compression": 6,
    "random_state": 0,
    "print_info": False,
    "show_progressbar": False,
}


def sums_and_patterns(block, positions, pixels):
    """Return the sums of a block's patterns, and its sum of patterns."""
    block, beside = block if isinstance(block, tuple) else (block, 0 * block)
    sums = np.zeros(positions.size)
    total = np.zeros(pixels.size)
    for values in (block, beside):
        for rows, matrix in blocks.slabs(values, positions, pixels, float):
            sums[rows] += matrix.sum(axis=1)
            total += matrix.sum(axis=0)
    return sums, total


def added(share, positions):
    assert len(share) == positions.size
    return share


def put_together(parts, extents, size):
    whole = np.full(size, np.nan)
    for part, extent in zip(parts, extents, strict=True):
        whole[extent.target] = part
    return whole


@settings(deadline=None, max_examples=25)
@given(chunks=chunkings, masked=st.booleans(), seed=st.integers(0, 5))
def test_rows_and_columns_are_those_of_the_matrix(chunks, masked, seed):
    data, keep = scan(seed=seed), masks(seed, masked)
    matrix = as_matrix(data, *keep)
    reader = BlockReader(da.from_array(data, chunks=chunks), *keep)
    arguments = sums_and_patterns, *reader.sides()
    kept, sums = reader.read("Reading", *arguments, finish=added)
    of_rows = put_together(kept, reader.positions, len(matrix))
    np.testing.assert_allclose(of_rows, matrix.sum(axis=1))
    of_columns = put_together(sums, reader.pixels, matrix.shape[1])
    np.testing.assert_allclose(of_columns, matrix.sum(axis=0))
    batches = list(reader.batches("Reading", *arguments, finish=added, n_rows=3))
    parts = [part for _, part in batches]
    np.testing.assert_array_equal(
        put_together(parts, [extent for extent, _ in batches], len(matrix)), of_rows
    )

    def then(kept, sums):
        return put_together(kept, reader.positions, len(matrix)), sums[0]

    shapes = (len(matrix),), sums[0].shape
    later = reader.collect("Reading", *arguments, then, shapes, finish=added)
    assert all(isinstance(array, da.Array) for array in later)
    np.testing.assert_array_equal(compute_together(*later)[0], of_rows)
    np.testing.assert_array_equal(compute_together(*later)[1], sums[0])


@pytest.mark.parametrize("lazy", [False, True])
def test_what_lies_beside_the_data_is_read_with_them(lazy):
    data, keep = scan(np.float32), masks()
    beside = np.arange(SHAPE[-1])
    source = da.from_array(data, chunks=(2, 3, 4, 2)) if lazy else data
    reader = BlockReader(source, *keep, beside=beside)
    kept, _ = reader.read("Reading", sums_and_patterns, *reader.sides(), finish=added)
    found = put_together(kept, reader.positions, np.count_nonzero(keep[0]))
    expected = as_matrix(data + beside, *keep).sum(axis=1)
    np.testing.assert_allclose(found, expected)


def test_no_block_outlives_the_task_that_reads_it():
    lock, alive, most = threading.Lock(), [0], [0]

    def gone():
        with lock:
            alive[0] -= 1

    def made(block, block_info=None):
        block = np.random.default_rng(0).poisson(3.0, (2, 2, 8, 8)).astype(np.uint16)
        with lock:
            alive[0] += 1
            most[0] = max(most[0], alive[0])
        weakref.finalize(block, gone)
        return block

    data = da.zeros((16, 16, 8, 8), chunks=(2, 2, 8, 8), dtype=np.uint16)
    data = data.map_blocks(made, dtype=np.uint16, meta=np.empty((0,) * 4, np.uint16))
    s = hs.signals.Signal2D(data).as_lazy()
    with dask.config.set(scheduler="threads", num_workers=2):
        s.decomposition(**SMALL)
        for refit in ("both", "loadings", None):
            s.get_decomposition_residual(gain=1, refit=refit).compute()
        s.get_component_fractions(gain=1)
    assert most[0] <= 4


# --- threads and processes ---------------------------------------------------


def our_threads():
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("hspy_cnmf")]


def small_scan():
    return hs.signals.Signal2D(scan())


def test_no_thread_outlives_a_call():
    small_scan().decomposition(**SMALL)
    lazy = small_scan().as_lazy()
    lazy.decomposition(**SMALL)
    lazy.get_decomposition_residual(gain=1).compute()
    assert not our_threads()


def decompose_and_exit():
    small_scan().decomposition(**SMALL)


@pytest.mark.parametrize(
    "method", sorted({"fork"} & set(multiprocessing.get_all_start_methods()))
)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_works_as_its_parent_has(method):
    decompose_and_exit()
    process = multiprocessing.get_context(method).Process(target=decompose_and_exit)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def with_process(block, folder):
    """Note which process reads."""
    (folder / str(os.getpid())).touch()
    return block


def test_a_scheduler_of_processes_starts_them_once_a_call(tmp_path):
    s = small_scan().as_lazy()
    s.data = da.from_array(scan(), chunks=(2, 6, 7, 4))
    expected = make_sketch(s, 4, random_state=0)
    s.data = s.data.map_blocks(with_process, folder=tmp_path, dtype=s.data.dtype)
    with dask.config.set({"num_workers": 1, "multiprocessing.context": "fork"}):
        found = make_sketch(s, 4, random_state=0, scheduler="processes")
    processes = {int(path.name) for path in tmp_path.iterdir()} - {os.getpid()}
    assert len(processes) == 1
    ours, theirs = (sketch.operator.basis_images for sketch in (found, expected))
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=1e-3, atol=1e-2)


class Interrupted(progress.tqdm):
    """A progress bar that the user interrupts at the third chunk."""

    chunks = 0

    def update(self, n=1):
        super().update(n)
        self.chunks += 1
        if self.chunks == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_an_interrupt_ends_a_reading_cleanly(monkeypatch, interruptible, scheduler):
    storage = Storage(np.ones((40, 2, 4, 4), np.uint16), seconds=0.02)
    s = hs.signals.Signal2D(da.from_array(storage, chunks=(1, 2, 4, 4))).as_lazy()
    before = [pool["num_threads"] for pool in threadpool_info()]
    monkeypatch.setattr(progress, "tqdm", Interrupted)
    with dask.config.set(scheduler=scheduler), pytest.raises(KeyboardInterrupt):
        make_sketch(s, 2, show_progressbar=True)
    assert len(storage.reads) < 30
    assert not our_threads()
    assert [pool["num_threads"] for pool in threadpool_info()] == before
    monkeypatch.undo()
    assert make_sketch(s, 2).rank == 2
