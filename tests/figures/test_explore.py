"""Components explored by clicks: what is shown is what is there."""

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backend_bases import CloseEvent, MouseEvent

from hspy_cnmf.operators import computing
from tests.conftest import QUICK

SHAPES = {
    "maps of patterns": ((6, 8), (12, 10)),
    "line of patterns": ((8,), (12, 10)),
    "maps of spectra": ((6, 8), (40,)),
}


def click(figure, ax, x, y, name="button_press_event"):
    at = ax.transData.transform((x, y))
    event = MouseEvent(name, figure.canvas, *at, 1)
    figure.canvas.callbacks.process(name, event)


def mask_of(shape):
    mask = np.zeros(shape, bool)
    mask[0] = True
    return mask


def explored(make_scan, chunks=None, shapes="maps of patterns", **arguments):
    navigation, pattern = SHAPES[shapes]
    chunks = None if chunks is None else (*chunks, *pattern)
    scan = make_scan(navigation, pattern, chunks=chunks)
    scan.decomposition(
        **QUICK
        | {"output_dimension": 4, "prune": True, "signal_mask": mask_of(pattern)}
        | arguments
    )
    return scan, scan.explore_components()


def axes_of(explorer, title):
    return next(
        ax for ax in explorer.figure.axes if ax.get_title(loc="left").startswith(title)
    )


def shown(ax):
    if ax.images:
        return np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    return np.asarray(ax.lines[0].get_ydata())


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("chunks", [None, (3, 4)], ids=["eager", "lazy"])
def test_a_click_on_the_map_shows_what_is_there(make_scan, chunks, shapes):
    navigation = SHAPES[shapes][0]
    if chunks is not None:
        chunks = chunks[: len(navigation)]
    scan, explorer = explored(make_scan, chunks, shapes)
    place = (4, 5)[: len(navigation)]
    x = scan.axes_manager.navigation_axes[0].axis[place[-1]]
    y = scan.axes_manager.navigation_axes[-1].axis[place[0]]
    click(explorer.figure, axes_of(explorer, "all components"), x, y)
    assert explorer.position == place
    results = scan.learning_results
    row = np.ravel_multi_index(place, navigation)
    shape = SHAPES[shapes][1]
    model = (results.loadings[row] @ results.factors.T).reshape(shape)
    data = np.where(np.isnan(model), np.nan, np.asarray(scan.data[place], float))
    np.testing.assert_array_equal(shown(axes_of(explorer, "data at")), data)
    np.testing.assert_allclose(shown(axes_of(explorer, "model")), model, rtol=1e-12)
    residual = shown(axes_of(explorer, "data less model"))
    np.testing.assert_allclose(residual, data - model, atol=1e-9)
    bars = axes_of(explorer, "shares").patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
    counts = results.loadings[row] * np.nansum(results.factors, axis=0)
    widths = [bar.get_width() for bar in bars]
    np.testing.assert_allclose(widths, (counts / counts.sum())[: len(bars)])


def test_a_click_on_a_share_shows_where_that_component_is(make_scan):
    scan, explorer = explored(make_scan)
    shares = axes_of(explorer, "shares")
    overall = shown(axes_of(explorer, "all components"))
    click(explorer.figure, shares, 0.5, 1.2)
    assert explorer.component == 1
    factor = scan.get_decomposition_factors().data[1]
    np.testing.assert_array_equal(shown(axes_of(explorer, "$w_{1}$")), factor)
    share = shown(axes_of(explorer, "$h_{1}$")) / np.nansum(factor)
    expected = scan.get_decomposition_loadings().data[1]
    np.testing.assert_allclose(share, expected, rtol=1e-9)
    click(explorer.figure, shares, 0.5, 1.2)
    assert explorer.component is None
    np.testing.assert_array_equal(shown(axes_of(explorer, "all components")), overall)
    with pytest.raises(IndexError, match="no component 99"):
        explorer.choose(99)


def test_lazy_data_are_read_one_pattern_at_a_click(make_scan):
    scan, explorer = explored(make_scan, (3, 4))
    n_blocks = []
    scan.data = scan.data.map_blocks(lambda b: (n_blocks.append(1), b)[1], dtype=float)
    explorer = scan.explore_components()
    n_blocks.clear()
    before = computing.patterns_at(scan.data, np.array([[5, 1]]))
    assert len(n_blocks) == 1 and before.shape == (1, 12, 10)
    n_blocks.clear()
    click(explorer.figure, axes_of(explorer, "all components"), 1, 5)
    assert explorer.position == (5, 1)
    assert len(n_blocks) == 1


def test_hyperspys_navigator_moves_along_until_the_figure_is_closed(make_scan):
    scan, explorer = explored(make_scan)
    click(explorer.figure, axes_of(explorer, "all components"), 3, 2)
    assert scan.axes_manager.indices == (3, 2)
    scan.axes_manager.indices = (6, 1)
    assert explorer.position == (1, 6)
    figure = explorer.figure
    figure.canvas.callbacks.process(
        "close_event", CloseEvent("close_event", figure.canvas)
    )
    assert not explorer.is_connected
    scan.axes_manager.indices = (0, 0)
    click(figure, axes_of(explorer, "all components"), 3, 2)
    assert explorer.position == (1, 6)


def test_clicks_elsewhere_and_under_a_tool_do_nothing(make_scan):
    _, explorer = explored(make_scan)
    before = repr(explorer)
    assert "components" in before
    click(explorer.figure, axes_of(explorer, "data at"), 3, 2)
    event = MouseEvent("button_press_event", explorer.figure.canvas, 0, 0, 1)
    explorer.figure.canvas.callbacks.process("button_press_event", event)
    assert repr(explorer) == before
    assert "all" in before


def test_the_figure_keeps_the_explorer_alive(make_scan):
    scan, explorer = explored(make_scan)
    figure = explorer.figure
    ax = axes_of(explorer, "all components")
    del explorer
    click(figure, ax, 3, 2)
    assert scan.axes_manager.indices == (3, 2)


def test_masked_positions_say_so(make_scan):
    mask = np.zeros((8, 6), bool)
    mask[3, 2] = True
    _, explorer = explored(make_scan, navigation_mask=mask)
    explorer.show((2, 3))
    assert axes_of(explorer, "model: masked") is not None
    assert np.isfinite(shown(axes_of(explorer, "data at"))).any()


def test_what_cannot_be_explored_is_refused_before_a_figure_is_made(make_scan):
    scan = make_scan()
    with pytest.raises(RuntimeError, match="has not been decomposed"):
        scan.explore_components()
    scan.decomposition(
        algorithm="SVD", output_dimension=2, centre="navigation", print_info=False
    )
    with pytest.raises(ValueError, match="took a mean off"):
        scan.explore_components()
    many = hs.signals.Signal1D(np.random.default_rng(0).poisson(9.0, (2, 3, 2, 9)))
    many.decomposition(**QUICK | {"output_dimension": 2})
    with pytest.raises(ValueError, match=r"3 navigation .* s\.inav"):
        many.explore_components()
    assert not plt.get_fignums()
