"""Pixels are summed where that tells more components, and nothing changes elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf import ConstrainedNMF
from hspy_cnmf.constraints import GaussianSmoothing, RadialFloor, ZeroRegion
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.range_finder import random_patterns, sketch
from hspy_cnmf.solver.factorise import factorise_resolved
from hspy_cnmf.solver.problem import Problem
from hspy_cnmf.solver.resolution import resolve
from hspy_cnmf.solver.summed_pixels import SummedPixels, with_summed_pixels
from tests.helpers.maps import map_correlations

POSITIONS, PIXELS = np.ones((20, 20), bool), np.ones((32, 36), bool)
SETTINGS = {"n_init": 1, "random_state": 0, "compression": 24, "max_iter": 60}


def scan(dose, seed=0):
    """Return counts of two patterns of wide spots, in halves, in an even background."""
    y, x = np.mgrid[:32, :36]
    patterns = [np.ones((32, 36))]
    for places in (((6, 8), (22, 25)), ((24, 9), (9, 27))):
        far = [(y - row) ** 2 + (x - column) ** 2 for row, column in places]
        patterns.append(np.exp(-np.min(far, axis=0) / 8))
    patterns = np.array([p / p.sum() for p in patterns])
    maps = np.zeros((3, *POSITIONS.shape))
    maps[0] = 0.7
    maps[1, :, :8] = maps[2, :, 12:] = 0.3
    maps[0] = 1 - maps[1:].sum(axis=0)
    expected = dose * np.tensordot(maps, patterns, axes=(0, 0))
    counts = np.random.default_rng(seed).poisson(expected)
    return StreamedOperator(counts.astype(np.uint16), POSITIONS, PIXELS), maps


def with_sketch(operator, **changes):
    constraint = changes.pop("loading_constraint", GaussianSmoothing())
    estimator = ConstrainedNMF(4, loading_constraint=constraint, **(SETTINGS | changes))
    estimator = resolve(estimator, POSITIONS, PIXELS)
    span = operator.span(random_patterns(24, operator.shape[1], 0))
    return estimator, sketch(operator, span)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_patterns_become_the_same_all_over_cells(side, is_weighted, seed):
    rng = np.random.default_rng(seed)
    keep = rng.random((9, 11)) < 0.8
    scale = rng.uniform(1, 2, np.count_nonzero(keep)) if is_weighted else None
    average = SummedPixels(side, scale).prepare(keep)
    values = rng.random((2, np.count_nonzero(keep)))
    found = average(values)
    np.testing.assert_allclose(average(found), found)
    own = 1 if scale is None else scale
    np.testing.assert_allclose((found / own).sum(), (values / own).sum())
    images = np.full((2, *keep.shape), np.nan)
    images[:, keep] = found / own
    cell = images[0, :side, :side]
    cell = cell[~np.isnan(cell)]
    np.testing.assert_allclose(cell, cell[:1].repeat(len(cell)))


def problem(operator, **changes):
    estimator, own = with_sketch(operator, **changes)
    return Problem.of(operator, estimator, sketch=own)


def test_few_electrons_in_wide_spots_are_summed_and_many_are_not():
    for dose, sides in ((80, (2, 4)), (1e5, (1,))):
        operator, _ = scan(dose)
        before = problem(operator)
        after, told = with_summed_pixels(before, 4)
        assert told["summed_pixels"] in sides
        assert (after is before) == (sides == (1,))


def test_the_sketch_is_one_of_averages():
    operator, _ = scan(80)
    after, told = with_summed_pixels(problem(operator), 4)
    chosen = after.sketch
    average = SummedPixels(told["summed_pixels"]).prepare(PIXELS)
    basis = chosen.basis_patterns
    np.testing.assert_allclose(average(basis), basis, atol=1e-6)
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-5)
    images = operator.in_double().images(basis)
    left = np.linalg.norm(chosen.basis_images - images, axis=1)
    assert np.all(left < 1e-6 * np.linalg.norm(images, axis=1))  # single precision
    assert chosen.square_norm == operator.square_norm
    arrays = chosen.basis_images, basis  # and what is left over of other cells is gone
    assert all(a.base is None or a.base.size == a.size for a in arrays)


def test_other_constraints_on_patterns_stay_as_they_are():
    operator, _ = scan(80)
    region = ZeroRegion(~PIXELS | (np.arange(36) < 2))
    before = problem(operator, factor_constraint=region)
    assert with_summed_pixels(before, 4) == (before, {})


@pytest.mark.parametrize("normalized", [False, True])
def test_maps_are_those_of_summed_pixels_and_patterns_have_all(normalized):
    operator, maps = scan(80, seed=1)
    scales = (None, None)
    if normalized:
        matrix = operator.sample(np.arange(400)).astype(float)
        scales = tuple(np.sqrt(matrix.sum(axis=axis) + 1) for axis in (1, 0))
        operator = operator.divide(*scales)
    estimator, own = with_sketch(operator)
    found = [
        factorise_resolved(operator, estimator, scales, own, most_summed=most)
        for most in (1, 4)
    ]
    assert "summed_pixels" not in found[0].parameters
    assert found[1].parameters["summed_pixels"] > 1
    assert found[1].parameters["factor_constraint"] is None
    alike = map_correlations(found[1].loadings, maps[1:].reshape(2, -1))
    assert alike.min() > 0.9
    strongest = found[1].factors[0].reshape(PIXELS.shape)
    assert np.ptp(strongest[:2, :2]) > 0
    if not normalized:
        model = found[1].loadings.T @ found[1].factors
        error = np.mean((operator.sample(np.arange(400)) - model) ** 2)
        assert found[1].error == pytest.approx(error, rel=1e-4)


def test_amounts_are_less_raised_by_noise_than_by_its_clipping():
    operator, maps = scan(80, seed=1)
    estimator, own = with_sketch(operator, factor_constraint=RadialFloor())
    found = factorise_resolved(operator, estimator, (None, None), own, most_summed=4)
    true = 80 * maps[1:].reshape(2, -1)
    alike = np.corrcoef(np.vstack([true, found.loadings[found.loadings.any(axis=1)]]))
    crystals = found.loadings[alike[:2, 2:].argmax(axis=1)]
    amounts = np.einsum("ij,ij->i", crystals, true) / np.square(true).sum(axis=1)
    assert 0.8 < amounts.min() and amounts.max() < 1.5  # 1.7 without their totals
