"""Laws of scans over grains: cells, shares, and what is recorded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.data._counting import Recording
from hspy_cnmf.data._grain_patterns import Jitter, Scene
from hspy_cnmf.data._grain_scans import GrainScan, gentle_bending, shares_of, voronoi
from tests.data.test_grain_patterns import grain


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_every_cell_is_there(seed, n_cells):
    cells = voronoi((24, 20), n_cells, np.random.default_rng(seed))
    assert set(np.unique(cells)) == set(range(n_cells))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([0, 0.5, 1.5]))
def test_shares_sum_to_one_and_follow_their_cells(seed, probe):
    cells = voronoi((24, 20), 4, np.random.default_rng(seed))
    shares = shares_of(cells, 4, probe)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    inside = shares.max(axis=0) > 0.9
    np.testing.assert_array_equal(shares.argmax(axis=0)[inside], cells[inside])
    if not probe:
        assert set(np.unique(shares)) == {0, 1}
    else:
        assert ((shares > 0.1) & (shares < 0.9)).any()


def recorded(dose=200.0, **arguments):
    cells = np.repeat([[0] * 8 + [1] * 8], 12, axis=0)
    scene = Scene(
        title="Two grains",
        grains=[grain(90.0), grain(60.0)],
        shares=shares_of(cells, 2, 0.5),
        domains=np.array([0, 1]),
        names=("square", "hexagonal"),
        variation=Jitter().draw(cells.shape, np.random.default_rng(0)),
        bending=np.zeros((*cells.shape, 2)),
    )
    recording = Recording(dose, np.random.SeedSequence(1), **arguments)
    scan = GrainScan(scene, (49, 49))
    return scene, scan.record(recording), scan.truth(recording)


def test_counts_are_poisson_about_the_expectation():
    expected, counts = (recorded(dose)[1].data for dose in (None, 200.0))
    assert expected.dtype == np.float32 and counts.dtype == np.uint16
    expected = 200.0 * expected.astype(float)
    residual = counts - expected
    assert abs(residual.sum()) < 5 * np.sqrt(expected.sum())
    assert (residual**2).sum() / expected.sum() == pytest.approx(1, abs=0.02)


def test_chunks_say_nothing():
    eager = recorded()[1].data
    lazy = recorded(lazy=True, chunks=(5, 7))[1].data
    np.testing.assert_array_equal(lazy.compute(), eager)


def test_the_truth_is_that_of_the_scene():
    scene, signal, truth = recorded()
    assert truth.names == scene.names
    np.testing.assert_array_equal(truth.labels.data, scene.shares.argmax(axis=0))
    np.testing.assert_allclose(truth.share.data, scene.shares.max(axis=0))
    np.testing.assert_array_equal(truth.boundary.data, truth.share.data < 0.9)
    np.testing.assert_allclose(truth.factors.data.sum(axis=(1, 2)), 1)
    for name in ("labels", "share"):
        axes = getattr(truth, name).axes_manager.signal_axes
        theirs = signal.axes_manager.navigation_axes
        assert [a.units for a in axes] == [a.units for a in theirs]


def test_bending_is_as_much_as_asked_for():
    bending = gentle_bending((30, 40), 0.2, np.random.default_rng(5))
    assert bending.shape == (30, 40, 2)
    assert bending.std(axis=(0, 1)) == pytest.approx(0.2, rel=0.2)
