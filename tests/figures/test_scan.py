"""Figures of scans over the number of components."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hspy_cnmf import plot_scan
from hspy_cnmf.figures.scan import plot_errors
from hspy_cnmf.selection import OutputDimensionScan

NUMBERS = np.arange(1, 6)


def scan(**changes):
    """Return a scan whose errors fall until there are three components."""
    pca = np.array([9.0, 5, 1, 0.9, 0.85])
    arrays = {
        "error": pca * [1, 1.01, 1.02, 1.2, 1.3],
        "pca_error": pca,
        "noise_floor": np.array([1.2, 1.1, 1, 0.95, 0.9]),
        "agreement": np.array([1, 0.999, 0.998, 0.5, 0.3]),
        "held_out_error": np.array([[9.0, 4, 0, 1, 2], [9.2, 4.3, 0, 1.5, 2.2]]),
    } | changes
    arrays["start_errors"] = np.stack([arrays["error"], 1.1 * arrays["error"]])
    return OutputDimensionScan.from_arrays(NUMBERS, arrays, "of counts", {}, "Glass")


def lines_of(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def test_curves_are_those_of_the_scan_and_the_suggestion_is_marked():
    found = scan()
    figure = plot_scan(found)
    errors, gap, agreement, held_out = figure.axes
    lines = lines_of(errors)
    np.testing.assert_array_equal(lines["NMF, best start"], found.error.data)
    np.testing.assert_array_equal(lines["PCA"], found.pca_error.data)
    np.testing.assert_array_equal(lines["noise floor"], found.noise_floor.data)
    np.testing.assert_allclose(
        gap.lines[0].get_ydata(), found.error.data - found.pca_error.data
    )
    np.testing.assert_array_equal(agreement.lines[0].get_ydata(), found.agreement.data)
    (bars,) = held_out.containers
    mean = found.held_out_error.data.mean(axis=0)
    np.testing.assert_allclose(bars.lines[0].get_ydata(), mean)
    half = np.ptp(found.held_out_error.data, axis=0) / 2  # error of a mean of two
    segments = np.array(bars.lines[2][0].get_segments())
    np.testing.assert_allclose(np.ptp(segments[:, :, 1], axis=1), 2 * half)
    for ax in figure.axes:
        assert any(set(line.get_xdata()) == {found.suggested} for line in ax.lines)
    assert figure.get_suptitle() == f"Glass: suggested: {found.suggested}"


def test_what_is_not_known_is_said_and_not_drawn():
    nothing = np.full(5, np.nan)
    found = scan(
        agreement=nothing, held_out_error=np.full((4, 5), np.nan), noise_floor=nothing
    )
    errors, _, agreement, held_out = plot_scan(found).axes
    labels = [text.get_text() for text in errors.get_legend().get_texts()]
    assert labels == ["NMF, best start", "PCA"]
    assert [text.get_text() for text in agreement.texts] == ["one start only"]
    assert [text.get_text() for text in held_out.texts] == ["nothing was held out"]


@pytest.mark.parametrize("where", ["axes", "figure", "nowhere"])
def test_errors_alone_are_drawn_where_they_are_wanted(where):
    figure = plt.figure()
    arguments = {"axes": {"ax": figure.add_subplot()}, "figure": {"fig": figure}}
    ax = plot_errors(scan(), **arguments.get(where, {}))
    assert (ax.figure is figure) == (where != "nowhere")
    np.testing.assert_array_equal(lines_of(ax)["PCA"], scan().pca_error.data)
    assert ax.get_title() == f"Scan: {scan().suggested} components suggested"
