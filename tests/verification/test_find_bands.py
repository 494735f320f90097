"""Bands of signals: the truth is in them, and nothing is read for them."""

import dask.array as da
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor
from hspy_cnmf.verification.find_bands import _floor
from tests.conftest import QUICK


def test_the_truth_lies_in_the_bands(phases):
    scan, truth = phases
    bands = scan.get_solution_bands()
    keep = ~np.isnan(bands.ambiguity.data).any(axis=0)
    factors = truth.factors.data[:, keep].astype(float)
    counts = factors.sum(axis=1) * truth.loadings.data.sum(axis=(1, 2))
    shares = counts / counts.sum()
    found = scan.get_decomposition_factors().data[:, keep]
    unit = [f / np.linalg.norm(f, axis=1, keepdims=True) for f in (found, factors)]
    names = (unit[0] @ unit[1].T).argmax(axis=1)
    assert sorted(names) == [0, 1, 2, 3]
    table = bands.table
    assert (table["lowest"] <= shares[names]).all()
    assert (shares[names] <= table["highest"]).all()
    # Crystals have spots of their own, but any share of the rings of the matrix.
    assert (table["rest"][1:] > table["spots"][1:] + 0.2).all()
    assert bands.holds and "bright pixels are determined" in bands.summary()


def test_bands_are_the_same_of_lazy_data_which_are_not_read(phases):
    scan = phases[0]
    bands = scan.get_solution_bands()
    lazy = scan.deepcopy().as_lazy()

    def refuse(block):
        raise AssertionError("The data were read.")

    lazy.data = da.map_blocks(refuse, lazy.data, dtype=lazy.data.dtype)
    assert str(lazy.get_solution_bands().table) == str(bands.table)


def test_empty_components_have_no_band(make_scan):
    scan = make_scan((12, 12), (16, 16))
    scan.decomposition(**QUICK | {"output_dimension": 6, "max_iter": 60})
    n_found = hspy_cnmf.get_result(scan).n_found
    assert n_found < 6
    bands = scan.get_solution_bands()
    assert not bands.table["highest"][n_found:].any()
    assert np.nansum(bands.upper_loadings.data[n_found:]) == 0


def test_nothing_is_said_to_be_determined_where_a_component_is_missing():
    scan = hspy_cnmf.data.four_phases((24, 24), random_state=0)
    mask = hspy_cnmf.structure_mask(scan)
    settings = QUICK | {"output_dimension": 3, "max_iter": 60}
    scan.decomposition(**settings, signal_mask=mask)
    bands = scan.get_solution_bands()
    assert not bands.holds and not bands.determined.any()
    assert "leave over structure" in bands.finding()
    assert bands.summary().count("not known to be determined") == 3


def test_masked_places_have_none(make_scan):
    scan = make_scan((9, 10), (14, 12))
    mask = np.zeros((10, 9), bool)  # HyperSpy's order: x first
    mask[3:5] = True
    scan.decomposition(**QUICK, navigation_mask=mask)
    bands = scan.get_solution_bands()
    assert np.isnan(bands.upper_loadings.data[:, :, 3:5]).all()
    assert np.isfinite(bands.upper_loadings.data[:, :, 5:]).all()


@pytest.mark.parametrize("tolerance", [-1, np.nan, "wide", True])
def test_tolerances_that_make_no_sense_are_refused(phases, tolerance):
    with pytest.raises((TypeError, ValueError), match="tolerance"):
        phases[0].get_solution_bands(tolerance=tolerance)


def test_what_was_not_decomposed_is_refused(make_scan):
    scan = make_scan((9, 10), (14, 12))
    with pytest.raises(RuntimeError, match="decompos"):
        scan.get_solution_bands()
    scan.change_dtype("float64")
    scan.decomposition(algorithm="NMF", output_dimension=2, print_info=False)
    with pytest.raises(RuntimeError, match="constrained"):
        scan.get_solution_bands()


def test_reversed_components_are_refused(phases):
    scan = phases[0].deepcopy()
    scan.learning_results.factors = -scan.learning_results.factors
    with pytest.raises(ValueError, match="negative"):
        scan.get_solution_bands()


@pytest.mark.parametrize(
    "floor",
    [
        RadialFloor(),
        RadialFloor((3.5, 4.0), 3.0, ((1.0, 0.1), (0.0, 1.0)), "mean"),
        AzimuthalFloor(radial_axis=1),
    ],
)
def test_floors_are_read_from_what_results_tell(floor):
    assert _floor(repr(floor)) == floor
    assert _floor(repr([len, floor])) is None or _floor(repr([floor])) == floor


@pytest.mark.parametrize("text", ["None", "<function f at 0x1>", "Other(1)", ""])
def test_other_constraints_are_no_floors(text):
    assert _floor(text) is None
