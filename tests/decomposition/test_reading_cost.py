"""Costs of one reading: chunks that masks spare, threads that share, a limit."""

import numpy as np
import pytest

from hspy_cnmf import Machine
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.decomposition.reading_cost import Readings
from tests.decomposition.test_cost import unreadable

MACHINE = Machine(n_threads=2, read=1e6, convert=1e7, product=1e8, iterate=1e9)


def readings(workers=1, chunks=16, **arguments):
    """Return the costs of readings of 40 x 40 positions of 32 x 32 pixels."""
    scan = unreadable((40, 40), (32, 32), chunks=chunks)
    plan = make_plan(
        scan, 3, factor_constraint=None, loading_constraint=None, **arguments
    )
    return Readings(plan, scan.data, workers, MACHINE)


def test_chunks_are_read_whole_if_masks_leave_anything_of_them():
    mask = np.ones((40, 40), bool)
    mask[:2, :2] = False
    every, one = readings(), readings(navigation_mask=mask)
    assert every.n_bytes == 2 * 40 * 40 * 32 * 32
    assert one.n_bytes == 2 * 16 * 16 * 32 * 32


def test_no_reading_takes_no_time_and_workers_divide_it():
    assert readings().seconds(0, images=5, at_a_time=5) == 0
    alone, shared = readings(), readings(workers=4)
    some, more = {"images": 5, "sums": 5}, {"images": 10, "sums": 10}
    taken = alone.seconds(2, **some, at_a_time=5)
    assert shared.seconds(2, **some, at_a_time=5) == pytest.approx(taken / 4)
    assert alone.seconds(4, **more, at_a_time=5) == pytest.approx(2 * taken)


def test_what_inspects_and_adds_in_double_precision_takes_longer():
    of = readings().seconds
    values = 40**2 * 32**2
    assert of(1, inspects=True) - of(1) == pytest.approx(
        values / MACHINE.inspect / MACHINE.n_threads
    )
    # Nine chunks, each of them one slab.
    assert of(1, sums=8) - of(1, images=8) == pytest.approx(
        8 * 32**2 * 2 * 9 / MACHINE.add / MACHINE.n_threads
    )


def test_less_memory_lets_fewer_threads_read():
    free = readings()
    tight = readings(max_memory="30 MiB")  # a chunk takes 24, with slabs of it
    assert tight.memory(images=8) < free.memory(images=8)
    assert tight.seconds(1, images=8, at_a_time=8) > free.seconds(1, images=8)


def test_data_in_memory_need_no_room_for_blocks():
    lazy = readings()
    plan, data = lazy.plan, np.zeros((40, 40, 32, 32), "uint16")
    eager = Readings(plan, data, 1, MACHINE)
    assert eager.chunks == ((40,), (40,), (32,), (32,))
    assert eager.signal_chunks == ((32,), (32,))
    assert eager.seconds(1, images=8) < lazy.seconds(1, images=8)
