"""A scan over the number of components: its curves, and what it suggests."""

import dask.array as da
import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hspy_cnmf
from hspy_cnmf import get_result, make_sketch, structure_mask
from hspy_cnmf._hyperspy import nodes
from hspy_cnmf.data import four_phases, two_particles
from tests.conftest import QUICK
from tests.decomposition.test_exactness import MASKS, Counter, split

QUIET = {"print_info": False, "random_state": 0}
SHORT = QUIET | {"n_init": 2, "max_iter": 20, "tol": 0}
CURVES = (
    "error",
    "start_errors",
    "pca_error",
    "noise_floor",
    "agreement",
    "held_out_error",
)
TINY_CHUNKS = (3, 4, 12, 5)


@pytest.fixture(scope="module")
def phases():
    """Return a scan of four components, and the mask of its structure."""
    signal = four_phases((18, 18), detector_shape=(40, 40), dose=2e4, random_state=0)
    return signal, structure_mask(signal)


@pytest.fixture(scope="module")
def found(phases):
    """Return what the scan over the number of components says of it."""
    signal, mask = phases
    return signal.deepcopy().scan_output_dimension(
        range(1, 8), signal_mask=mask, n_init=3, **QUIET
    )


def matrix_of(signal):
    return signal.data.reshape(signal.axes_manager.navigation_size, -1).astype(float)


def values(scan):
    return {name: np.asarray(getattr(scan, name).data) for name in CURVES}


# --- what it suggests ----------------------------------------------------------


def test_the_true_number_is_suggested_by_every_criterion(found):
    assert found.suggested == 4
    assert found.parameters["choices"]["found"] == 4
    assert found.parameters["choices"]["held_out"] == 4
    assert found.parameters["choices"]["departure"] == 4
    assert found.parameters["choices"]["agreement"] in (4, 5)
    assert found.reason.startswith("4 components: the held-out error is lowest at 4")
    assert "; of 7 components 4 are more than noise;" in found.reason
    held_out = found.held_out_error.data.mean(axis=0)
    assert held_out[3] == 0 and (np.diff(held_out[:4]) < 0).all()
    assert (held_out[4:] > 0).all()


def test_few_counts_are_pooled_over_neighbours(phases, found):
    """105 X-rays a spectrum: alone, a position does not tell its loadings."""
    few = two_particles().scan_output_dimension(
        range(1, 6), n_init=2, normalize_poissonian_noise=True, **QUIET
    )
    assert few.suggested == few.parameters["choices"]["held_out"] == 3
    assert few.parameters["held_out_width"] > found.parameters["held_out_width"]


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
def test_other_signals_and_weights_have_scans(make_scan, lazy):
    chunks = (4, 5, 40) if lazy else None
    scan = make_scan((10, 10), (40,), counts=2e4, n_components=3, chunks=chunks)
    found = scan.scan_output_dimension(
        [1, 2, 3, 5], n_init=2, normalize_poissonian_noise=True, **QUIET
    )
    assert found.output_dimensions.tolist() == [1, 2, 3, 5]
    assert found.suggested == 3


def test_without_a_held_out_score_the_others_are_told(phases):
    signal, mask = phases
    found = hspy_cnmf.scan_output_dimension(
        signal, range(2, 7), signal_mask=mask, n_init=1, held_out=False, **QUIET
    )
    assert found.suggested == 4
    assert found.reason.startswith("4 components: of 6 components 4 are more")
    assert "; there is no held-out error; NMF leaves PCA after 4;" in found.reason
    assert "one only" in found.reason
    assert np.isnan(found.held_out_error.data).all()
    assert np.isnan(found.agreement.data).all()
    assert not nodes.is_kept(signal, nodes.SCAN)


def test_the_end_of_the_range_is_told(phases):
    signal, mask = phases
    arguments = SHORT | {"signal_mask": mask}
    low = hspy_cnmf.scan_output_dimension(signal, [1, 2, 3], **arguments)
    assert low.suggested == 3 and "try more components" in low.reason
    high = hspy_cnmf.scan_output_dimension(signal, [4, 6], **arguments)
    assert high.suggested == 4 and "try fewer components" in high.reason


# --- the curves ----------------------------------------------------------------


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalized"])
@pytest.mark.parametrize("prune", [False, True], ids=["", "pruned"])
@pytest.mark.parametrize("n_init", [1, 3])
def test_each_number_has_the_result_of_a_decomposition(
    make_scan, normalize, n_init, prune
):
    scan = make_scan(signal_type="diffraction")
    same = MASKS | {"n_init": n_init, "max_iter": 15, "random_state": 3, "prune": prune}
    same["normalize_poissonian_noise"] = normalize
    sketch = make_sketch(scan, 12, random_state=3, **MASKS)
    if normalize:
        sketch = make_sketch(
            scan, 12, random_state=3, normalize_poissonian_noise=True, **MASKS
        )
    found = scan.scan_output_dimension(
        [2, 5], sketch=sketch, print_info=False, tol=1e-3, **same
    )
    for i, n in enumerate((2, 5)):
        scan.decomposition(
            **QUICK | same | {"output_dimension": n, "tol": 1e-3},
            sketch=sketch,
            last_iteration="sketch",
        )
        result = get_result(scan)
        assert found.error.data[i] == result.error
        ends = [h[np.isfinite(h)][-1] for h in result.error_history]
        np.testing.assert_array_equal(found.start_errors.data[:, i], ends)
        worst = np.fmin.reduce(result.median_agreement)
        np.testing.assert_array_equal(found.agreement.data[i], worst)


def test_the_pca_error_is_that_of_numpy(phases):
    signal, _ = phases
    numbers = np.arange(1, 16)
    found = hspy_cnmf.scan_output_dimension(
        signal,
        numbers,
        n_init=1,
        max_iter=2,
        held_out=False,
        factor_constraint=None,
        loading_constraint=None,
        **QUIET,
    )
    matrix = matrix_of(signal)
    singular_values = np.linalg.svd(matrix, compute_uv=False)
    exact = [np.sum(singular_values[n:] ** 2) / matrix.size for n in numbers]
    pca = found.pca_error.data
    # Weak components and noise, of which a sketch misses a little.
    np.testing.assert_allclose(pca, exact, rtol=2e-2)
    np.testing.assert_allclose(pca[:4], exact[:4], rtol=2e-3)
    np.testing.assert_allclose(pca[0], exact[0], rtol=1e-5)
    assert (pca >= np.array(exact) * (1 - 1e-6)).all()
    assert (np.diff(pca) < 0).all()
    # In single precision.
    assert (found.error.data >= pca * (1 - 1e-4)).all()


def test_the_noise_floor_is_the_error_of_the_right_model(phases):
    signal, mask = phases
    plain = {"factor_constraint": None, "loading_constraint": None}
    for normalize in (False, True):
        arguments = SHORT | plain | {"signal_mask": mask, "held_out": False}
        found = hspy_cnmf.scan_output_dimension(
            signal, [4], normalize_poissonian_noise=normalize, **arguments
        )
        assert found.error.data[0] == pytest.approx(found.noise_floor.data[0], rel=0.01)
        assert "times the noise floor (if these are Poisson counts)" in found.reason
        mean = signal.data[..., ~mask.data].mean()
        if not normalize:
            assert found.noise_floor.data[0] == pytest.approx(mean, rel=0.03)


@pytest.mark.parametrize("gain", [0.1, 7.0])
def test_scaled_counts_want_a_gain(phases, gain):
    signal, mask = phases
    scaled = signal.deepcopy()
    scaled.data = (signal.data / gain).astype("float32")
    arguments = SHORT | {"signal_mask": mask, "held_out": False}
    unknown = scaled.scan_output_dimension([3, 4], **arguments)
    assert np.isnan(unknown.noise_floor.data).all()
    assert "the noise floor is not known" in unknown.reason
    assert "give gain=" in unknown.reason
    known = scaled.scan_output_dimension([3, 4], gain=gain, **arguments)
    assert known.error.data[1] == pytest.approx(known.noise_floor.data[1], rel=0.05)
    wrong = scaled.scan_output_dimension([3, 4], gain=3 * gain, **arguments)
    assert "want another gain=" in wrong.reason


# --- lazy, chunks, readings ----------------------------------------------------


@pytest.mark.parametrize("masks", [{}, MASKS], ids=["", "masked"])
def test_lazy_equals_eager_for_any_chunks(make_scan, masks):
    arguments = SHORT | masks
    eager = make_scan(signal_type="diffraction", dtype="uint16")
    expected = values(eager.scan_output_dimension([2, 4], **arguments))

    @settings(max_examples=3, deadline=None)
    @given(st.tuples(*map(split, (6, 8, 12, 10))))
    def check(chunks):
        lazy = make_scan(signal_type="diffraction", dtype="uint16", chunks=chunks)
        found = values(lazy.scan_output_dimension([2, 4], **arguments))
        for name in CURVES:
            np.testing.assert_allclose(
                found[name], expected[name], rtol=2e-3, atol=2e-3, err_msg=name
            )
        assert isinstance(lazy.data, da.Array)

    check()


def test_readings(make_scan):
    counter = Counter()
    scan = make_scan(signal_type="diffraction", chunks=(1, 8, 12, 10))
    scan.data = scan.data.map_blocks(counter, dtype=scan.data.dtype, meta=np.empty(0))

    def readings(**arguments):
        counter.calls.clear()
        options = SHORT | {"bad_pixels": None} | arguments
        scan.scan_output_dimension([2, 3, 4], **options)
        return sum(counter.calls.values()) / 6

    sample = 5 / 6  # to see whether the data are counts
    assert readings() == pytest.approx(7 + sample)  # two refine the sketch
    assert readings(held_out=False, gain=1) == 4
    sketch = make_sketch(scan, 12, random_state=0)
    assert readings(sketch=sketch, held_out=False, gain=1) == pytest.approx(sample)


# --- signals, files, figures ---------------------------------------------------


def test_curves_are_calibrated_signals(found):
    for name in CURVES:
        signal = getattr(found, name)
        axis = signal.axes_manager.signal_axes[0]
        assert isinstance(signal, hs.signals.Signal1D)
        assert axis.name == "Number of components"
        assert axis.axis.tolist() == list(range(1, 8))
        assert "Four phases" in signal.metadata.General.title
    assert found.start_errors.axes_manager.navigation_axes[0].name == "start"
    table = found.table()
    assert table.output_dimension.tolist() == list(range(1, 8))
    np.testing.assert_array_equal(table.error, found.error.data)
    np.testing.assert_allclose(table.spread, np.ptp(found.start_errors.data, axis=0))
    assert "Suggested: 4 components" in found.summary()


def test_the_figure_has_all_criteria(found):
    figure = found.plot()
    assert len(figure.axes) == 4
    errors, gap, agreement, held_out = figure.axes
    labels = [text.get_text() for text in errors.get_legend().get_texts()]
    assert labels == ["NMF, best start", "PCA", "noise floor"]
    lines = {line.get_label(): line.get_ydata() for line in errors.lines}
    np.testing.assert_array_equal(lines["PCA"], found.pca_error.data)
    np.testing.assert_allclose(
        gap.lines[0].get_ydata(), found.error.data - found.pca_error.data
    )
    np.testing.assert_array_equal(agreement.lines[0].get_ydata(), found.agreement.data)
    assert held_out.get_yscale() == "symlog"
    for ax in figure.axes:
        assert any(list(line.get_xdata()) == [4, 4] for line in ax.lines)
    assert "suggested: 4" in figure.get_suptitle()
    own = plt.figure()
    assert found.plot(figure=own) is own


def test_the_progress_bar_covers_everything(make_scan, capsys):
    make_scan().scan_output_dimension(
        [2, 3], **SHORT | {"tol": 1e-1, "bad_pixels": None}, show_progressbar=True
    )
    shown = capsys.readouterr().err
    # Two starts of two numbers and four more, five runs of each half, readings of
    # sketch and halves.
    assert "0/25" in shown and "25/25" in shown and shown.count("\n") == 1
    assert "Scan of the number of components" in shown
