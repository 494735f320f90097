"""Several scans as one: shared factors, each scan its own results."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import decompose_series, get_evolution, get_result
from hspy_cnmf.data import precipitation_series
from hspy_cnmf.solver.result import Result
from tests.conftest import QUICK

KIND = "electron_diffraction"
ARGUMENTS = {k: v for k, v in QUICK.items() if k not in ("algorithm",)} | {
    "factor_constraint": None
}


def scans_of(make_scan, chunks=(None, None)):
    return [
        make_scan((6, 8), signal_type=KIND, seed=1, chunks=chunks[0]),
        make_scan((9, 5), signal_type=KIND, seed=2, chunks=chunks[1], dtype=np.uint16),
    ]


def results_of(scans):
    return [(s.learning_results.factors, s.learning_results.loadings) for s in scans]


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("compression", [None, 8])
def test_lazy_and_eager_in_any_mix_give_the_same(make_scan, normalized, compression):
    mask = np.zeros((12, 10), bool)
    mask[5:7, 4:6] = True
    options = ARGUMENTS | {
        "normalize_poissonian_noise": normalized,
        "compression": compression,
        "signal_mask": mask,
    }
    found = []
    for chunks in ((None, None), ((2, 3, 12, 10), None), (None, (4, 5, 5, 10))):
        scans = scans_of(make_scan, chunks)
        decompose_series(scans, **options)
        found.append(results_of(scans))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one[0], two[0], rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(one[1], two[1], rtol=1e-3, atol=1)
    np.testing.assert_array_equal(found[0][0][0], found[0][1][0])
    assert [loadings.shape for _, loadings in found[0]] == [(48, 3), (45, 3)]


@pytest.mark.parametrize("refit", ["both", "loadings", None])
def test_a_small_scan_of_a_series_is_no_failure_of_the_model(make_scan, refit):
    large, small = (
        make_scan(shape, signal_type=KIND, seed=7, counts=500)
        for shape in ((20, 20), (2, 5))
    )
    options = ARGUMENTS | {"loading_constraint": None, "max_iter": 150}
    decompose_series([large, small], **options)
    parts = [get_result(s).parameters["part_of_series"] for s in (large, small)]
    assert parts == [400 / 410, 10 / 410]
    residual = small.get_decomposition_residual(refit=refit)
    assert residual.n_flagged == 0
    assert abs(residual.mean_chi_square - 1) < 0.15
    assert abs(large.get_decomposition_residual(refit=refit).mean_chi_square - 1) < 0.03


def test_one_scan_is_its_own_decomposition(make_scan):
    alone, of_series = (make_scan(signal_type=KIND) for _ in range(2))
    alone.decomposition(algorithm="constrained_nmf", **ARGUMENTS)
    decompose_series([of_series], **ARGUMENTS)
    for one, two in zip(*map(results_of, ([alone], [of_series])), strict=True):
        np.testing.assert_allclose(one[0], two[0], atol=1e-9)
        np.testing.assert_allclose(one[1], two[1], atol=1e-4)


def test_masks_of_scans_and_reprojection(make_scan):
    scans = scans_of(make_scan)
    mask = np.zeros((8, 6), bool)
    mask[3, 4] = True
    decompose_series(scans, **ARGUMENTS, navigation_masks=[mask, None])
    masked = np.isnan(scans[0].learning_results.loadings).any(axis=1).reshape(6, 8)
    np.testing.assert_array_equal(masked, mask.T)
    assert scans[1].learning_results.navigation_mask is None
    decompose_series(
        scans, **ARGUMENTS, navigation_masks=[mask, None], reproject="navigation"
    )
    assert np.isfinite(scans[0].learning_results.loadings).all()


def test_each_scan_has_results_that_all_else_works_with(make_scan, tmp_path):
    scans = scans_of(make_scan)
    evolution = decompose_series(scans, **ARGUMENTS, names=["0 h", "2 h"])
    for i, scan in enumerate(scans):
        result = get_result(scan)
        assert isinstance(result, Result)
        assert result.parameters["scan_of_series"] == [i, 2]
        assert "chi-square" in scan.get_decomposition_residual().summary()
    scans[1].save(tmp_path / "scan.zspy")
    kept = get_evolution(hs.load(tmp_path / "scan.zspy"))
    assert str(kept.table) == str(evolution.table)
    assert kept.scans == ["0 h", "2 h"]
    shares = kept.to_signal("share_of_counts")
    np.testing.assert_allclose(shares.data.sum(axis=0), 1)
    assert shares.get_noise_variance().data.shape == (3, 2)
    assert len(kept.plot().axes) == 3
    with pytest.raises(ValueError, match="quantity must be one of"):
        kept.rows("mass")
    scans[0].decomposition(algorithm="SVD", output_dimension=2, print_info=False)
    with pytest.raises(RuntimeError, match="no evolution"):
        get_evolution(scans[0])


def test_nothing_changes_on_failure(make_scan, snapshot):
    scans = scans_of(make_scan)
    scans[1].data = scans[1].data.astype(float)
    scans[1].data[2, 3, 4, 5] = np.nan
    before = [snapshot(scan) for scan in scans]
    place = r"Scan 1: .* NaN .* index \(3, 2\), signal index \(5, 4\)"
    with pytest.raises(ValueError, match=place):
        decompose_series(scans, **ARGUMENTS)
    with pytest.raises(ValueError, match="blur must be"):
        decompose_series(scans, **ARGUMENTS, blur=-1)
    with pytest.raises(ValueError, match="navigation_masks must be a list of 2"):
        decompose_series(scans, **ARGUMENTS, navigation_masks=[None])
    assert [snapshot(scan) for scan in scans] == before


def test_precipitates_of_a_series_are_counted_and_measured():
    scans, truth = precipitation_series(
        ((44, 48), (48, 40)), detector_shape=(40, 40), transient=1, random_state=3,
        return_truth=True,
    )  # fmt: skip
    radii = np.hypot(*(np.indices((40, 40)) - 19.5))
    mask = (radii < 3) | (radii > 19.5)
    evolution = decompose_series(
        scans, 5, signal_mask=mask, blur=2.1, n_init=2, random_state=0,
        print_info=False,
    )  # fmt: skip
    true = truth.factors.data[:, ~mask]
    found = scans[0].learning_results.factors.T[:, ~mask.ravel()]
    unit = [a / np.linalg.norm(a, axis=1, keepdims=True) for a in (true, found)]
    order = (unit[0] @ unit[1].T).argmax(axis=1)
    assert sorted(order) == [0, 1, 2, 3, 4]
    for quantity, expected in (
        ("number_density", truth.number_densities),
        ("diameter", truth.diameters),
    ):
        values, errors = (a[order][1:] for a in evolution.arrays(quantity))
        away = np.abs(values - expected[1:]) / errors
        assert np.nanmax(away) < 3
    densities, _ = evolution.arrays("number_density")
    assert densities[order[-1], 0] == 0 < densities[order[-1], 1]
    assert "in Alloy after treatment 1" in evolution.summary()


def with_holes(scans, share=0.1, seed=0):
    """Return scans of floats without a share of their values, and where they were."""
    rng, holes, masks = np.random.default_rng(seed), [], []
    for scan in scans:
        hole = scan.deepcopy()
        hole.change_dtype("float32")
        masks.append(rng.random(hole.data.shape) < share)
        hole.data[masks[-1]] = np.nan
        holes.append(hole)
    return holes, masks


def test_missing_values_of_each_scan_are_left_out(make_scan, relative_difference):
    """NaN, or what a mask names; the model is nearly that of complete data."""
    complete = scans_of(make_scan)
    holes, masks = with_holes(complete)
    masked = [scan.deepcopy() for scan in complete]
    masked[0].data[masks[0]] = 60000
    masked[1] = holes[1].deepcopy()
    options = ARGUMENTS | {"bad_pixels": None}
    with pytest.raises(ValueError, match=r'Scan 0: .*missing="ignore"'):
        decompose_series(holes, **options)
    decompose_series(complete, **options)
    decompose_series(holes, missing="ignore", **options)
    decompose_series(masked, missing=[masks[0], "ignore"], **options)
    share = get_result(holes[0]).parameters["missing_share"]
    assert share == pytest.approx(np.concatenate([m.ravel() for m in masks]).mean())
    for whole, hole, other in zip(
        *map(results_of, (complete, holes, masked)), strict=True
    ):
        one, two, three = (
            loadings @ factors.T for factors, loadings in (whole, hole, other)
        )
        assert relative_difference(one, two) < 0.05
        np.testing.assert_allclose(two, three, rtol=1e-2, atol=1e-3 * two.max())


@pytest.mark.parametrize("chunks", [(4, 5, 12, 10), (6, 8, 5, 10)])
def test_missing_values_lazy_and_eager(make_scan, chunks):
    holes, _ = with_holes(scans_of(make_scan))
    lazy = [scan.as_lazy() for scan in holes]
    for scan in lazy:
        scan.data = scan.data.rechunk(chunks)
    for scans in (holes, lazy):
        decompose_series(scans, missing="ignore", **ARGUMENTS, bad_pixels=None)
    for one, two in zip(*map(results_of, (holes, lazy)), strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3 * np.abs(a).max())


def test_dead_frames_are_masked(make_scan):
    holes, _ = with_holes(scans_of(make_scan), share=0)
    holes[1].data[2, 3] = np.nan
    evolution = decompose_series(
        holes, missing="ignore", **ARGUMENTS, bad_pixels=None, compression=8
    )
    assert holes[0].learning_results.navigation_mask is None
    masked = np.zeros((9, 5), bool)
    masked[2, 3] = True
    lost = np.isnan(holes[1].learning_results.loadings).any(axis=1)
    np.testing.assert_array_equal(lost, masked.ravel())
    assert np.isfinite(evolution.to_signal("share_of_counts").data).all()


def test_missing_values_that_make_no_sense(make_scan):
    scans = scans_of(make_scan)
    with pytest.raises(ValueError, match=r"each of the 2 scans, not \[.ignore"):
        decompose_series(scans, **ARGUMENTS, missing=["ignore"])
    with pytest.raises(ValueError, match="has the shape"):
        decompose_series(scans, **ARGUMENTS, missing=[np.zeros((2, 2), bool)] * 2)
    with pytest.raises(ValueError, match="'refuse', 'ignore'"):
        decompose_series(scans, **ARGUMENTS, missing="ignored")
    with pytest.raises(ValueError, match="list"):
        decompose_series(scans, **ARGUMENTS, missing=3)
