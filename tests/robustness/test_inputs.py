"""Whatever signals and arguments are like: a result, or a refusal and no change."""

import copy
import logging
import warnings

import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import strategies as st

import hspy_cnmf
from tests.helpers.fuzzing import holds_for_all, refusal

#: Values of any argument, most of them without sense.
ODD = (
    None,
    True,
    "auto",
    "no such thing",
    "",
    b"x",
    -1,
    0,
    1,
    2,
    3,
    0.5,
    2.5,
    -0.5,
    np.nan,
    np.inf,
    1e300,
    -1e300,
    1e-300,
    10**20,
    10**400,
    1j,
    np.int64(2),
    np.uint8(3),
    np.float32(0.5),
    np.float16(2),
    np.bool_(True),
    np.datetime64("2020-01-01"),
    (1, 2),
    (0.0, np.nan),
    (1, 2, 3),
    [],
    {},
    range(1, 3),
    np.ones(3),
    np.ones((2, 2)),
    np.array("2"),
    object(),
    abs,
    np.float64,
)

DTYPES = (
    *("bool", "uint8", ">u2", "uint32", "int8", "int64", "uint64"),
    *("float16", "float32", ">f4", "float64", "longdouble"),
    *("complex64", "object", [("r", "u1"), ("g", "u1")]),
)
SOUND = DTYPES[:12]

QUICK = {"n_init": 1, "max_iter": 15, "random_state": 0, "show_progressbar": False}

DECOMPOSITION = (
    "output_dimension factor_constraint loading_constraint solver tol init prune "
    "compression device random_state sketch last_iteration normalize_poissonian_noise "
    "navigation_mask signal_mask reproject max_memory print_info return_info"
).split()
SKETCH = (
    "rank normalize_poissonian_noise navigation_mask signal_mask max_memory".split()
)
SCAN = [
    *("output_dimensions", "solver", "tol", "compression", "held_out", "gain"),
    *("navigation_mask", "signal_mask", "sketch", "max_memory"),
]
COST = [
    *("output_dimension", "n_init", "max_iter", "compression", "navigation_mask"),
    *("signal_mask", "reproject", "max_memory", "solver", "sketch", "workers"),
    "machine",
]
CLUSTERING = [
    *("n_clusters", "distance_threshold", "linkage", "components", "center"),
    *("radial_range", "n_azimuth", "mirror", "similarity", "noise_threshold"),
    "background_weight",
]

#: What is called, with arguments that may be odd: (name, arguments, sound ones).
ON_SIGNALS = (
    ("decomposition", DECOMPOSITION, {"output_dimension": 2, **QUICK}),
    ("make_sketch", SKETCH, {"rank": 3, "random_state": 0}),
    (
        "scan_output_dimension",
        SCAN,
        {"output_dimensions": (1, 2), "print_info": False, **QUICK},
    ),
    ("estimate_cost", COST, {"output_dimension": 2}),
    ("structure_mask", ["beam_radius", "outer_radius"], {}),
    ("cluster_diffraction", CLUSTERING, {"print_info": False}),
)
ON_DECOMPOSED = (
    (
        "get_decomposition_residual",
        ["refit", "significance", "smoothing", "gain", "variance", "max_memory"],
        {},
    ),
    (
        "get_component_fractions",
        ["significance", "gain", "variance", "max_memory"],
        {},
    ),
    (
        "check_components",
        ["clusters", "center", "threshold", "min_correlation", "max_memory"],
        {},
    ),
    ("cluster_diffraction", CLUSTERING, {"print_info": False}),
    ("write_report", ["title", "notes", "blur"], {}),
)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where arguments may be the names of files
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def draw_array(draw, dtypes, signal_axes):
    """Draw data of some type, order and values; navigation axes first."""
    n_navigation = draw(st.sampled_from([2, 1, 0, 3]))
    navigation = tuple(draw(st.integers(1, 5)) for _ in range(n_navigation))
    pattern = tuple(draw(st.integers(1, 9)) for _ in range(signal_axes))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    base = rng.random((2, *pattern)) ** 4
    maps = rng.random((*navigation, 2))
    size = draw(st.sampled_from([3.0, 0.2, 100.0, 0.0]))
    values = np.minimum(rng.poisson(size * np.tensordot(maps, base, 1)), 120)
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    if dtype.names:
        array = np.zeros(values.shape, dtype)
    else:
        array = values.astype(dtype)
    if dtype.kind == "f" and dtypes is DTYPES:
        odd = draw(st.sampled_from([None, None, np.nan, np.inf, -1.0, 1e30]))
        if odd is not None and array.size:
            array.flat[rng.integers(array.size)] = odd
    order = draw(st.sampled_from(["C", "F", "reversed"]))
    if order == "F":
        return np.asfortranarray(array)
    return array[::-1].copy()[::-1] if order == "reversed" else array


def draw_signal(draw, dtypes=DTYPES):
    """Draw a signal, its calibration and, or None, its chunks."""
    signal_axes = draw(st.sampled_from([2, 2, 1]))
    array = draw_array(draw, dtypes, signal_axes)
    kind = hs.signals.Signal2D if signal_axes == 2 else hs.signals.Signal1D
    signal = kind(array)
    if signal_axes == 2 and array.dtype.kind in "buif":
        kinds = ["electron_diffraction", "", "diffraction", "polar_diffraction"]
        signal.set_signal_type(draw(st.sampled_from(kinds)))
    for axis in signal.axes_manager._axes:
        axis.scale = draw(st.sampled_from([1.0, 0.1, -0.5, 1e-9]))
        axis.offset = draw(st.sampled_from([0.0, -0.4, 1e6]))
        axis.units = draw(st.sampled_from(["1/nm", "", "nm", "$x_", "px", "Å^-1"]))
    chunks = None
    if draw(st.booleans()):
        chunks = tuple(draw(st.integers(1, n)) for n in array.shape)
        signal = signal.as_lazy()
        signal.data = da.from_array(array, chunks=chunks)
    return signal, chunks


def draw_value(draw, name, signal):
    """Draw a value of an argument; of masks and variances arrays, too."""
    if name in ("navigation_mask", "signal_mask", "variance") and draw(st.booleans()):
        axes = signal.axes_manager
        shape = axes.navigation_shape if "nav" in name else axes.signal_shape[::-1]
        shape = signal.data.shape if name == "variance" else shape
        rng = np.random.default_rng(draw(st.integers(0, 9)))
        mask = rng.random(shape) < draw(st.sampled_from([0.2, 0.0, 1.1]))
        forms = (
            lambda: mask,
            lambda: mask.astype(float),
            lambda: mask[..., np.newaxis],
            lambda: np.ma.masked_array(mask, mask),
            lambda: da.from_array(mask),
            lambda: hs.signals.BaseSignal(mask).T,
            lambda: mask.tolist(),
            lambda: np.where(mask, np.nan, 0),
        )
        return draw(st.sampled_from(forms))()
    return draw(st.sampled_from(ODD))


def call(name, signal, arguments, folder):
    """Call a method, or a function of this package, on a signal."""
    if name == "decomposition":
        arguments = {"algorithm": "constrained_nmf", "print_info": False} | arguments
    if name == "write_report":
        arguments = {"path": folder / "report.html"} | arguments
    if hasattr(signal, name):
        return getattr(signal, name)(**arguments)
    return getattr(hspy_cnmf, name)(signal, **arguments)


def tried(draw, method, signal, snapshot, folder):
    """Call a method with drawn arguments; return whether there is a result."""
    name, arguments, sound = method
    n_odd = draw(st.sampled_from([1, 1, 0, 2]))
    odd = {
        draw(st.sampled_from(arguments)): None
        for _ in range(min(n_odd, len(arguments)))
    }
    odd = {argument: draw_value(draw, argument, signal) for argument in odd}
    before = snapshot(signal)
    try:
        call(name, signal, copy.deepcopy(sound) | odd, folder)
    except Exception as error:
        if not hasattr(signal, name) and not hasattr(hspy_cnmf, name):
            return False  # Not for signals of this kind.
        refusal(error, about=f"{name}({odd}) of {signal!r}:")
        assert snapshot(signal) == before, f"{name}({odd}) changed {signal!r}"
        return False
    return True


def law_of_signals(draw, snapshot, folder):
    signal, _ = draw_signal(draw)
    tried(draw, draw(st.sampled_from(ON_SIGNALS)), signal, snapshot, folder)


def law_of_decomposed(draw, snapshot, folder):
    signal, _ = draw_signal(draw, SOUND)
    try:
        call("decomposition", signal, {"output_dimension": 2, **QUICK}, folder)
    except Exception as error:
        refusal(error)
        return
    tried(draw, draw(st.sampled_from(ON_DECOMPOSED)), signal, snapshot, folder)


def models_of(array, chunks, arguments):
    """Give what double precision, the array and its chunks come to.

    Models and their errors, or what a refusal says.
    """
    for data in (array.astype(float), array, da.from_array(array, chunks=chunks)):
        signal = hs.signals.Signal2D(array)
        signal = signal.as_lazy() if isinstance(data, da.Array) else signal
        signal.data = data
        try:
            call("decomposition", signal, arguments, None)
        except Exception as error:
            yield refusal(error)
        else:
            results = signal.learning_results
            # NaN where pixels are bad.
            model = np.nan_to_num(results.loadings @ results.factors.T, nan=-1)
            yield model, hspy_cnmf.get_result(signal).error


def law_of_chunks(draw):
    """Any chunks and types give what double precision gives.

    Data of few counts may be symmetric, so that each model has a twin that is exactly
    as good: rounding says which of the two it is.
    """
    array = draw_array(draw, SOUND, 2)
    chunks = tuple(draw(st.integers(1, n)) for n in array.shape)
    arguments = QUICK | {
        "output_dimension": draw(st.integers(1, 3)),
        "max_iter": draw(st.sampled_from([15, 150])),
        "solver": draw(st.sampled_from(["hals", "als"])),
        "normalize_poissonian_noise": draw(st.booleans()),
        "compression": draw(st.sampled_from(["auto", None])),
        "prune": draw(st.booleans()),
    }
    if arguments["solver"] == "als":
        # Longer, it may wander without end, and from any rounding to another place.
        arguments["max_iter"] = 15
    double, *others = models_of(array, chunks, arguments)
    for other in others:
        assert isinstance(other, str) == isinstance(double, str)
        if isinstance(other, str):
            continue
        (model, error), (model_in_double, error_in_double) = other, double
        distance = np.linalg.norm(model - model_in_double)
        is_twin = array.max() < 3 and abs(error - error_in_double) <= 1e-6 * error
        is_same = distance <= 1e-4 * np.linalg.norm(model_in_double)
        assert is_same or is_twin, (array.dtype, arguments)


def test_chunks_and_types_do_not_matter(fuzz):
    holds_for_all(fuzz or 40, law_of_chunks)


@pytest.mark.parametrize("law", [law_of_signals, law_of_decomposed])
def test_there_are_only_results_and_refusals(law, fuzz, snapshot, tmp_path):
    holds_for_all(fuzz or 60, lambda draw: law(draw, snapshot, tmp_path))
