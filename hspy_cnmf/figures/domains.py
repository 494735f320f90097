"""Domains of a scan: map, confidence, latent space and decoded patterns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.arguments import check_result
from hspy_cnmf.figures.figure import AnyFigure, new_figure, without_tex
from hspy_cnmf.figures.gallery import colour
from hspy_cnmf.figures.panels import Stack, thinned

#: Points of the latent space that are drawn.
_DRAWN = 20000

#: Width of a figure, and height of maps and of the latent space in it, in inches.
_WIDTH, _HEIGHT = 12.6, 5.4

#: Fewest and most patterns beside each other.
_COLUMNS = 3, 6


@without_tex
def plot_domains(
    domains: Any, *, gamma: float = 0.4, figure: AnyFigure | None = None
) -> AnyFigure:
    """Plot domains with their confidence, and the latent space they were found in.

    Parameters
    ----------
    domains : DomainMap
        From ``map_domains`` or `hspy_cnmf.get_domains`.
    gamma : float, default 0.4
        Colours of patterns follow intensity to this power.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; default a new one.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        Above: labels and confidence of the positions (line scans as lines, further
        navigation axes averaged over). In the middle: mean pattern of each domain.
        Below: the two coordinates of the latent space along which positions spread
        most, in the colours of the labels, pale where they are not sure, and decoded
        patterns along them. Masked is grey.
    """
    check_result("domains", domains, "n_domains", "s.map_domains()")
    heights = _HEIGHT, _factors_height(domains.n_domains), _HEIGHT
    if figure is None:
        figure = _new_figure(sum(heights))
    parts: Any = figure.subfigures(3, 1, height_ratios=heights)
    top, middle, bottom = parts
    plot_domain_maps(domains, figure=top)
    plot_domain_factors(domains, gamma=gamma, figure=middle)
    plot_latent_space(domains, gamma=gamma, figure=bottom)
    return figure


@without_tex
def plot_domain_maps(domains: Any, *, figure: AnyFigure | None = None) -> AnyFigure:
    """Plot labels and confidence of the positions; see `plot_domains`."""
    figure = _new_figure(_HEIGHT) if figure is None else figure
    n = domains.n_domains
    axes = figure.subplots(1, 2)
    labels = _map_stack(domains, "labels", colormap=_colours(n), label="domain")
    norm = BoundaryNorm(np.arange(n + 1) - 0.5, n)
    title = "domains (cannot tell)" if domains.doubts else "domains"
    _draw_map(axes[0], labels, title, norm, ticks=range(n))
    sure = _map_stack(domains, "confidence", colormap="viridis", label="confidence")
    _draw_map(axes[1], sure, "confidence", Normalize(1 / n, 1))
    return figure


@without_tex
def plot_domain_factors(
    domains: Any,
    indices: Sequence[int] | None = None,
    *,
    gamma: float = 0.4,
    figure: AnyFigure | None = None,
) -> AnyFigure:
    """Plot the mean patterns of domains, all of them by default; see `plot_domains`."""
    n = domains.n_domains
    indices = range(n) if indices is None else indices
    n_columns = _n_columns(len(indices))
    figure = _new_figure(_factors_height(len(indices))) if figure is None else figure
    stack = _pattern_stack(domains.factors, gamma)
    labels = np.asarray(domains.labels.data)
    shares = np.bincount(labels[labels >= 0], minlength=n)
    axes = figure.subplots(-(-len(indices) // n_columns), n_columns, squeeze=False)
    for ax in axes.ravel()[len(indices) :]:
        ax.axis("off")
    for ax, k in zip(axes.ravel(), indices, strict=False):
        stack.draw(ax, k, scale_bar=k == indices[0], axis_labels=False)
        share = f"domain {k}: {100 * shares[k] / shares.sum():.1f} %"
        ax.set_title(share, fontsize="small", color=colour(k))
    return figure


@without_tex
def plot_latent_space(
    domains: Any, *, gamma: float = 0.4, figure: AnyFigure | None = None
) -> AnyFigure:
    """Plot the latent space, and patterns decoded along it; see `plot_domains`."""
    figure = _new_figure(_HEIGHT) if figure is None else figure
    axes = figure.subplots(1, 2)
    _draw_latent(axes[0], domains)
    _draw_decoded(axes[1], domains, gamma)
    for ax in axes:
        for k, name in zip(domains.run["plane"]["coordinates"], "xy", strict=False):
            ax.set(**{f"{name}label": f"coordinate {k}"})
        ax.tick_params(labelsize="x-small")
    return figure


def _new_figure(height: float) -> Figure:
    return new_figure("Domains", figsize=(_WIDTH, height), layout="constrained")


def _n_columns(n_patterns: int) -> int:
    fewest, most = _COLUMNS
    return max(fewest, min(n_patterns, most))


def _factors_height(n_patterns: int) -> float:
    n_columns = _n_columns(n_patterns)
    return (_WIDTH / n_columns + 0.3) * -(-n_patterns // n_columns)


def _colours(n_domains: int) -> ListedColormap:
    return ListedColormap([colour(k) for k in range(n_domains)])


def _map_stack(domains: Any, name: str, **appearance: Any) -> Stack:
    """Return a map as a stack of one image or line."""
    signal = getattr(domains, name)
    axes = signal.axes_manager.signal_axes[::-1]
    values = np.asarray(aligned_data(signal), float)
    if name == "labels":
        values = np.where(values < 0, np.nan, values)
        if len(axes) > 2:  # labels have no mean
            values, axes = values[(0,) * (len(axes) - 2)], axes[-2:]
        values = thinned(values)
    return Stack.from_array(values[np.newaxis], axes, gammas=1, **appearance)


def _pattern_stack(patterns: BaseSignal, gamma: float) -> Stack:
    return Stack.from_array(
        np.asarray(aligned_data(patterns), float),
        patterns.axes_manager.signal_axes[::-1],
        gammas=gamma,
        colormap="magma",
        label="factor",
    )


def _draw_map(
    ax: Axes, stack: Stack, title: str, norm: Normalize, **colorbar: Any
) -> None:
    """Draw a map; its colours are of no use to a line scan."""
    image = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
    if image is not None:
        image.set_norm(norm)
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, **colorbar)
        bar.ax.tick_params(labelsize="x-small")
    ax.set_title(title, fontsize="medium")


def _draw_latent(ax: Axes, domains: Any) -> None:
    """Draw places in the latent space, against confidence where it is a line."""
    labels = np.asarray(aligned_data(domains.labels)).ravel()
    latent = np.asarray(aligned_data(domains.latent)).reshape(labels.size, -1)
    confidence = np.asarray(aligned_data(domains.confidence)).ravel()
    kept = np.flatnonzero(labels >= 0)
    kept = kept[:: max(1, len(kept) // _DRAWN)]
    labels, confidence = labels[kept], confidence[kept]
    latent = latent[kept][:, domains.run["plane"]["coordinates"]]
    if latent.shape[1] == 1:
        latent = np.stack([latent[:, 0], confidence], axis=1)
        ax.set_ylabel("confidence")
    ax.scatter(
        latent[:, 0],
        latent[:, 1],
        c=_colours(domains.n_domains)(labels),
        s=float(np.clip(4e4 / len(kept), 3, 15)),
        alpha=np.clip(confidence, 0.1, 1) ** 2,
        linewidths=0,
    )
    ax.set_box_aspect(1)
    ax.set_title("latent space", fontsize="medium")


def _draw_decoded(ax: Axes, domains: Any, gamma: float) -> None:
    """Draw the grid of decoded patterns; one row of it where the space is a line."""
    images = np.asarray(domains.decoded.data, float)
    n_coordinates = len(domains.run["plane"]["coordinates"])
    n = round(len(images) ** (1 / n_coordinates))
    height, width = images.shape[1:]
    # Each pattern on a scale of its own: it is its shape that tells where one is.
    images = images / np.maximum(images.max(axis=(1, 2), keepdims=True), 1e-30)
    low, high = (np.asarray(domains.run["plane"][edge]) for edge in ("low", "high"))
    half_step = (high - low) / (n - 1) / 2
    low, high = low - half_step, high + half_step
    if len(low) == 1:
        extent, aspect = (low[0], high[0], 0, 1), 1 / n
    else:
        extent, aspect = (low[0], high[0], low[1], high[1]), 1
    rows = images.reshape(-1, n, height, width).swapaxes(1, 2)
    ax.imshow(rows.reshape(-1, n * width) ** gamma, cmap="magma", extent=extent)
    ax.set_aspect("auto")
    # There are as many along each axis, of a detector that need not be square.
    ax.set_box_aspect(aspect / _pattern_stack(domains.factors, gamma).aspect)
    if len(low) == 1:
        ax.set_yticks([])
    ax.set_title("patterns decoded along the latent space", fontsize="medium")
