"""What an end on a sketch misses: what is foretold is what the data then say."""

import numpy as np
import pytest

from hspy_cnmf.operators import LowRankOperator, StreamedOperator
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.solver import unseen
from hspy_cnmf.solver.half_steps import nonnegative_least_squares
from hspy_cnmf.solver.iteration import gram
from hspy_cnmf.solver.last_iteration import End


@pytest.fixture(scope="module", params=[0.3, 3.0], ids=["bright", "faint"])
def case(request):
    """Return data, a sketch of them, and loadings that were found on it."""
    rng = np.random.default_rng(0)
    factors = 0.2 + 20 * (rng.random((3, 400)) < 0.1)
    truth = rng.dirichlet((0.3, 0.3, 0.3), 3600)
    data = rng.poisson(truth @ factors / request.param).astype(np.uint16)
    operator = StreamedOperator(data, np.ones(3600, bool), np.ones(400, bool))
    patterns = compress.random_patterns(12, 400, 0)
    inspection, span, _ = operator.inspect_and_span(patterns)
    sketch = compress.sketch(
        operator, compress.without_noise(span, patterns, inspection)
    )
    loadings = np.ascontiguousarray(truth.T.astype(np.float32))
    for _ in range(20):
        found = solved(sketch.patterns(loadings), loadings, np.ones((3, 400)))
        loadings = solved(sketch.images(found), found, loadings)
    # As a constraint does, this changes maps so that images are not all of them.
    noise = 0.2 * rng.standard_normal(loadings.shape, np.float32)
    return operator, sketch, np.abs(loadings + noise)


def solved(products, fixed, start):
    start = start.astype(products.dtype)
    return nonnegative_least_squares(products, gram(fixed), start)


def of_data(operator, loadings):
    factors = solved(operator.patterns(loadings), loadings, np.ones((3, 400)))
    return factors, solved(operator.images(factors), factors, loadings)


def unlike(ours, theirs, centred):
    ours, theirs = (a - centred * a.mean(axis=1, keepdims=True) for a in (ours, theirs))
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return 1 - np.sum(ours * theirs, axis=1, dtype=float) / norms


def test_patterns_are_those_of_the_data_where_images_hold_the_loadings(case):
    operator, sketch, _ = case
    first = sketch.basis_images[: len(sketch.fit.patterns)]
    loadings = np.random.default_rng(1).random((3, len(first)), np.float32) @ first
    exact = operator.patterns(loadings)
    ours, plain = (
        np.linalg.norm(patterns - exact) / np.linalg.norm(exact)
        for patterns in (unseen.patterns(sketch, loadings), sketch.patterns(loadings))
    )
    assert ours < 1e-5 < plain


def test_differences_are_foretold(case):
    operator, sketch, loadings = case
    factors, maps = of_data(operator, loadings)
    ours = solved(unseen.patterns(sketch, loadings), loadings, np.ones((3, 400)))
    found = solved(sketch.fitted().images(ours), ours, loadings)
    known = unseen.patterns(sketch, loadings)
    foretold = unseen.factors_differ_by(sketch, loadings, known)
    real = unlike(ours, factors, False)
    assert np.all(real < 2 * foretold) and np.all(foretold < 10 * real + 1e-6)
    change = unseen.outside(sketch, ours)
    end = End(ours, found, 0.0, 0)
    of_maps = unseen.maps_differ_by(sketch, change, end, None)
    real = unlike(found, maps, True)
    assert np.all(real < of_maps) and np.all(of_maps < 10 * real + 1e-6)


def test_a_constraint_that_averages_leaves_less_of_the_noise(case):
    _, sketch, loadings = case
    ours = solved(unseen.patterns(sketch, loadings), loadings, np.ones((3, 400)))
    end, change = End(ours, loadings, 0.0, 0), unseen.outside(sketch, ours)

    def average(maps):
        return (maps + np.roll(maps, 1, axis=1)) / 2

    plain, averaged = (
        unseen.maps_differ_by(sketch, change, end, f) for f in (None, average)
    )
    assert np.all(averaged < 0.6 * plain)


def test_what_was_read_is_not_missed(case):
    _, sketch, loadings = case
    ours = solved(sketch.patterns(loadings), loadings, np.ones((3, 400)))
    end = End(ours, loadings, 0.0, 0)
    assert not unseen.maps_differ_by(sketch, np.zeros_like(ours), end, None).any()


def test_empty_components_miss_nothing(case):
    _, sketch, loadings = case
    empty = np.concatenate([loadings, np.zeros((1, 3600), loadings.dtype)])
    known = unseen.patterns(sketch, empty)
    told = unseen.factors_differ_by(sketch, empty, known)
    assert told[-1] == 0 and np.isfinite(told).all() and told[:-1].all()
    assert not known[-1].any()


def test_a_sketch_without_a_fit_is_refused(case):
    _, sketch, loadings = case
    bare = LowRankOperator(sketch.basis_images, sketch.basis_patterns, 1.0)
    with pytest.raises(ValueError, match="has no fit"):
        unseen.patterns(bare, loadings)
