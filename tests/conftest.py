"""Small scans, made of a few components that obey the constraints, and counted."""

import signal

import dask.array as da
import hyperspy.api as hs
import matplotlib as mpl
import numpy as np
import pytest
from hyperspy.defaults_parser import preferences

import hspy_cnmf  # noqa: F401  (registers the algorithm)
from tests.helpers.snapshots import note

mpl.use("Agg")

#: Keyword arguments of a quick run that still settles.
QUICK = {
    "algorithm": "constrained_nmf",
    "output_dimension": 3,
    "n_init": 2,
    "max_iter": 40,
    "random_state": 0,
    "print_info": False,
}


def pytest_addoption(parser):
    """Let fuzzers try more cases than is usual."""
    parser.addoption("--fuzz", type=int, default=0, help="trials of each fuzzer")


@pytest.fixture(scope="session")
def fuzz(request):
    """Return how many cases a fuzzer is asked to try, 0 for as many as usual."""
    return request.config.getoption("--fuzz")


@pytest.fixture(scope="session", autouse=True)
def no_progressbars():
    """Keep HyperSpy quiet, as a user does in the preferences."""
    preferences.General.show_progressbar = False


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure behind."""
    yield
    mpl.pyplot.close("all")


@pytest.fixture
def interruptible():
    """Have interrupts raised, which processes in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def make_components(navigation, signal, n_components=3, polar=False):
    """Return smooth maps and patterns of rings and spots, in array order."""
    steps = [np.linspace(0, 1, n) for n in navigation]
    grid = np.average(
        np.meshgrid(*steps, indexing="ij"), axis=0, weights=range(1, len(steps) + 1)
    )
    maps = np.stack(
        [1.02 + np.cos(2 * k + 2 * (k + 1) * grid) for k in range(n_components)]
    )
    offsets = (
        np.indices(signal) - (np.reshape(signal, (-1,) + (1,) * len(signal)) - 1) / 2
    )
    radii = np.indices(signal)[0] if polar else np.sqrt((offsets**2).sum(axis=0))
    patterns = np.stack(
        [
            np.exp(-(((radii - (2 * k + 1)) / 2.5) ** 2)) + 0.05
            for k in range(n_components)
        ]
    )
    flat = patterns.reshape(n_components, -1)
    for k in range(n_components):
        flat[k, [3 + 2 * k, -4 - 2 * k]] += 3
    return maps, patterns / flat.sum(axis=1).reshape((-1,) + (1,) * len(signal))


@pytest.fixture(scope="session")
def make_scan():
    """Return a function that makes a scan; shapes are those of the array."""

    def make(
        navigation=(6, 8),
        signal=(12, 10),
        signal_type="",
        *,
        dtype=float,
        counts=2e3,
        chunks=None,
        n_components=3,
        seed=0,
    ):
        maps, patterns = make_components(
            navigation, signal, n_components, signal_type == "polar_diffraction"
        )
        expected = counts * np.tensordot(maps, patterns, axes=(0, 0))
        data = np.random.default_rng(seed).poisson(expected).astype(dtype)
        kind = hs.signals.Signal2D if len(signal) == 2 else hs.signals.Signal1D
        scan = kind(data)
        if signal_type:
            scan.set_signal_type(signal_type)
        if signal_type in ("diffraction", "electron_diffraction"):
            for axis in scan.axes_manager.signal_axes:
                axis.scale, axis.offset = 0.1, -0.1 * (axis.size - 1) / 2
                axis.units = "1/nm"
        if chunks is not None:
            scan = scan.as_lazy()
            scan.data = da.from_array(data, chunks=chunks)
        return scan

    return make


@pytest.fixture(scope="session")
def snapshot():
    """Return a function that notes everything about a signal, for comparisons."""
    return note


@pytest.fixture(scope="session")
def relative_difference():
    """Return a function of two arrays: their distance over the size of the second."""

    def difference(one, other):
        return np.linalg.norm(one - other) / np.linalg.norm(other)

    return difference
