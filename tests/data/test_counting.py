"""Laws of counts: the same whatever the chunks, and Poisson noise."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D, LazyElectronDiffraction2D

from hspy_cnmf.data import four_phases, metallic_glass, twinned_silver
from hspy_cnmf.data._counting import Recording, count_positions

SMALL = {
    "four_phases": (four_phases, {"shape": (9, 11), "detector_shape": (20, 24)}),
    "metallic_glass": (
        metallic_glass,
        {
            "shape": (12, 14),
            "detector_shape": (24, 20),
            "n_precipitates": 3,
            "diameter": 5.0,
        },
    ),
    "twinned_silver": (twinned_silver, {"shape": (12, 10)}),
}


@pytest.fixture(params=SMALL)
def make(request):
    """Each data set in a small size."""
    function, small = SMALL[request.param]
    return lambda **arguments: function(**{"random_state": 1, **small, **arguments})


@pytest.mark.parametrize("chunks", ["auto", 5, (4, 3), ((2, 7), (9, 2))])
def test_lazy_data_equal_eager_data_for_any_chunks(chunks):
    arguments = {**SMALL["four_phases"][1], "random_state": 1}
    eager = four_phases(**arguments)
    lazy = four_phases(lazy=True, chunks=chunks, **arguments)
    assert isinstance(eager, ElectronDiffraction2D)
    assert isinstance(lazy, LazyElectronDiffraction2D)
    assert lazy.data.dtype == eager.data.dtype == np.uint16
    assert lazy.data.numblocks[2:] == (1, 1)
    np.testing.assert_array_equal(lazy.data.compute(), eager.data)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**40))
def test_any_chunks_and_any_seed_give_the_eager_data(rows, columns, seed):
    arguments = {**SMALL["metallic_glass"][1], "random_state": seed}
    lazy = metallic_glass(lazy=True, chunks=(rows, columns), **arguments)
    np.testing.assert_array_equal(lazy.data.compute(), metallic_glass(**arguments).data)


def test_lazy_expectation_equals_the_eager_one(make):
    lazy = make(dose=None, lazy=True, chunks=4)
    np.testing.assert_array_equal(lazy.data.compute(), make(dose=None).data)


def test_the_seed_decides_the_data(make):
    first = make().data
    np.testing.assert_array_equal(first, make().data)
    seed = np.random.SeedSequence(1)
    np.testing.assert_array_equal(first, make(random_state=seed).data)
    assert (first != make(random_state=2).data).any()
    assert (make(random_state=None).data != make(random_state=None).data).any()


def test_one_chunk_can_be_computed_alone():
    arguments = {**SMALL["four_phases"][1], "random_state": 3}
    lazy = four_phases(lazy=True, chunks=3, **arguments)
    part = lazy.inav[3:6, 6:9].data.compute()
    np.testing.assert_array_equal(part, four_phases(**arguments).data[6:9, 3:6])


def test_a_part_of_the_silver_has_the_counts_of_the_whole():
    part = twinned_silver((5, 7), random_state=4)
    whole = twinned_silver(lazy=True, chunks=(8, 16), random_state=4)
    assert whole.axes_manager.navigation_shape == (208, 64)
    np.testing.assert_array_equal(part.data, whole.inav[:7, :5].data.compute())


def test_the_noise_is_poisson():
    expected = four_phases((36, 36), detector_shape=(32, 32), dose=None)
    counts = four_phases((36, 36), detector_shape=(32, 32), dose=5e3, random_state=0)
    expected = expected.data.astype(float) * 5e3
    residual = counts.data - expected
    # 1.3 million counts: a standard error is near 1e-3 of what is compared.
    assert counts.data.sum() == pytest.approx(expected.sum(), rel=3e-3)
    assert (residual**2 / expected).mean() == pytest.approx(1, abs=2e-2)
    mean = residual.mean(axis=(0, 1)) / np.sqrt(expected.mean(axis=(0, 1)) / 36**2)
    assert np.abs(mean).max() < 5.5
    # Neighbouring positions draw independently.
    product = (residual[:, 1:] * residual[:, :-1]).mean()
    assert abs(product) < 2e-2 * expected.mean()


def test_the_type_holds_the_brightest_pixel():
    small = {"shape": (2, 2), "detector_shape": (16, 16), "n_precipitates": 1}
    small |= {"diameter": 1.0, "step": 2.0, "probe_fwhm": 0.5, "random_state": 0}
    counts = metallic_glass(dose=1e4, **small)
    assert counts.data.dtype == np.uint16
    assert metallic_glass(dose=1e8, **small).data.dtype == np.uint32
    with pytest.raises(ValueError, match="lower dose"):
        metallic_glass(dose=1e14, **small)


def test_a_large_scan_is_laid_out_without_being_drawn():
    big = four_phases(
        (256, 256), detector_shape=(515, 515), lazy=True, chunks=4, random_state=0
    )
    assert big.data.nbytes > 34e9
    chunk = big.data.blocks[50, 7].compute()
    assert chunk.shape == (4, 4, 515, 515)
    assert chunk.sum(axis=(2, 3)) == pytest.approx(1e4, rel=0.06)
    default = metallic_glass((256, 256), detector_shape=(515, 515), lazy=True)
    assert max(default.data.chunksize[:2]) < 64
    assert default.data.chunksize[2:] == (515, 515)


def uniform(positions):
    """Patterns of one electron, brighter from position to position."""
    return np.ones((len(positions), 4, 5)) * (1 + positions[:, None, None]) / 200


@pytest.mark.parametrize("dose", [None, 500.0, 1e6])
def test_positions_are_counted_alike_in_any_chunks(dose):
    eager, lazy = (
        count_positions(
            uniform, (6, 8), (4, 5), Recording(dose, np.random.SeedSequence(3), *more)
        )
        for more in ((), (True, (4, 3)))
    )
    assert isinstance(lazy, da.Array)
    np.testing.assert_array_equal(lazy.compute(), eager)
    types = {None: np.float32, 500.0: np.uint16, 1e6: np.uint32}
    assert eager.dtype == types[dose]
    expected = uniform(np.arange(48)).reshape(6, 8, 4, 5)
    if dose is None:
        np.testing.assert_array_equal(eager, expected.astype(np.float32))
        return
    deviations = (eager - dose * expected) / np.sqrt(dose * expected)
    assert abs(deviations.mean()) < 5 / np.sqrt(deviations.size)
    assert deviations.var() == pytest.approx(1, abs=0.2)
