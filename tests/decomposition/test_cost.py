"""The estimate of a run's cost: what it says is what happens, and it reads nothing."""

import subprocess
import sys

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import (
    Machine,
    estimate_cost,
    get_result,
    make_sketch,
    measure_machine,
)
from hspy_cnmf.decomposition.cost import in_time
from hspy_cnmf.operators.range_finder import refinements
from hspy_cnmf.solver.last_iteration import readings_of_end
from tests.conftest import QUICK
from tests.decomposition.test_exactness import MASKS, Counter

SHORT = QUICK | {"max_iter": 3, "tol": 0, "compression": 6}


def unreadable(navigation, signal, chunks=16, dtype="uint16"):
    """Return a lazy scan whose data raise when they are read."""

    def refuse(block):
        raise AssertionError("the data were read")

    data = da.zeros((*navigation, *signal), dtype=dtype, chunks=chunks)
    data = data.map_blocks(refuse, dtype=dtype, meta=np.empty(0, dtype))
    return hs.signals.Signal2D(data).as_lazy()


# --- what happens ------------------------------------------------------------


def spared_readings(scan, arguments):
    """Return how many of the readings expected of the last iteration were not needed.

    Less than none where noise demanded more.
    """
    parameters = get_result(scan).parameters
    rank = parameters["compression_rank"]
    on_sketch = arguments.get("last_iteration") == "sketch"
    if on_sketch and rank is not None:
        return 0
    return readings_of_end(rank, 48) - parameters["last_readings"]


@pytest.mark.parametrize("compression", [6, "auto", None])
@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"last_iteration": "sketch"},
        {"normalize_poissonian_noise": True},
        {"n_init": 1, "max_iter": 2},
        MASKS,
        MASKS | {"reproject": "both"},
        {"reproject": "both"},
        {"signal_mask": MASKS["signal_mask"], "reproject": "both"},
        MASKS | {"reproject": "navigation", "normalize_poissonian_noise": True},
    ],
    ids=str,
)
def test_readings_are_as_many_as_estimated(make_scan, compression, extra):
    counter = Counter()
    scan = make_scan(signal_type="diffraction", chunks=(3, 4, 12, 5))
    scan.data = scan.data.map_blocks(counter, dtype=scan.data.dtype, meta=np.empty(0))
    arguments = SHORT | extra | {"compression": compression}
    asked = dict(arguments)
    for name in (*QUICK.keys() - {"output_dimension", "n_init", "max_iter"}, "tol"):
        asked.pop(name)
    asked.pop("normalize_poissonian_noise", None)
    cost = estimate_cost(scan, **asked)
    assert not counter.calls
    scan.decomposition(**arguments)
    spared = spared_readings(scan, arguments)
    assert max(counter.calls.values()) == cost.passes - spared
    chunks = (scan.data.blocks[where].nbytes * n for where, n in counter.calls.items())
    last = cost.parts[-1 if "reproject" not in extra else -2]
    assert cost.bytes_read == sum(chunks) + spared * last.bytes_read // (
        last.passes or 1
    )


def test_readings_with_a_kept_sketch_are_as_many_as_estimated(make_scan):
    counter = Counter()
    scan = make_scan(chunks=(1, 8, 12, 10))
    sketch = make_sketch(scan, 6)
    scan.data = scan.data.map_blocks(counter, dtype=scan.data.dtype, meta=np.empty(0))
    for last, expected in (("data", 2), ("sketch", 0)):
        counter.calls.clear()
        cost = estimate_cost(
            scan, 3, compression=6, sketch=True, last_iteration=last
        )  # fmt: skip
        assert cost.passes == expected
        scan.decomposition(**SHORT, sketch=sketch, last_iteration=last)
        expected -= spared_readings(scan, {"last_iteration": last})
        # Of six blocks five are looked at to see whose sketch it is.
        assert sum(counter.calls.values()) == 6 * expected + 5


def test_readings_of_few_counts_are_as_many_as_estimated():
    counts = np.random.default_rng(0).poisson(0.05, (20, 24, 64, 64)).astype("u2")
    scan = hs.signals.Signal2D(da.from_array(counts, chunks=(10, 24, 64, 64))).as_lazy()
    cost = estimate_cost(scan, 3, machine=measure_machine(scan))
    counter = Counter()
    scan.data = scan.data.map_blocks(counter, dtype="u2", meta=np.empty(0, "u2"))
    scan.decomposition(**QUICK | {"max_iter": 3, "bad_pixels": None})
    parameters = get_result(scan).parameters
    spared = readings_of_end(64, 480) - parameters["last_readings"]
    assert "summed_pixels" in parameters
    assert max(counter.calls.values()) == cost.passes - spared


MEMORY = """
from pathlib import Path
import dask
import hyperspy.api as hs
import numpy as np
import hspy_cnmf

def memory(kind):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith(kind)) * 1024

run = dict(output_dimension=10, n_init=4, max_iter=3)
quiet = dict(algorithm="constrained_nmf", tol=0, random_state=0, print_info=False)
# Compiles in the precision of larger data: what is compiled takes memory, too.
small = hs.signals.Signal2D(np.ones((40, 40, 32, 32), np.uint16)).as_lazy()
small.decomposition(**quiet, **run, compression=20)
scan = hs.load({path!r}, lazy=True)
machine = hspy_cnmf.Machine(n_threads=2)
limit = dict(max_memory={max_memory!r})
cost = hspy_cnmf.estimate_cost(scan, **run, **limit, machine=machine)
Path("/proc/self/clear_refs").write_text("5")
before = memory("VmRSS")
with dask.config.set(num_workers=2):
    scan.decomposition(**quiet, **run, **limit)
print(cost.peak_memory, memory("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
@pytest.mark.parametrize(("side", "max_memory"), [(24, None), (48, "80 MB")])
def test_the_peak_of_memory_is_near_the_estimate(tmp_path, side, max_memory):
    data = np.random.default_rng(0).poisson(3.0, (96, 96, 64, 64)).astype(np.uint16)
    path = tmp_path / "scan.zspy"
    hs.signals.Signal2D(data).save(path, chunks=(side, side, 64, 64))
    program = MEMORY.format(path=str(path), max_memory=max_memory)
    # What two threads hold at one time is chance: peaks differ by a factor of two.
    peaks = [_peak(program) for _ in range(3)]
    measured = np.median([measured for _, measured in peaks])
    estimated = peaks[0][0]
    assert estimated / 3 < measured < estimated * 1.5


def _peak(program):
    """Return the peak that a program estimates, and what it measures."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    estimated, measured = map(float, done.stdout.split()[-2:])
    return estimated, measured


# --- laws --------------------------------------------------------------------

#: Few enough positions that starts iterate on all of them, twice as many as well.
SCANS = st.tuples(st.integers(8, 180), st.integers(8, 180), st.integers(8, 300))


@settings(max_examples=25, deadline=None)
@given(SCANS, st.integers(1, 8), st.integers(1, 9), st.integers(1, 700))
def test_nothing_is_read_and_more_costs_more(sizes, k, n_init, max_iter):
    y, x, n = sizes
    run = {"n_init": n_init, "max_iter": max_iter}
    one = {"machine": Machine(n_threads=1)}  # so starts do not run at the same time
    cost = estimate_cost(unreadable((y, x), (n, n), 64), k, **run, **one)
    assert cost.seconds > 0 and cost.peak_memory > 0
    assert cost.bytes_read == cost.passes * 2 * y * x * n * n
    of_sketch = 2 + refinements((y * x, n**2))
    of_sketch *= 1 if n <= 64 else 2  # where chunks divide patterns
    if cost.rank is None:
        assert cost.passes == 1 + of_sketch + 2 * max_iter + 2
    else:
        assert cost.passes == of_sketch + readings_of_end(cost.rank, y * x)
        assert cost.rank == max(64, 4 * k)
    larger = [
        estimate_cost(
            unreadable((2 * y, x), (n, n), 64), k, **run | one | {"compression": c}
        )
        for c in ([None] if cost.rank is None else ["auto"])
    ]
    larger += [
        estimate_cost(
            unreadable((y, x), (n, n), 64), k, **run | one | {name: 2 * value}
        )
        for name, value in run.items()
    ]
    for other in larger:
        assert other.seconds > cost.seconds
        assert other.peak_memory >= cost.peak_memory
        assert other.bytes_read >= cost.bytes_read


def test_iterations_grow_less_than_positions_of_large_scans():
    one = {"machine": Machine(n_threads=1)}
    small, large = (
        estimate_cost(unreadable((side, side), (64, 64), 32), 8, **one).parts[1]
        for side in (512, 1024)
    )
    assert small.name == "iterations" and small.seconds < large.seconds
    assert large.seconds < 4 * small.seconds
    # Of more starts only the first stage has more.
    more = estimate_cost(unreadable((512, 512), (64, 64), 32), 8, n_init=20, **one)
    assert small.seconds < more.parts[1].seconds < 2 * small.seconds


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 64))
def test_workers_share_readings_and_nothing_else(workers):
    scan = unreadable((64, 64), (128, 128))
    one, many = (estimate_cost(scan, 5, workers=n) for n in (1, workers))
    assert many.passes == one.passes
    for ours, theirs in zip(many.parts, one.parts, strict=True):
        if ours.passes:
            assert theirs.seconds / workers <= ours.seconds < theirs.seconds
        else:
            assert ours.seconds == theirs.seconds


def test_data_in_memory_need_no_room_for_chunks():
    lazy = unreadable((40, 40), (64, 64), 40)
    eager = hs.signals.Signal2D(np.zeros((40, 40, 64, 64), np.uint16))
    machine = Machine(n_threads=1)
    ours, theirs = (estimate_cost(s, 3, machine=machine) for s in (eager, lazy))
    assert ours.peak_memory < theirs.peak_memory
    assert ours.seconds < theirs.seconds
    assert ours.passes == theirs.passes - theirs.parts[0].passes // 2


@settings(max_examples=25, deadline=None)
@given(st.integers(10**8, 10**10), st.integers(10**8, 10**10), st.integers(1, 64))
def test_less_memory_for_readings_takes_less_of_it_and_more_time(one, other, n_threads):
    scan, machine = unreadable((64, 64), (128, 128), 32), Machine(n_threads=n_threads)
    less, more, free = (
        estimate_cost(scan, 5, max_memory=limit, machine=machine)
        for limit in (min(one, other), f"{max(one, other)} B", None)
    )
    assert less.passes == more.passes == free.passes
    assert less.bytes_read == more.bytes_read == free.bytes_read
    for a, b, c in zip(less.parts, more.parts, free.parts, strict=True):
        assert a.memory <= b.memory <= c.memory and a.seconds >= b.seconds >= c.seconds
    if n_threads == 1:
        assert less == free


def test_max_memory_bounds_what_chunks_take():
    room = 200 * 2**20  # of a chunk of 32 MiB with sums of 64 patterns
    scan, machine = unreadable((64, 64), (256, 256), (16, 16, 256, 256)), Machine(32)
    estimates = [
        estimate_cost(scan, 5, max_memory=n * room, machine=machine).peak_memory
        for n in (1, 2, 3, 4)
    ]
    assert np.all(np.diff(estimates) > 0)
    assert np.all(np.subtract(estimates, estimates[0]) < room * np.arange(1, 5))


def test_workers_have_limits_of_their_own():
    scan = unreadable((64, 64), (128, 128))
    run = {"workers": 4, "max_memory": "1 MB"}
    assert estimate_cost(scan, 5, **run) == estimate_cost(scan, 5, workers=4)


# --- words -------------------------------------------------------------------


def test_the_estimate_is_readable():
    text = str(estimate_cost(unreadable((512, 512), (256, 256), 32), 10, workers=2))
    first, head, *rows = text.splitlines()
    assert first.startswith("262144 positions x 65536 pixels, sketch of rank 64, 2 wor")
    assert head.split() == ["readings", "read", "memory", "time"]
    assert [row.split("  ")[0] for row in rows] == [
        "sketch", "iterations", "last iteration", "together",
    ]  # fmt: skip
    assert "160.00 GiB" in rows[-1] and rows[-1].split()[1] == "5"
    assert "no sketch" in str(estimate_cost(unreadable((8, 8), (8, 8)), 2))


def test_times_in_words():
    assert [in_time(n) for n in (0.5, 90, 600, 36000)] == [
        "0.5 s", "90 s", "10 min", "10 h",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"output_dimension": 0}, "output_dimension.*at least 1"),
        ({"output_dimension": 65}, "at most 64"),
        ({"compression": 2}, "compression=2"),
        ({"max_iter": 0}, "max_iter"),
        ({"n_init": 1.5}, "n_init"),
        ({"solver": "mu"}, "solver"),
        ({"workers": 0}, "workers.*at least 1.*0"),
        ({"reproject": "all"}, "reproject.*'all'"),
        ({"last_iteration": "none"}, "last_iteration.*'none'"),
        ({"signal_mask": np.ones((3, 3))}, "signal_mask"),
        ({"sketch": True, "compression": None}, "compression=None"),
        ({"sketch": 1}, "sketch.*True or False"),
        ({"machine": 3}, "Machine.*3"),
        ({"max_memory": 0}, "max_memory.*positive.*0"),
        ({"max_memory": "1 MB"}, "8 x 8 x 9 x 9 .*max_memory"),
    ],
)
def test_what_a_decomposition_refuses_is_refused(arguments, words):
    with pytest.raises((ValueError, TypeError), match=f"(?s){words}"):
        estimate_cost(unreadable((8, 8), (9, 9)), **{"output_dimension": 3} | arguments)
