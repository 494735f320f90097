"""What ``import hspy_cnmf`` does, and what it leaves alone."""

import ast
import inspect
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml
from hyperspy._signals.lazy import LazySignal
from hyperspy.extensions import ALL_EXTENSIONS
from hyperspy.signal import BaseSignal
from pyxem.signals import Diffraction2D
from sklearn.decomposition import NMF, TruncatedSVD

import hspy_cnmf
from hspy_cnmf import registration
from hspy_cnmf.verification import (
    check_components,
    component_fractions,
    decomposition_residual,
)
from tests.conftest import QUICK

WRAPPED = [
    pytest.param(BaseSignal.decomposition, id="eager"),
    pytest.param(LazySignal.decomposition, id="lazy"),
]

IMPORTS = {
    "ours first": "import hspy_cnmf, hyperspy.api as hs, pyxem.signals",
    "hyperspy first": "import hyperspy.api as hs, hspy_cnmf, pyxem.signals",
    "pyxem first": "import pyxem.signals, hyperspy.api as hs, hspy_cnmf",
    "twice": (
        "import importlib, hyperspy.api as hs, hspy_cnmf\n"
        "importlib.reload(hspy_cnmf.registration); importlib.reload(hspy_cnmf)"
    ),
}

PROGRAM = """
import numpy as np
s = hs.signals.Signal2D(np.random.default_rng(0).poisson(5.0, (4, 5, 6, 7)))
s.set_signal_type("electron_diffraction")
for scan in (s, s.as_lazy()):
    scan.decomposition(
        algorithm="constrained_nmf", output_dimension=2, n_init=1, max_iter=5
    )
    assert scan.learning_results.decomposition_algorithm == "constrained_nmf"
    original = type(scan).decomposition._hspy_cnmf_original
    assert not hasattr(original, "_hspy_cnmf_original")
s.change_dtype(float)
s.decomposition(algorithm="SVD", output_dimension=2)
print(type(s).__module__, s.learning_results.decomposition_algorithm)
"""


@pytest.mark.parametrize("order", IMPORTS)
def test_the_algorithm_is_there_in_any_order_of_imports(order):
    program = IMPORTS[order] + PROGRAM
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pyxem.signals.electron_diffraction2d SVD" in done.stdout


def test_registering_again_changes_nothing():
    before = BaseSignal.decomposition, LazySignal.decomposition
    registration.register()
    assert (BaseSignal.decomposition, LazySignal.decomposition) == before


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_signature_name_and_docstring_are_kept(wrapped):
    original = wrapped._hspy_cnmf_original
    assert inspect.signature(wrapped) == inspect.signature(original)
    for name in ("__name__", "__qualname__", "__module__"):
        assert getattr(wrapped, name) == getattr(original, name)
    ours = iter(wrapped.__doc__.splitlines())
    assert all(line in ours for line in original.__doc__.rstrip().splitlines())
    assert "constrained_nmf" in wrapped.__doc__
    assert "constrained_nmf" not in original.__doc__


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_our_arguments_are_told_in_full_beside_hyperspys(wrapped):
    head, others = wrapped.__doc__.split("Other Parameters\n        ----------------\n")
    assert "constrained_nmf" in head[:300]
    others = others.partition("Returns\n")[0]
    of_decompose = inspect.getdoc(hspy_cnmf.decompose)
    for name in inspect.signature(hspy_cnmf.ConstrainedNMF).parameters:
        if name not in ("n_components", "factor_shape", "loading_shape"):
            assert f"\n        {name} : " in "\n" + others
            assert f"\n{name} : " in of_decompose


#: Public functions by the methods that call them, and what signals answer of them.
FUNCTIONS = {
    "cluster_diffraction": (hspy_cnmf.cluster_diffraction, {"factors", "loadings"}),
    "map_domains": (hspy_cnmf.map_domains, {"signal"}),
    "scan_output_dimension": (hspy_cnmf.scan_output_dimension, {"signal"}),
    "get_decomposition_residual": (decomposition_residual, {"signal"}),
    "get_component_fractions": (component_fractions, {"signal"}),
    "check_components": (check_components, {"signal"}),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_methods_have_the_signature_and_texts_of_their_functions(name):
    function, given = FUNCTIONS[name]
    method = getattr(Diffraction2D, name)
    parameters = dict(inspect.signature(function).parameters)
    assert given <= parameters.keys()
    expected = [p for n, p in parameters.items() if n not in given]
    first, *found = inspect.signature(method).parameters.values()
    assert first.name == "self" and found == expected
    bound = inspect.signature(getattr(Diffraction2D(np.ones((2, 2))), name))
    assert list(bound.parameters.values()) == expected
    documentation = inspect.getdoc(method)
    for parameter in expected:
        assert re.search(rf"(?m)^(\w+, )*{parameter.name}\b.* : ", documentation)
    for parameter in given:
        assert not re.search(rf"(?m)^{parameter} : ", documentation)
    assert "is kept in the signal" in documentation


def test_names_are_the_public_ones_and_load_when_used():
    program = (
        "import sys, hspy_cnmf\n"
        "rooms = 'clustering', 'domains', 'figures', 'report', 'selection', 'data'\n"
        "print([r for r in rooms if f'hspy_cnmf.{r}' in sys.modules])\n"
        "print(dir(hspy_cnmf) == sorted(hspy_cnmf.__all__))\n"
        "for name in hspy_cnmf.__all__: getattr(hspy_cnmf, name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["[]", "True"]


def test_no_public_name_is_a_module_to_type_checkers():
    """They take `from .room import name` for the module where there is one."""
    folder = Path(hspy_cnmf.__file__).parent
    tree = ast.parse((folder / "__init__.pyi").read_text())
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    for node in found:
        room = folder / (node.module or "").replace(".", "/")
        modules = [a.name for a in node.names if (room / f"{a.name}.py").exists()]
        assert not modules, f"import from .{node.module}.{modules[0]}"


def test_a_hyperspy_without_machine_learning_is_refused_in_one_sentence():
    program = (
        "import sys, hyperspy.api, pyxem.signals\n"
        "sys.modules['hyperspy.learn'] = None\n"
        "import hspy_cnmf"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: hspy-cnmf needs a HyperSpy that has")
    assert 'pip install "hyperspy<3"' in last


def test_the_extension_is_announced_to_hyperspy():
    (entry,) = entry_points(group="hyperspy.extensions", name="hspy_cnmf")
    assert entry.load() is hspy_cnmf
    text = (files("hspy_cnmf") / "hyperspy_extension.yaml").read_text()
    for name, signal in yaml.safe_load(text)["signals"].items():
        assert ALL_EXTENSIONS["signals"][name] == signal
    pyxem = ALL_EXTENSIONS["signals"]["ElectronDiffraction2D"]
    assert pyxem["module"].startswith("pyxem.")


# --- other algorithms --------------------------------------------------------

EAGER = [
    {"algorithm": "SVD"},
    {"algorithm": "SVD", "centre": "navigation", "svd_solver": "full"},
    {"algorithm": "SVD", "normalize_poissonian_noise": True, "reproject": "both"},
    {"algorithm": "SVD", "navigation_mask": np.arange(48).reshape(8, 6) % 7 == 3},
    {"algorithm": "MLPCA", "tol": 1e-3},
    {"algorithm": "RPCA", "random_state": 0},
    {"algorithm": "ORPCA", "random_state": 0},
    {"algorithm": "NMF", "random_state": 0},
    {"algorithm": NMF(n_components=3, random_state=0, max_iter=30)},
    {"algorithm": TruncatedSVD(n_components=3, random_state=0)},
]
LAZY = [
    {"algorithm": "SVD", "svd_solver": "incremental", "reproject": "navigation"},
    {"algorithm": "PCA", "num_chunks": 2},
    {"algorithm": "ORPCA", "random_state": 0},
    {"algorithm": "NMF", "random_state": 0},
    {"algorithm": NMF(n_components=3, random_state=0, max_iter=30)},
]


def results_of(decomposition, scan, **arguments):
    returned = decomposition(
        scan, output_dimension=3, print_info=False, return_info=True, **arguments
    )
    return type(returned), vars(scan.learning_results)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("chunks", "arguments"),
    [(None, a) for a in EAGER] + [((3, 4, 12, 10), a) for a in LAZY],
    ids=lambda value: str(value.get("algorithm")) if isinstance(value, dict) else None,
)
def test_other_algorithms_give_identical_results(make_scan, chunks, arguments):
    wrapped = BaseSignal.decomposition if chunks is None else LazySignal.decomposition
    scans = [make_scan(chunks=chunks) for _ in range(2)]
    kind, ours = results_of(wrapped, scans[0], **arguments)
    original = wrapped._hspy_cnmf_original
    expected_kind, expected = results_of(original, scans[1], **arguments)
    assert kind is expected_kind
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        if name in ("decomposition_algorithm", "_object"):
            assert type(ours[name]) is type(value)
        else:
            np.testing.assert_array_equal(ours[name], value, err_msg=name)


def test_errors_of_other_algorithms_are_hyperspys(make_scan):
    with pytest.raises(ValueError, match="not recognised"):
        make_scan().decomposition(algorithm="constrained")
    with pytest.raises(TypeError, match="nonsense"):
        make_scan().decomposition(algorithm="NMF", output_dimension=2, nonsense=1)
    with pytest.raises(TypeError, match="floating-point"):
        make_scan(dtype=int).decomposition(algorithm="SVD")


@pytest.mark.parametrize("chunks", [None, 4])
def test_a_later_decomposition_drops_what_ours_left(make_scan, chunks):
    scan = make_scan(chunks=chunks)
    scan.decomposition(**QUICK)
    ours = [n for n in vars(scan.learning_results) if n.startswith("constrained_nmf")]
    assert ours
    scan.decomposition(algorithm="SVD", output_dimension=3, print_info=False)
    assert not set(ours) & set(vars(scan.learning_results))
    with pytest.raises(RuntimeError, match="constrained_nmf"):
        hspy_cnmf.get_result(scan)


def test_ours_drops_what_an_earlier_decomposition_left(make_scan):
    scan = make_scan()
    scan.decomposition(centre="signal", print_info=False)
    scan.blind_source_separation(2, print_info=False)
    scan.decomposition(**QUICK)
    results = scan.learning_results
    for name in ("explained_variance", "mean", "centre", "unmixing_matrix"):
        assert getattr(results, name) is None
    fresh = make_scan()
    fresh.decomposition(**QUICK)
    np.testing.assert_array_equal(results.factors, fresh.learning_results.factors)


# --- HyperSpy's arguments that mean nothing here -----------------------------


@pytest.mark.parametrize(
    ("chunks", "arguments"),
    [
        (None, {"centre": "navigation"}),
        (None, {"var_array": np.ones((48, 120))}),
        (None, {"var_func": np.sqrt}),
        (None, {"svd_solver": "full"}),
        (None, {"copy": True}),
        (4, {"centre": "signal"}),
        (4, {"num_chunks": 2}),
        (4, {"svd_solver": "incremental"}),
    ],
    ids=str,
)
def test_arguments_without_meaning_raise(make_scan, snapshot, chunks, arguments):
    scan = make_scan(chunks=chunks)
    before = snapshot(scan)
    (name,) = arguments
    with pytest.raises(ValueError, match=rf"(?s){name}=.*no meaning.*leave it out"):
        scan.decomposition(**QUICK, **arguments)
    assert snapshot(scan) == before


@pytest.mark.parametrize("chunks", [None, 4])
def test_unknown_arguments_raise(make_scan, chunks):
    with pytest.raises(TypeError, match="nonsense"):
        make_scan(chunks=chunks).decomposition(**QUICK, nonsense=1)


def test_arguments_may_be_given_by_position(make_scan):
    scan, other = make_scan(), make_scan()
    arguments = {n: v for n, v in QUICK.items() if n != "algorithm"}
    dimension = arguments.pop("output_dimension")
    scan.decomposition(False, "constrained_nmf", dimension, **arguments)
    other.decomposition(**QUICK)
    ours, theirs = scan.learning_results, other.learning_results
    np.testing.assert_array_equal(ours.loadings, theirs.loadings)
