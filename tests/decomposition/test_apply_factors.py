"""Maps of known factors in another scan, from one reading."""

import hyperspy.api as hs
import numpy as np
import pytest
from scipy.optimize import nnls

from hspy_cnmf import get_result
from tests.conftest import QUICK, make_components

MAPS, PATTERNS = make_components((6, 8), (12, 10))
KIND = "electron_diffraction"
QUIET = {"print_info": False}


def applied(scan, factors=PATTERNS, **arguments):
    scan.apply_factors(factors, **QUIET | arguments)
    results = scan.learning_results
    return results.factors, results.loadings


def test_maps_are_non_negative_least_squares(make_scan):
    scan = make_scan(signal_type=KIND)
    factors, loadings = applied(scan, 3 * PATTERNS, loading_constraint=None)
    unit = PATTERNS.reshape(3, -1)
    np.testing.assert_allclose(factors, unit.T, rtol=1e-6)
    data = scan.data.reshape(48, -1)
    expected = [nnls(unit.T, pattern)[0] for pattern in data]
    np.testing.assert_allclose(loadings, expected, rtol=1e-3, atol=0.1)
    result = get_result(scan)
    left = data - result.loadings.T @ result.factors
    np.testing.assert_allclose(result.error, np.mean(left**2), rtol=1e-6)


@pytest.mark.parametrize("normalized", [False, True])
def test_they_are_those_of_a_decomposition_with_all_factors_fixed(
    make_scan, normalized
):
    other = make_scan(signal_type=KIND, seed=1)
    _, ours = applied(other, normalize_poissonian_noise=normalized)
    other.decomposition(
        **QUICK, fixed_factors=PATTERNS, normalize_poissonian_noise=normalized
    )
    theirs = other.learning_results.loadings
    for one, two in zip(ours.T, theirs.T, strict=True):
        assert one @ two > 0.999 * np.linalg.norm(one) * np.linalg.norm(two)


@pytest.mark.parametrize("normalized", [False, True])
def test_lazy_data_are_read_once_and_give_the_same(make_scan, normalized):
    signal_mask = np.zeros((12, 10), bool)
    signal_mask[5:7, 4:6] = True
    navigation_mask = np.zeros((8, 6), bool)
    navigation_mask[2, 3] = True
    arguments = {
        "signal_mask": signal_mask,
        "navigation_mask": navigation_mask,
        "normalize_poissonian_noise": normalized,
    }
    expected = applied(make_scan(signal_type=KIND), **arguments)
    for chunks in ((2, 3, 12, 10), (6, 8, 5, 4)):
        scan = make_scan(signal_type=KIND, chunks=chunks)
        read = []

        def note(block, read=read):
            read.append(block.shape)
            return block

        n_chunks = scan.data.npartitions
        scan.data = scan.data.map_blocks(note, dtype=float, meta=np.empty((0,) * 4))
        found = applied(scan, **arguments, scheduler="synchronous")
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-4)
        assert len(read) == n_chunks
    assert np.isnan(expected[0]).any(axis=1).sum() == 4
    assert np.isnan(expected[1]).any(axis=1).sum() == 1


def test_a_decomposed_signal_hands_over_its_factors_and_what_it_masked(make_scan):
    first = make_scan(signal_type=KIND)
    mask = np.zeros((12, 10), bool)
    mask[:2] = True
    first.decomposition(**QUICK, signal_mask=mask)
    second = make_scan((5, 7), signal_type=KIND, seed=2)
    factors, loadings = applied(second, first, normalize_poissonian_noise=True)
    np.testing.assert_allclose(factors, first.learning_results.factors, rtol=1e-5)
    assert loadings.shape == (35, 3)
    np.testing.assert_array_equal(second.learning_results.signal_mask, mask)
    again = make_scan((5, 7), signal_type=KIND, seed=2)
    _, same = applied(again, first.get_decomposition_factors())
    scale = np.abs(loadings).max()
    np.testing.assert_allclose(same, loadings, atol=0.05 * scale)


def test_empty_factors_are_left_out(make_scan):
    first = make_scan(signal_type=KIND)
    first.decomposition(**QUICK)
    first.learning_results.factors[:, 2] = 0
    first.learning_results.loadings[:, 2] = 0
    factors, _ = applied(make_scan(signal_type=KIND), first)
    np.testing.assert_allclose(
        factors, first.learning_results.factors[:, :2], rtol=1e-5
    )


def test_what_follows_a_decomposition_follows(make_scan, tmp_path):
    scan = make_scan(signal_type=KIND)
    applied(scan)
    residual = scan.get_decomposition_residual()
    assert "chi-square" in residual.summary()
    fractions = scan.get_component_fractions()
    assert fractions.fractions.data.shape == (3, 6, 8)
    scan.plot_components()
    scan.plot_convergence()
    scan.plot_decomposition_results()
    scan.save(tmp_path / "scan.zspy")
    result = get_result(hs.load(tmp_path / "scan.zspy"))
    assert result.summary().startswith("applied: factors were given")
    assert result.agreement_summary() == "not known: factors were given"
    np.testing.assert_allclose(result.loadings, get_result(scan).loadings)


def test_smoothing_that_the_data_contradict_is_left_out(make_scan):
    scan = make_scan(signal_type=KIND, counts=1e5)
    sharp = np.zeros((3, 6, 8))
    sharp[np.arange(48).reshape(6, 8) % 3, np.arange(6)[:, None], np.arange(8)] = 1e5
    scan.data = np.tensordot(sharp, PATTERNS, axes=(0, 0))
    applied(scan)
    assert get_result(scan).parameters["smoothing_left_out"]
    np.testing.assert_allclose(
        scan.learning_results.loadings.T.reshape(3, 6, 8), sharp, atol=50
    )


def test_bad_pixels_are_told(make_scan):
    scan = make_scan((8, 8), signal_type=KIND)
    scan.data[..., 4, 5] = 0
    applied(scan)
    assert "look bad, and took part" in get_result(scan).notes[0]


BAD = {
    "none": (None, "factors is None"),
    "shape": (PATTERNS[:, 1:], "has the shape"),
    "negative": (-PATTERNS, "negative"),
    "zero": (0 * PATTERNS, "zero"),
    "twice": (PATTERNS[[0, 0]], "are the same"),
    "unknown everywhere": (np.nan * PATTERNS, "zero wherever no mask"),
    "a scan": (hs.signals.Signal2D(np.ones((3, 4, 12, 10))), "not been decomposed"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_factors_are_refused(make_scan, snapshot, name):
    factors, words = BAD[name]
    scan = make_scan(signal_type=KIND)
    before = snapshot(scan)
    with pytest.raises(ValueError, match=words):
        applied(scan, factors)
    assert snapshot(scan) == before


def test_data_that_are_no_counts_are_refused(make_scan, snapshot):
    scan = make_scan(signal_type=KIND)
    scan.data[1, 2, 3, 4] = -50
    before = snapshot(scan)
    with pytest.raises(ValueError, match="negative values"):
        applied(scan)
    assert snapshot(scan) == before
