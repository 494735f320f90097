"""Domains of a scan: map, confidence, latent space and decoded patterns."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from hspy_cnmf.figures.gallery import colour
from hspy_cnmf.figures.panels import Stack
from hspy_cnmf.registration import aligned_data

_MASKED = "0.6"

#: Points of the latent space that are drawn.
_DRAWN = 20000


def plot_domains(domains, *, gamma=0.4, figure=None):
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
        navigation axes averaged over), and the first two coordinates of the latent
        space in the colours of the labels, pale where they are not sure. Below: mean
        pattern of each domain, and decoded patterns along the latent space. Masked is
        grey.
    """
    n_columns = max(3, min(domains.n_domains, 6))
    n_rows = -(-domains.n_domains // n_columns)
    if figure is None:
        size = (4.2 * 3 + 0.8, 4.6 + 12.6 / n_columns * n_rows + 5.4)
        figure = plt.figure(figsize=size, layout="constrained")
    heights = [4.4, 12.6 / n_columns * n_rows, 5.4]
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights)
    colours = ListedColormap([colour(k) for k in range(domains.n_domains)])
    maps = top.subplots(1, 3)
    _draw_labels(maps[0], domains, colours)
    _draw_confidence(maps[1], domains)
    _draw_latent(maps[2], domains, colours)
    _draw_factors(middle, domains, n_columns, n_rows, gamma)
    _draw_decoded(bottom, domains, colours, gamma)
    return figure


def _map_stack(domains, name, **appearance):
    """Return a map as a stack of one image or line."""
    signal = getattr(domains, name)
    axes = signal.axes_manager.signal_axes[::-1]
    values = np.asarray(aligned_data(signal), float)
    if name == "labels":
        values = np.where(values < 0, np.nan, values)
        if len(axes) > 2:  # labels have no mean
            values, axes = values[(0,) * (len(axes) - 2)], axes[-2:]
    return Stack.from_array(values[np.newaxis], axes, gammas=1, **appearance)


def _draw_labels(ax, domains, colours):
    stack = _map_stack(domains, "labels", colormap=colours, label="domain")
    image = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
    if image is not None:
        n = domains.n_domains
        image.set_norm(BoundaryNorm(np.arange(n + 1) - 0.5, n))
        bar = ax.figure.colorbar(image, ax=ax, ticks=range(n), shrink=0.8)
        bar.ax.tick_params(labelsize="x-small")
    ax.set_title("domains", fontsize="medium")


def _draw_confidence(ax, domains):
    stack = _map_stack(domains, "confidence", colormap="viridis", label="confidence")
    image = stack.draw(ax, 0, scale_bar=True, axis_labels=True)
    if image is not None:
        image.set_clim(1 / domains.n_domains, 1)
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
        bar.ax.tick_params(labelsize="x-small")
    ax.set_title("confidence", fontsize="medium")


def _points(domains):
    """Return places in the latent space, labels and confidence of some positions."""
    labels = np.asarray(aligned_data(domains.labels)).ravel()
    latent = np.asarray(aligned_data(domains.latent))
    latent = latent.reshape(labels.size, -1)
    confidence = np.asarray(aligned_data(domains.confidence)).ravel()
    kept = np.flatnonzero(labels >= 0)
    kept = kept[:: max(1, len(kept) // _DRAWN)]
    return latent[kept], labels[kept], confidence[kept]


def _draw_latent(ax, domains, colours):
    latent, labels, confidence = _points(domains)
    if latent.shape[1] == 1:
        latent = np.stack([latent[:, 0], confidence], axis=1)
    alpha = np.clip(confidence, 0.1, 1) ** 2
    ax.scatter(
        *latent[:, :2].T, c=colours(labels), s=3, alpha=alpha, linewidths=0, zorder=2
    )
    ax.set(xlabel="coordinate 0", ylabel="coordinate 1")
    ax.tick_params(labelsize="x-small")
    ax.set_title("latent space", fontsize="medium")


def _draw_factors(figure, domains, n_columns, n_rows, gamma):
    factors = domains.factors
    stack = Stack.from_array(
        np.asarray(aligned_data(factors), float),
        factors.axes_manager.signal_axes[::-1],
        gammas=gamma,
        colormap="magma",
        label="factor",
    )
    labels = np.asarray(domains.labels.data)
    shares = np.bincount(labels[labels >= 0], minlength=domains.n_domains)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for k, ax in enumerate(axes):
        if k >= domains.n_domains:
            ax.axis("off")
            continue
        stack.draw(ax, k, scale_bar=k == 0, axis_labels=False)
        ax.set_title(
            f"domain {k}: {100 * shares[k] / shares.sum():.1f} %",
            fontsize="small",
            color=colour(k),
        )


def _draw_decoded(figure, domains, colours, gamma):
    """Draw the grid of decoded patterns, and points of the latent space on the grid."""
    images = np.asarray(domains.decoded.data, float)
    n = round(len(images) ** 0.5)
    height, width = images.shape[1:]
    # Each pattern on a scale of its own: it is its shape that tells where one is.
    images = images / np.maximum(images.max(axis=(1, 2), keepdims=True), 1e-30)
    mosaic = images.reshape(n, n, height, width).swapaxes(1, 2).reshape(n * height, -1)
    left, bottom, right, top = domains.run["grid"]
    steps = (right - left) / (n - 1) / 2, (top - bottom) / (n - 1) / 2
    extent = (left - steps[0], right + steps[0], bottom - steps[1], top + steps[1])
    axes = figure.subplots(1, 2)
    axes[0].imshow(mosaic**gamma, cmap="magma", extent=extent, aspect="auto")
    axes[0].set_title("patterns decoded along the latent space", fontsize="medium")
    latent, *_ = _points(domains)
    if latent.shape[1] > 1:
        density, *_ = np.histogram2d(
            *latent[:, 1::-1].T, bins=80, range=[extent[2:], extent[:2]]
        )
        axes[1].imshow(
            np.sqrt(density[::-1]), cmap="gray_r", extent=extent, aspect="auto"
        )
    axes[1].set_title("density of the latent space", fontsize="medium")
    for ax in axes:
        ax.set(xlabel="coordinate 0", ylabel="coordinate 1", facecolor=_MASKED)
        ax.tick_params(labelsize="x-small")
