"""On a cluster the same call gives the same result, and data stay where they are."""

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import dask
import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hspy_cnmf import make_sketch, progress
from hspy_cnmf.operators import StreamedOperator, scheduling
from tests.conftest import QUICK
from tests.decomposition.test_exactness import (
    MASKS,
    NAVIGATION,
    SIGNAL,
    model_of,
    split,
)
from tests.helpers.storages import StorageError, fail, slow, synthetic

distributed = pytest.importorskip("distributed")

DOCUMENT = Path(__file__).parents[2] / "docs" / "cluster.md"
SHORT = QUICK | {"max_iter": 5, "tol": 0, "compression": 7}


#: In another process arrays begin elsewhere in memory, and NumPy adds in another order.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two worker processes."""
    folder = str(tmp_path_factory.mktemp("workers"))
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=folder,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def only_here(client):
    """Run what a function does by threads of this process."""

    def call(function, *args, **kwargs):
        with dask.config.set(scheduler="threads"):
            return function(*args, **kwargs)

    return call


def tasks_run(client):
    counts = client.run(lambda dask_worker: dask_worker.state.executed_count)
    return np.array(list(counts.values()))


def bytes_sent(client):
    """Return what workers have sent to each other and to this process."""

    def sent(dask_worker):
        return sum(entry["total"] for entry in dask_worker.transfer_outgoing_log)

    # A worker notes what it sent once the other side has said that it came.
    totals = [-1, sum(client.run(sent).values())]
    while totals[-1] != totals[-2]:
        time.sleep(0.2)
        totals.append(sum(client.run(sent).values()))
    return totals[-1]


def as_lazy(data, chunks):
    scan = hs.signals.Signal2D(data).as_lazy()
    scan.data = da.from_array(data, chunks=chunks)
    return scan


# --- results -----------------------------------------------------------------


def are_few(chunks):
    """Whether chunks are few: each is a task of each reading, that a cluster runs."""
    return 1 < np.prod([len(sizes) for sizes in chunks]) <= 24


@pytest.mark.parametrize(
    ("dtype", "masks"),
    [("uint8", MASKS), ("uint16", {}), ("int32", MASKS), ("float32", {})],
)
def test_results_are_those_of_threads_and_of_data_in_memory(
    make_scan, client, only_here, relative_difference, dtype, masks
):
    eager = make_scan(dtype=dtype, counts=500)
    eager.decomposition(**SHORT | masks)

    @settings(
        max_examples=2,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.tuples(*map(split, NAVIGATION + SIGNAL)).filter(are_few))
    def check(chunks):
        scans = [make_scan(dtype=dtype, counts=500, chunks=chunks) for _ in range(2)]
        only_here(scans[0].decomposition, **SHORT | masks)
        before = tasks_run(client)
        scans[1].decomposition(**SHORT | masks)
        assert (tasks_run(client) > before).any()
        theirs, ours, expected = map(model_of, (*scans[::-1], eager))
        assert relative_difference(theirs, ours) <= ROUNDING
        assert relative_difference(theirs, expected) <= 1e-4

    check()


def test_every_argument_has_the_same_meaning(
    make_scan, client, only_here, relative_difference
):
    arguments = SHORT | MASKS | {"reproject": "both", "compression": None}
    arguments |= {"normalize_poissonian_noise": True, "max_iter": 3}
    scans = [make_scan(dtype="uint16", chunks=(3, 4, 12, 5)) for _ in range(2)]
    only_here(scans[0].decomposition, **arguments)
    scans[1].decomposition(**arguments)
    assert relative_difference(*map(model_of, scans)) <= ROUNDING


def test_data_that_the_cluster_holds_are_used_there(
    make_scan, client, relative_difference
):
    scans = [make_scan(dtype="uint16", chunks=(3, 4, 12, 5)) for _ in range(2)]
    scans[0].decomposition(**SHORT)
    scans[1].data = scans[1].data.persist()
    distributed.wait(scans[1].data)
    scans[1].decomposition(**SHORT)
    assert relative_difference(*map(model_of, scans)) <= ROUNDING


@pytest.mark.parametrize("scheduler", ["threads", "synchronous", None])
def test_a_scheduler_may_be_asked_for(make_scan, client, scheduler):
    scan = make_scan(chunks=(3, 4, 12, 10))
    if scheduler is None:
        with dask.config.set(scheduler="synchronous"):
            before = tasks_run(client)
            make_sketch(scan, 7, scheduler=client)
        assert tasks_run(client).sum() > before.sum()
    else:
        before = tasks_run(client)
        make_sketch(scan, 7, scheduler=scheduler)
        np.testing.assert_array_equal(tasks_run(client), before)


# --- what travels ------------------------------------------------------------


def synthetic_scan(chunks):
    data = da.map_blocks(
        synthetic, chunks=chunks, dtype=np.uint16, meta=np.empty((0,) * 4, np.uint16)
    )
    return hs.signals.Signal2D(data).as_lazy()


def test_only_small_matrices_travel(client):
    scan = synthetic_scan(((16,) * 6, (16,) * 4, (64,), (64,)))
    n_positions, n_pixels, rank = 96 * 64, 64 * 64, 8
    before = bytes_sent(client)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_sketch(scan, rank, random_state=0)
    sent = bytes_sent(client) - before
    # Patterns come here from the first reading, images from the second. Between workers
    # go terms of sums, at most one a chunk and reading, and the stacks that both need.
    products = 4 * rank * (n_positions + n_pixels)
    terms = 24 * 8 * (rank + 1) * n_pixels
    assert products < sent < 1.3 * (products + terms)
    assert sent < scan.data.nbytes / 4


def test_large_matrices_give_no_warning_but_large_data_do(client, make_scan):
    keep = np.ones((2, 2), bool), np.ones((600, 600), bool)
    small = da.zeros((2, 2, 600, 600), chunks=(1, 2, 600, 600), dtype=np.uint16)
    factors = np.ones((16, 360000), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not StreamedOperator(small, *keep).images(factors).any()
    large = da.from_array(np.zeros((2, 2, 600, 600, 10))[..., 0].copy(), chunks=-1)
    with pytest.warns(UserWarning, match="large graph"):
        StreamedOperator(large, *keep).images(factors[:1])


# --- what may happen ---------------------------------------------------------


def test_a_worker_that_is_killed_does_not_matter(
    client, only_here, relative_difference
):
    data = np.random.default_rng(0).poisson(3.0, (24, 2, 8, 8)).astype(np.uint16)
    scan = as_lazy(data, (1, 2, 8, 8))
    expected = only_here(make_sketch, scan, 4, random_state=0)
    scan.data = scan.data.map_blocks(slow, dtype=scan.data.dtype)
    before = tasks_run(client).sum()
    pids = client.run(os.getpid)
    killed = []

    def kill():
        while tasks_run(client).sum() < before + 30:  # in the first reading
            time.sleep(0.05)
        killed.append(min(pids.values()))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    sketch = make_sketch(scan, 4, random_state=0)
    thread.join()
    assert killed and killed[0] not in client.run(os.getpid).values()
    for name in ("basis_images", "basis_patterns"):
        ours, theirs = (getattr(s.operator, name) for s in (sketch, expected))
        assert relative_difference(ours, theirs) <= ROUNDING
    client.wait_for_workers(2)


@pytest.mark.parametrize("scheduler", ["threads", "synchronous", "cluster"])
def test_an_error_of_the_storage_arrives_as_it_is(
    make_scan, snapshot, client, scheduler
):
    scan = make_scan(chunks=(2, 4, 12, 5))
    scan.data = scan.data.map_blocks(fail, dtype=scan.data.dtype, meta=np.empty(0))
    before = snapshot(scan)
    scheduler = client if scheduler == "cluster" else scheduler
    with pytest.raises(StorageError, match="disk on fire"):
        scan.decomposition(**SHORT, get=scheduler)
    assert snapshot(scan) == before
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("hspy_cnmf_reading") for name in names)
    assert_nothing_is_left(client)


def assert_nothing_is_left(client):
    """Assert that the cluster forgets all tasks, in a moment."""
    deadline = time.monotonic() + 20
    while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
        assert time.monotonic() < deadline
        gc.collect()  # signals refer to themselves
        time.sleep(0.05)


def test_a_run_that_ends_leaves_nothing_behind(make_scan, client):
    make_sketch(make_scan(chunks=(2, 4, 12, 5)), 5)
    assert_nothing_is_left(client)


class Interrupted(progress.tqdm):
    """A progress bar that the user interrupts at the fifth chunk."""

    chunks = 0

    def update(self, n=1):
        super().update(n)
        self.chunks += 1
        if self.chunks == 5:
            signal.raise_signal(signal.SIGINT)


def test_an_interrupt_cancels_what_is_left_to_do(client, monkeypatch, interruptible):
    n = 400
    data = da.zeros((n, 2, 4, 4), chunks=(1, 2, 4, 4)).map_blocks(slow, dtype=float)
    scan = hs.signals.Signal2D(data).as_lazy()
    monkeypatch.setattr(progress, "tqdm", Interrupted)
    before = tasks_run(client).sum()
    with pytest.raises(KeyboardInterrupt):
        make_sketch(scan, 4, show_progressbar=True)
    assert_nothing_is_left(client)
    assert tasks_run(client).sum() - before < n


def test_workers_without_the_package_are_named(client, make_scan, monkeypatch):
    monkeypatch.setattr(scheduling, "_PACKAGE", "a_package_that_is_not_there")
    scheduling._checked.discard(client)
    workers = client.scheduler_info()["workers"]
    with pytest.raises(RuntimeError, match="no a_package_that_is_not_there") as error:
        make_sketch(make_scan(chunks=(2, 4, 12, 5)), 5)
    assert all(worker in str(error.value) for worker in workers)


# --- around it ---------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["threads", "synchronous", "cluster"])
def test_readings_of_a_call_have_one_progress_bar(make_scan, client, capfd, scheduler):
    scan = make_scan(chunks=(2, 4, 12, 5))
    scheduler = client if scheduler == "cluster" else scheduler
    options = {"bad_pixels": None, "show_progressbar": True}
    make_sketch(scan, 5, scheduler=scheduler, **options)
    shown = capfd.readouterr().err
    assert re.search(r"Sketch: 100%.* 8/8 ", shown) and shown.count("\n") == 1
    for label in ("Inspecting the data", "Summing patterns", "Forming images"):
        assert label in shown
    make_sketch(scan, 5, scheduler=scheduler, show_progressbar=False)
    assert capfd.readouterr().err == ""


def test_a_chunk_that_workers_have_no_room_for_is_refused(client, make_scan):
    data = da.zeros((100000, 100, 100, 100), chunks=-1, dtype=np.uint16)
    scan = hs.signals.Signal2D(data).as_lazy()
    with pytest.raises(ValueError, match=r"100000 x 100 x 100 x 100.*rechunk"):
        make_sketch(scan, 5)


def test_importing_the_package_does_not_import_distributed():
    code = "import sys, hspy_cnmf; assert 'distributed' not in sys.modules"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_the_recipes_run(client, tmp_path, monkeypatch):
    """All that can run here: no SLURM."""
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    here = [block for block in code if "SLURMCluster" not in block]
    assert len(here) == len(code) - 1 and len(here) >= 2
    radius = np.hypot(*(np.mgrid[:16, :16] - 7.5))
    ring = 3 + 30 * np.exp(-((radius - 5) ** 2) / 2)
    data = np.random.default_rng(0).poisson(ring, (24, 24, 16, 16)).astype(np.uint16)
    scan = hs.signals.Signal2D(data)
    scan.set_signal_type("electron_diffraction")
    monkeypatch.chdir(tmp_path)
    scan.save("scan.zspy")
    script = "\n".join(here).replace("n_workers=4", "n_workers=1")
    script = script.replace("output_dimension=20", "output_dimension=2, max_iter=5")
    indented = "".join(f"    {line}\n" for line in script.splitlines())
    Path("recipe.py").write_text(f"if __name__ == '__main__':\n{indented}")
    subprocess.run([sys.executable, "-W", "ignore", "recipe.py"], check=True)
    kept = hs.load("analysed.zspy").learning_results
    assert kept.loadings.shape == (576, 2)


def test_results_are_put_in_place_where_memory_is_shared(client):
    assert not scheduling.shares_memory()  # that of the cluster's workers
    for scheduler, shared in (("threads", True), ("sync", True), ("processes", False)):
        with dask.config.set(scheduler=scheduler):
            assert scheduling.shares_memory() == shared
