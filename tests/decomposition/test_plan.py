"""Plans: every argument is resolved or refused in words, before anything is read."""

import inspect
import json
import os
from pathlib import Path

import hyperspy.api as hs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf import ConstrainedNMF, get_result
from hspy_cnmf.decomposition.plan import make_plan
from tests.conftest import QUICK

ODD = (
    1e300, -1, 0, 3, np.nan, np.inf, "x", b"a", 1j, None, True, [], {}, object(), float,
    [[1], [1, 2]], np.float32(2), np.int64(2), np.array(3), np.array([1, 2]),
    np.ma.masked_array([1, 2], [0, 1]), "\udc80",
)  # fmt: skip

FUNCTIONS = {
    hspy_cnmf.decompose: {
        "output_dimension": 2, "n_init": 1, "max_iter": 2, "random_state": 0,
    },
    hspy_cnmf.make_sketch: {"rank": 4},
    hspy_cnmf.estimate_cost: {"output_dimension": 2, "n_init": 1, "max_iter": 2},
    hspy_cnmf.structure_mask: {},
}  # fmt: skip

PARAMETERS = [(f, name) for f in FUNCTIONS for name in inspect.signature(f).parameters]


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory):
    """Be elsewhere: some odd arguments are paths of files that can be written."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("other"))
    yield
    os.chdir(before)


def scan():
    data = np.random.default_rng(0).poisson(5.0, (4, 5, 8, 9)).astype(float)
    signal = hs.signals.Signal2D(data)
    signal.set_signal_type("electron_diffraction")
    return signal


@pytest.mark.usefixtures("other_folder")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PARAMETERS), st.sampled_from(range(len(ODD))))
def test_odd_arguments_are_taken_or_refused_by_the_package_itself(parameter, i):
    function, name = parameter
    arguments = {"signal": scan()} | FUNCTIONS[function] | {name: ODD[i]}
    for quiet in {"print_info", "show_progressbar"} - {name}:
        if quiet in inspect.signature(function).parameters:
            arguments[quiet] = False
    try:
        function(**arguments)
    except (ValueError, TypeError) as error:
        last = error.__traceback__
        while last.tb_next is not None:
            last = last.tb_next
        where = last.tb_frame.f_globals["__name__"]
        assert where.partition(".")[0] in ("hspy_cnmf", "dask"), error
        assert len(str(error).split()) > 3


NUMBERS = {
    "output_dimension": np.int64(3),
    "n_init": np.int32(2),
    "max_iter": np.array(7),
    "tol": np.float64(1e-3),
    "prune": np.bool_(True),
    "compression": np.int16(9),
    "random_state": np.uint32(5),
    "normalize_poissonian_noise": np.bool_(True),
    "last_iteration": np.str_("sketch"),
}


@pytest.mark.parametrize("as_estimator", [False, True])
def test_numbers_of_numpy_are_as_good_as_pythons(make_scan, as_estimator):
    def run(numbers):
        signal, arguments = make_scan(), QUICK | numbers
        if as_estimator:
            own = set(inspect.signature(ConstrainedNMF).parameters) & set(arguments)
            n = arguments.pop("output_dimension")
            own = {name: arguments.pop(name) for name in own}
            arguments["algorithm"] = ConstrainedNMF(
                n, factor_constraint="auto", loading_constraint="auto", **own
            )
        signal.decomposition(**arguments)
        return get_result(signal)

    ours, theirs = run(NUMBERS), run({n: v.item() for n, v in NUMBERS.items()})
    np.testing.assert_array_equal(ours.loadings, theirs.loadings)
    assert ours.parameters == theirs.parameters
    assert json.loads(json.dumps(ours.parameters)) == ours.parameters


def test_a_plan_is_resolved_without_the_data(make_scan):
    signal = make_scan(signal_type="electron_diffraction", chunks=4)
    signal.data = signal.data.map_blocks(_refuse, dtype=float, meta=np.empty(0))
    mask = np.zeros((8, 6), dtype=bool)
    mask[:2] = True
    plan = make_plan(signal, 3, compression=5, navigation_mask=mask)
    assert plan.shape == (36, 120) and plan.rank == 5
    assert plan.masks[0].shape == (6, 8) and plan.masks[1] is None
    assert isinstance(plan.estimator.random_state, int)
    assert plan.estimator.loading_constraint.step is not None
    plan.try_constraints(np.dtype(np.float32))


def _refuse(block):
    raise AssertionError("the data were read")


def test_a_new_parameter_of_the_estimator_needs_one_place():
    of_estimator = inspect.signature(ConstrainedNMF).parameters.keys()
    of_estimator -= {"n_components", "factor_shape", "loading_shape"}
    assert of_estimator <= inspect.signature(hspy_cnmf.decompose).parameters.keys()
    scanned = inspect.signature(hspy_cnmf.scan_output_dimension).parameters.keys()
    known = {"fixed_factors", "fixed_loadings"}
    assert of_estimator - {"init"} - known <= scanned
