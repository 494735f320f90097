"""Runs of plans on arrays: as often as said, and what masks hide is not known."""

import numpy as np
import pytest

from hspy_cnmf import get_result
from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.decomposition.run import _n_readings, run
from hspy_cnmf.solver.last_iteration import readings_of_end
from tests.decomposition.test_exactness import MASKS, PIXELS, POSITIONS
from tests.decomposition.test_sketching import RANK, counted

SHORT = {"n_init": 2, "max_iter": 5, "tol": 0, "random_state": 0, "compression": RANK}


def outcome_of(scan, **arguments):
    plan = make_plan(scan, 3, **SHORT | arguments)
    return plan, run(plan, plan.operator(aligned_data(scan)))


@pytest.mark.parametrize("last_iteration", ["data", "sketch"])
@pytest.mark.parametrize("reproject", [None, "navigation", "both"])
def test_data_are_read_as_often_as_the_progress_bar_is_told(
    make_scan, last_iteration, reproject
):
    scan, calls = counted(make_scan, (1, 8, 12, 10))
    arguments = MASKS | {"reproject": reproject, "last_iteration": last_iteration}
    plan, outcome = outcome_of(scan, **arguments)
    foreseen = _n_readings(plan, 1)
    if last_iteration == "data":
        end = readings_of_end(plan.rank, plan.shape[0])
        foreseen += outcome.result.parameters["last_readings"] - end
    assert sum(calls.values()) / 6 <= foreseen
    # Of readings for what is masked half of the blocks may have nothing to give.
    assert sum(calls.values()) / 6 > foreseen - 2.5


def test_the_outcome_is_what_the_signal_is_given(make_scan, snapshot):
    scan = make_scan()
    before = snapshot(scan)
    _, outcome = outcome_of(scan, **MASKS)
    assert snapshot(scan) == before
    assert outcome.result.parameters["reproject"] is None
    np.testing.assert_array_equal(
        np.isnan(outcome.loadings), np.tile(POSITIONS.reshape(-1, 1), 3)
    )
    np.testing.assert_array_equal(
        np.isnan(outcome.factors), np.tile(PIXELS.reshape(-1, 1), 3)
    )
    assert not outcome.bad_pixels.any()
    known = outcome.loadings[~POSITIONS.ravel()]
    np.testing.assert_array_equal(known, outcome.result.loadings.T)
    scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=3,
        print_info=False,
        **SHORT | MASKS,
    )
    np.testing.assert_array_equal(scan.learning_results.loadings, outcome.loadings)
    np.testing.assert_array_equal(scan.learning_results.factors, outcome.factors)
    assert get_result(scan).error == outcome.result.error


def test_bad_pixels_take_no_part_and_are_counted(make_scan):
    scan = make_scan(signal=(20, 20), navigation=(8, 9), counts=2e4)
    scan.data[..., 12, 4] = 0
    _, outcome = outcome_of(scan, bad_pixels="auto")
    assert np.argwhere(outcome.bad_pixels).tolist() == [[12, 4]]
    assert outcome.result.parameters["bad_pixels"] == 1
    assert np.isnan(outcome.factors.reshape(20, 20, 3)[12, 4]).all()
    assert len(outcome.result.notes) >= 1
