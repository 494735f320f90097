"""Blocks take no more memory than they may, and failing storage is heard of."""

import ctypes
import platform
from threading import Barrier, Thread

import dask
import dask.array as da
import numpy as np
import pytest

from hspy_cnmf.operators import StreamedOperator, blocks, memory
from tests.helpers.storages import Storage, StorageError, fail
from tests.operators.test_streamed import as_matrix, masks, scan


def large_scan(seconds=0.0):
    """Return what counts its readings, and it in chunks of 26 MB."""
    storage = Storage(np.zeros((12, 8, 1800, 1800), np.uint8), seconds)
    meta = np.empty((0,) * 4, np.uint8)
    return storage, da.from_array(storage, chunks=(1, 8, 1800, 1800), meta=meta)


def test_as_many_chunks_are_read_at_a_time_as_fit(monkeypatch):
    monkeypatch.setattr("hspy_cnmf.operators.scheduling.CPU_COUNT", 4)
    monkeypatch.setattr(blocks, "SLAB_BYTES", 2**22)
    keep = np.ones((12, 8), bool), np.zeros((1800, 1800), bool)
    keep[1][:50, :50] = True
    most, products = [], []
    for n in (1, 2, 100):
        storage, lazy = large_scan(seconds=0.05)
        pattern = 1800**2
        room = memory.block_room(lazy.blocks[0].nbytes, 8 * pattern, 4 * pattern)
        limit = n * room
        operator = StreamedOperator(lazy, *keep, max_memory=limit)
        products.append(operator.patterns(np.ones((1, 96))))
        most.append(storage.most_at_once)
    assert most == [1, 2, 4]
    np.testing.assert_array_equal(products[0], products[1])
    np.testing.assert_array_equal(products[0], products[2])


def test_what_is_kept_of_positions_leaves_less_room(monkeypatch):
    monkeypatch.setattr("hspy_cnmf.operators.scheduling.CPU_COUNT", 4)
    storage = Storage(np.ones((12, 400, 40), np.uint8), seconds=0.02)
    lazy = da.from_array(storage, chunks=(1, 400, 40), meta=np.empty((0,) * 3))
    keep = np.ones((12, 400), bool), np.ones(40, bool)
    room = memory.block_room(400 * 40, 8 * 30 * 400, 4 * 40)
    images = 30 * 12 * 400 * 4
    most = []
    for limit in (4 * room + images, room):
        operator = StreamedOperator(lazy, *keep, max_memory=limit)
        operator._square_norm = 0.0
        found = operator.images(np.ones((30, 40)))
        most.append(storage.most_at_once)
        storage.most_at_once = 0
    assert most == [4, 1]
    np.testing.assert_array_equal(found, 40)


def test_the_limit_of_memory_does_not_change_the_bits(monkeypatch):
    monkeypatch.setattr("hspy_cnmf.operators.reading._RUNS", 2)  # of several blocks
    data, keep = scan(np.float32), masks()
    lazy = da.from_array(data, chunks=(1, 2, 7, 2))
    loadings = np.random.default_rng(0).random((3, np.count_nonzero(keep[0])))
    room = memory.block_room(1000, 1000)
    first, *others = (
        StreamedOperator(lazy, *keep, max_memory=limit).patterns(loadings)
        for limit in (room, 2 * room, "20 GB", None)
    )
    for other in others:
        np.testing.assert_array_equal(other, first)
    expected = loadings @ as_matrix(data, *keep)
    np.testing.assert_allclose(first, expected, rtol=1e-5)


def test_a_chunk_for_which_there_is_no_room_is_not_read():
    storage, lazy = large_scan()
    keep = np.ones((12, 8), bool), np.ones((1800, 1800), bool)
    operator = StreamedOperator(lazy, *keep, max_memory="90 MB")
    with pytest.raises(ValueError, match=r"1 x 8 x 1800 x 1800 .*nav_chunks=\d+"):
        operator.patterns(np.ones((1, 96)))
    assert not storage.reads


@pytest.mark.parametrize(
    ("given", "error"),
    [(0, ValueError), (-1, ValueError), ("much", ValueError), ([1], TypeError)],
)
def test_a_limit_of_memory_is_a_size(given, error):
    with pytest.raises(error, match="max_memory"):
        StreamedOperator(scan(), *masks(), max_memory=given)
    assert memory.memory_limit("2 GB") == 2_000_000_000


def test_a_control_group_may_leave_less_than_the_machine_has(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/job/step\n")
    step = tmp_path / "cgroup" / "job" / "step"
    step.mkdir(parents=True)
    for folder, limit in ((step, "max"), (step.parent, "1000")):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text("700\n")
        (folder / "memory.stat").write_text("anon 5\ninactive_file 100\n")
    left = memory._left_in_control_groups(tmp_path / "cgroup", own)
    assert list(left) == [400]
    assert 0 < memory.memory_limit() < memory.free_memory()


def arenas(path):
    """Return how many places the C library takes memory from."""
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(library.fopen(str(path).encode(), b"w"))
    library.malloc_info(0, file)
    library.fclose(file)
    return path.read_text().count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_the_arenas_that_there_are(tmp_path):
    memory.share_one_arena()
    before, all_there = arenas(tmp_path / "before"), Barrier(65)

    def hold():
        kept = [bytes(2000 + i) for i in range(100)]
        all_there.wait()
        del kept

    threads = [Thread(target=hold) for _ in range(64)]
    for thread in threads:
        thread.start()
    after = arenas(tmp_path / "after")
    all_there.wait()
    for thread in threads:
        thread.join()
    assert after == before


# --- failing storage ---------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_an_error_of_the_storage_arrives_as_it_is(scheduler):
    lazy = da.from_array(scan(), chunks=(2, 3, 7, 4))
    lazy = lazy.map_blocks(fail, dtype=lazy.dtype, meta=np.empty(0))
    operator = StreamedOperator(lazy, *masks())
    with (
        dask.config.set(scheduler=scheduler),
        pytest.raises(StorageError, match="disk on fire"),
    ):
        operator.patterns(np.ones((1, operator.shape[0])))
