"""Laws of the results: lazy equals eager, seeds, symmetries, readings of the data."""

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import dask
import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import get_result
from hspy_cnmf.operators.range_finder import refinements
from tests.conftest import QUICK

NAVIGATION, SIGNAL = (6, 8), (12, 10)
POSITIONS = np.zeros(NAVIGATION, dtype=bool)
POSITIONS[1, 2:5] = POSITIONS[4, 0] = True
PIXELS = np.zeros(SIGNAL, dtype=bool)
PIXELS[2, 3:9] = PIXELS[10, 1] = True
MASKS = {"navigation_mask": POSITIONS.T, "signal_mask": PIXELS}
SHORT = QUICK | {"max_iter": 15, "tol": 0}


def model_of(scan):
    results = scan.learning_results
    return np.nan_to_num(results.loadings) @ np.nan_to_num(results.factors).T


def split(size):
    """Return a strategy for the chunk sizes along an axis."""
    edges = st.sets(st.integers(1, size - 1), max_size=3)
    return edges.map(lambda cuts: tuple(np.diff([0, *sorted(cuts), size]).tolist()))


# --- lazy equals eager -------------------------------------------------------


@pytest.mark.parametrize("masks", [{}, MASKS], ids=["", "masked"])
@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
@pytest.mark.parametrize("compression", ["auto", None, 7])
def test_lazy_equals_eager_for_any_chunks(
    make_scan, relative_difference, masks, normalize, compression
):
    arguments = SHORT | masks | {"compression": compression}
    arguments["normalize_poissonian_noise"] = normalize
    eager = make_scan(signal_type="diffraction", dtype="uint16")
    eager.decomposition(**arguments)

    @settings(max_examples=4, deadline=None)
    @given(st.tuples(*map(split, NAVIGATION + SIGNAL)), st.booleans())
    def check(chunks, is_signal):
        lazy = make_scan(signal_type="diffraction", dtype="uint16", chunks=chunks)
        if is_signal and masks:
            lazily = {
                "navigation_mask": hs.signals.BaseSignal(POSITIONS).T.as_lazy(),
                "signal_mask": da.from_array(PIXELS, chunks=3),
            }
            lazy.decomposition(**arguments | lazily)
        else:
            lazy.decomposition(**arguments)
        assert relative_difference(model_of(lazy), model_of(eager)) <= 1e-4
        theirs, ours = get_result(lazy), get_result(eager)
        assert theirs.error == pytest.approx(ours.error, rel=1e-4)
        assert theirs.square_norm == pytest.approx(ours.square_norm, rel=1e-6)
        np.testing.assert_array_equal(theirs.seeds, ours.seeds)

    check()


def test_automatic_compression_is_used_and_agrees_with_the_data(
    make_scan, relative_difference
):
    scans = [make_scan((12, 13), (14, 15), chunks=c) for c in (None, (6, 13, 14, 8))]
    for scan in scans:
        scan.decomposition(**SHORT)
        assert get_result(scan).parameters["compression_rank"] == 64
    assert relative_difference(*map(model_of, scans)) <= 1e-4
    exact = make_scan((12, 13), (14, 15))
    exact.decomposition(**SHORT, compression=None)
    assert get_result(exact).parameters["compression_rank"] is None
    assert relative_difference(model_of(scans[0]), model_of(exact)) < 0.02
    assert get_result(scans[0]).error == pytest.approx(
        get_result(exact).error, rel=0.02
    )


# --- seeds -------------------------------------------------------------------

SEEDED = pytest.mark.parametrize("compression", [None, 7])


@SEEDED
@pytest.mark.parametrize("chunks", [None, (3, 3, 12, 4)], ids=["eager", "lazy"])
def test_a_seed_gives_the_same_bits(make_scan, chunks, compression):
    arguments = SHORT | {"compression": compression}

    def run(random_state):
        scan = make_scan(chunks=chunks)
        scan.decomposition(**arguments | {"random_state": random_state})
        return model_of(scan)

    first = run(3)
    with ThreadPoolExecutor(4) as pool:
        for other in pool.map(run, [3] * 8):
            np.testing.assert_array_equal(other, first)
    np.testing.assert_array_equal(
        run(np.random.default_rng(3)), run(np.random.default_rng(3))
    )
    assert (run(4) != first).any()
    assert (run(None) != run(None)).any()


def test_the_scheduler_does_not_matter(make_scan):
    models, threads = [], set()

    def note(block):
        threads.add(threading.current_thread())
        return block

    for get in (None, dask.get, dask.threaded.get):
        scan = make_scan(chunks=(3, 4, 12, 5))
        scan.data = scan.data.map_blocks(note, dtype=scan.data.dtype)
        threads.clear()
        scan.decomposition(**SHORT, get=get)
        models.append(model_of(scan))
        if get is dask.get:
            assert threads == {threading.current_thread()}
    np.testing.assert_array_equal(models[0], models[1])
    np.testing.assert_array_equal(models[0], models[2])


def test_a_cluster_gives_the_same_result(make_scan, tmp_path):
    distributed = pytest.importorskip("distributed")
    scans = [make_scan(chunks=(3, 4, 12, 10)) for _ in range(2)]
    arguments = SHORT | {"compression": 7}
    scans[0].decomposition(**arguments)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        scans[1].decomposition(**arguments)
        used = client.run(lambda dask_worker: dask_worker.state.executed_count)
        assert len(used) == 2 and all(used.values())
    # Other processes may add in another order within BLAS: the same but for rounding.
    np.testing.assert_allclose(model_of(scans[1]), model_of(scans[0]), rtol=1e-9)


# --- symmetries --------------------------------------------------------------

FREE = {"factor_constraint": None, "loading_constraint": None, "compression": None}


@settings(max_examples=6, deadline=None)
@given(st.randoms(use_true_random=False))
def test_permuting_positions_permutes_loadings(make_scan, random):
    order = random.sample(range(48), 48)
    init = np.random.default_rng(0).random((3, 48))
    scan = make_scan((48,))
    shuffled = make_scan((48,))
    shuffled.data = shuffled.data[order]
    scan.decomposition(**SHORT | FREE, init=init)
    shuffled.decomposition(**SHORT | FREE, init=init[:, order])
    ours, theirs = scan.learning_results, shuffled.learning_results
    np.testing.assert_allclose(theirs.loadings, ours.loadings[order], rtol=1e-6)
    np.testing.assert_allclose(theirs.factors, ours.factors, rtol=1e-6, atol=1e-12)


@settings(max_examples=6, deadline=None)
@given(st.integers(-12, 12).map(lambda n: 10.0**n), st.booleans(), st.booleans())
def test_scaling_the_data_scales_the_loadings(make_scan, scale, normalize, single):
    arguments = SHORT | {"normalize_poissonian_noise": normalize}
    scan = make_scan(signal_type="diffraction")
    scan.decomposition(**arguments)
    scaled = make_scan(signal_type="diffraction")
    scaled.data = scaled.data * scale
    if single:
        scaled.data = scaled.data.astype(np.float32)
    scaled.decomposition(**arguments)
    ours, theirs = scan.learning_results, scaled.learning_results
    tolerance = 1e-2 if single else 1e-6
    largest = ours.loadings.max()
    np.testing.assert_allclose(
        theirs.loadings / scale, ours.loadings, rtol=tolerance, atol=tolerance * largest
    )
    np.testing.assert_allclose(theirs.factors, ours.factors, atol=tolerance)


def test_dead_pixels_and_empty_patterns_are_data(make_scan):
    scan = make_scan()
    scan.data[2, 3:5] = 0
    scan.data[..., 4, 6] = 0
    for normalize in (False, True):
        scan.decomposition(
            **SHORT | FREE, normalize_poissonian_noise=normalize, bad_pixels=None
        )
        results = scan.learning_results
        assert (
            np.isfinite(results.factors).all() and np.isfinite(results.loadings).all()
        )
        assert scan.get_decomposition_loadings().data[:, 2, 3:5].max() == 0
        assert scan.get_decomposition_factors().data[:, 4, 6].max() == 0


@pytest.mark.parametrize("solver", ["als", "hals"])
def test_more_components_than_the_data_hold_do_no_harm(make_scan, solver):
    scan = make_scan()
    scan.decomposition(**QUICK | FREE | {"solver": solver})
    expected = get_result(scan).error
    scan.decomposition(**QUICK | FREE | {"output_dimension": 9, "solver": solver})
    result = get_result(scan)
    assert np.isfinite(result.factors).all() and np.isfinite(result.loadings).all()
    assert (np.linalg.norm(result.loadings, axis=1) > 0).all()
    assert result.error <= expected * 1.01


# --- readings of the data ----------------------------------------------------


class Counter:
    """A function of a block that counts its calls, and how many blocks are alive."""

    def __init__(self):
        self.calls = {}
        self.lock = threading.Lock()

    def __call__(self, block, block_info=None):
        where = block_info[0]["chunk-location"]
        with self.lock:
            self.calls[where] = self.calls.get(where, 0) + 1
        return block

    def __dask_tokenize__(self):
        return id(self)


@pytest.mark.parametrize(("n_init", "max_iter"), [(1, 3), (6, 3), (2, 60)])
@pytest.mark.parametrize("extra", [{}, MASKS, {"normalize_poissonian_noise": True}])
@pytest.mark.parametrize(
    ("chunks", "of_span"), [((3, 4, 12, 5), 2), ((2, 3, 12, 10), 1)]
)
def test_compressed_data_are_read_as_often_as_said(
    make_scan, n_init, max_iter, extra, chunks, of_span
):
    counter = Counter()
    scan = make_scan(signal_type="diffraction", chunks=chunks)
    scan.data = scan.data.map_blocks(counter, dtype=scan.data.dtype, meta=np.empty(0))
    arguments = {"n_init": n_init, "max_iter": max_iter, "compression": 6, "tol": 0}
    scan.decomposition(**QUICK | arguments | extra)
    # For a sketch twice, and to refine it; twice as often if chunks divide patterns.
    last = get_result(scan).parameters["last_readings"]
    of_sketch = (2 + refinements((48, 120))) * of_span
    assert set(counter.calls.values()) == {of_sketch + last}
    assert last in (0, 1, 2)


@pytest.mark.parametrize("compression", [6, None])
def test_lazy_data_are_never_gathered(compression):
    """A chunk may be freed once it is used: no more than a few are ever alive."""
    alive, most = set(), [0]

    def generate(block_info=None):
        number = block_info[None]["chunk-location"][0], object()
        rng = np.random.default_rng(number[0])
        block = rng.poisson(3.0, (4, 6, 12, 10)).astype(np.uint16)
        alive.add(number)
        weakref.finalize(block, alive.discard, number)
        most[0] = max(most[0], len(alive))
        return block

    data = da.map_blocks(
        generate, chunks=((4,) * 40, (6,), (12,), (10,)), dtype=np.uint16,
        meta=np.empty(0, np.uint16),
    )  # fmt: skip
    scan = hs.signals.Signal2D(data).as_lazy()
    scan.decomposition(
        **QUICK | {"max_iter": 3, "compression": compression}, get=dask.get
    )
    assert 1 <= most[0] <= 6
    # The same measure sees that a reading as a whole holds all chunks.
    most[0] = 0
    data.compute(scheduler="sync")
    assert most[0] > 30
