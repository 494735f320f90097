"""Figures of convergence and components."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hyperspy.signals import Signal1D, Signal2D
from matplotlib.figure import Figure
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf import plot_components, plot_convergence
from hspy_cnmf.data import four_phases

N_COMPONENTS = 3
N_STARTS = 2


@pytest.fixture(autouse=True)
def _close_figures():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def decompose(signal, **arguments):
    """Factorise in a moment; the components need not be good."""
    defaults = {
        "output_dimension": N_COMPONENTS,
        "n_init": N_STARTS,
        "max_iter": 4,
        "random_state": 0,
        "print_info": False,
        "show_progressbar": False,
    }
    signal.decomposition(algorithm="constrained_nmf", **(defaults | arguments))
    return signal


def counts(*shape):
    return np.random.default_rng(0).poisson(5, shape)


def patterns(*scan):
    signal = ElectronDiffraction2D(counts(*scan, 16, 18))
    for axis in signal.axes_manager.signal_axes:
        axis.offset = -8
    return signal


@pytest.fixture(scope="module")
def decomposed():
    return decompose(
        four_phases((12, 10), detector_shape=(20, 20), random_state=0),
    )


def images(figure):
    """Return the values of all images but those of colour bars."""
    return [image for ax in figure.axes for image in ax.get_images()]


def draw(figure):
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure


# --- components --------------------------------------------------------------


def test_components_are_those_of_the_signal_side_by_side(decomposed):
    shown = images(draw(plot_components(decomposed)))
    factors = decomposed.get_decomposition_factors().data
    loadings = decomposed.get_decomposition_loadings().data
    assert len(shown) == 2 * N_COMPONENTS
    for i in range(N_COMPONENTS):
        np.testing.assert_array_equal(shown[2 * i].get_array(), factors[i])
        np.testing.assert_array_equal(shown[2 * i + 1].get_array(), loadings[i])


def test_each_kind_has_one_scale_from_zero_that_enhances_low_intensities(decomposed):
    shown = images(plot_components(decomposed))
    for kind in (shown[::2], shown[1::2]):
        limits = {(image.norm.vmin, image.norm.vmax) for image in kind}
        assert limits == {(0, max(image.get_array().max() for image in kind))}
        assert all(image.norm.gamma < 1 for image in kind)


def test_gamma_can_be_chosen(decomposed):
    shown = images(plot_components(decomposed, factor_gamma=0.7, loading_gamma=1))
    assert [image.norm.gamma for image in shown[:2]] == [0.7, 1]


def test_shares_of_the_counts_add_up(decomposed):
    figure = plot_components(decomposed)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    shares = [float(t.split()[-2]) for t in titles if t.endswith("%")]
    assert len(shares) == N_COMPONENTS
    assert sum(shares) == pytest.approx(100, abs=0.5)


def test_shares_do_not_depend_on_what_is_shown(decomposed):
    everything = plot_components(decomposed).axes[3].get_title(loc="left")
    assert plot_components(decomposed, [1]).axes[1].get_title(loc="left") == everything


@pytest.mark.parametrize("components, n_shown", [(2, 2), ([2, 0], 2), ([1], 1)])
def test_a_choice_of_components(decomposed, components, n_shown):
    assert len(images(draw(plot_components(decomposed, components)))) == 2 * n_shown


@pytest.mark.parametrize("components", [0, 4, [3], [-1], []])
def test_components_that_are_not_there_are_refused(decomposed, components):
    with pytest.raises(IndexError, match="3 components"):
        plot_components(decomposed, components)


def test_masked_is_nan_in_the_images():
    signal = patterns(8, 9)
    navigation_mask = np.zeros((9, 8), dtype=bool)
    navigation_mask[2, 5] = True
    signal_mask = np.zeros((16, 18), dtype=bool)
    signal_mask[3, 4] = True
    decompose(signal, navigation_mask=navigation_mask, signal_mask=signal_mask)
    factor, loading = images(draw(plot_components(signal)))[:2]
    assert np.argwhere(np.ma.getmaskarray(factor.get_array())).tolist() == [[3, 4]]
    assert np.argwhere(np.ma.getmaskarray(loading.get_array())).tolist() == [[5, 2]]


def test_images_are_to_scale_and_scale_bars_have_units(decomposed):
    figure = draw(plot_components(decomposed))
    factor, loading = images(figure)[:2]
    assert np.ptp(factor.get_extent()[:2]) == pytest.approx(16)
    assert np.ptp(loading.get_extent()[:2]) == pytest.approx(10)
    texts = [text.get_text() for ax in figure.axes[:2] for text in ax.texts]
    assert texts == ["5 nm⁻¹", "2 nm"]


@pytest.mark.parametrize(
    "signal, n_images, n_lines",
    [
        (patterns(9), N_COMPONENTS, N_COMPONENTS),
        (Signal1D(counts(7, 8, 30)), N_COMPONENTS, N_COMPONENTS),
        (Signal1D(counts(9, 30)), 0, 2 * N_COMPONENTS),
        (Signal2D(counts(7, 8, 9, 10)), 2 * N_COMPONENTS, 0),
    ],
    ids=["line scan", "spectrum image", "line scan of spectra", "plain images"],
)
def test_single_axes_are_drawn_as_lines(signal, n_images, n_lines):
    figure = draw(plot_components(decompose(signal)))
    panels = figure.axes[: 2 * N_COMPONENTS]
    assert sum(len(ax.get_images()) for ax in panels) == n_images
    assert sum(len(ax.lines) for ax in panels if not ax.get_images()) == n_lines


def test_lines_share_their_limits():
    figure = plot_components(decompose(Signal1D(counts(9, 30))))
    panels = np.reshape(figure.axes, (-1, 2))
    for kind in panels.T:
        assert len({ax.get_ylim() for ax in kind}) == 1


def test_a_series_of_maps_is_shown_as_their_mean():
    signal = patterns(3, 6, 7)
    signal.axes_manager.navigation_axes[2].name = "time"
    figure = draw(plot_components(decompose(signal)))
    expected = signal.get_decomposition_loadings().data.mean(axis=1)
    np.testing.assert_allclose(images(figure)[1].get_array(), expected[0])
    assert "mean over time" in figure.get_suptitle()


def test_a_signal_without_decomposition_is_refused():
    with pytest.raises(RuntimeError):
        plot_components(patterns(5, 6))
    with pytest.raises(RuntimeError, match="constrained NMF"):
        plot_convergence(patterns(5, 6))


# --- convergence -------------------------------------------------------------


# --- both --------------------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("extension", ["zspy", "hspy"])
def test_figures_after_saving_and_loading(decomposed, tmp_path, extension, lazy):
    decomposed.save(tmp_path / f"analysed.{extension}")
    loaded = hs.load(tmp_path / f"analysed.{extension}", lazy=lazy)
    before, after = plot_components(decomposed), draw(plot_components(loaded))
    for expected, image in zip(images(before), images(after), strict=True):
        np.testing.assert_array_equal(image.get_array(), expected.get_array())
    assert len(draw(plot_convergence(loaded)).axes) == 3


def test_figures_are_drawn_where_they_are_told(decomposed):
    whole = plt.figure(figsize=(12, 6), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert plot_components(decomposed, figure=left) is left
    assert plot_convergence(decomposed, figure=right) is right
    draw(whole)


def test_titles_of_narrow_maps_do_not_meet():
    signal = decompose(patterns(40, 6), n_init=2)
    figure = draw(plot_components(signal))
    texts = [
        text
        for ax in figure.axes
        for text in (ax._left_title, ax._right_title, ax.yaxis.get_offset_text())
        if text.get_text()
    ]
    boxes = [text.get_window_extent() for text in texts]
    for k, box in enumerate(boxes):
        met = [texts[i] for i in range(k) if box.overlaps(boxes[i])]
        assert not met, (texts[k], met)
