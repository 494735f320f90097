"""Trees for the tests of dendrograms, and what is found in figures of them."""

import numpy as np
from hypothesis import strategies as st
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.signals import Dendrogram

#: Four components; the last merge is lower than the one before.
INVERTED = np.array(
    [
        [1, 3, 0.1, 2],
        [0, 4, 0.6, 3],
        [2, 5, 0.4, 4],
    ]
)


@st.composite
def linkages(draw, lowest=0.0, monotonic=False):
    """Trees of any shape; heights are rounded so that some are equal."""
    n = draw(st.integers(2, 20))
    heights = [draw(st.floats(lowest, 2).map(lambda h: round(h, 1))) for _ in range(n)]
    heights = sorted(heights) if monotonic else heights
    sizes, rows = dict.fromkeys(range(n), 1), []
    for i in range(n - 1):
        pair = draw(st.permutations(list(sizes)))[:2]
        sizes[n + i] = sum(sizes.pop(cluster) for cluster in pair)
        rows.append([*pair, heights[i], sizes[n + i]])
    return np.array(rows, dtype=float)


def grown(n, seed=0, inversions=True):
    """Return a tree of `n` components, some merges of which are inverted."""
    rng = np.random.default_rng(seed)
    clusters, rows = dict.fromkeys(range(n), 1), []
    for i in range(n - 1):
        pair = sorted(rng.choice(list(clusters), 2, replace=False))
        size = sum(clusters.pop(cluster) for cluster in pair)
        clusters[n + i] = size
        height = (i + 1) / n * (0.7 if inversions and i % 4 == 3 else 1)
        rows.append([*pair, height, size])
    return np.array(rows)


def patterns(n, shape=(12, 10)):
    data = np.random.default_rng(n).random((n, *shape))
    data[:, 3, 4] = np.nan
    signal = ElectronDiffraction2D(data)
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.units = 0.1, "1/nm"
    return signal


def collection(figure, gid):
    """Return what was drawn under a name in the axes of the tree."""
    [found] = [
        artist
        for ax in figure.axes
        for artist in (*ax.collections, *ax.lines)
        if artist.get_gid() == gid
    ] or [None]
    return found


def insets(figure):
    """Return the axes of the patterns by the numbers of their groups."""
    children = [child for ax in figure.axes for child in ax.child_axes]
    return {int(ax.get_gid().removeprefix("group ")): ax for ax in children}


def draw(figure):
    figure.canvas.draw()
    return figure


def tree_axes(figure):
    return next(ax for ax in figure.axes if ax.get_xlabel())


def full(n=12, n_clusters=3, **arguments):
    arguments |= {"names": [f"φ{k}" for k in range(n)], "title": "glass"}
    return Dendrogram.from_linkage(
        grown(n), n_clusters=n_clusters, patterns=patterns(n_clusters), **arguments
    )


def drawn(figure):
    """Return all that is to be seen of a dendrogram."""
    ax = tree_axes(draw(figure))
    images = {k: inset.get_images()[0] for k, inset in insets(figure).items()}
    return {
        "size": figure.get_size_inches().tolist(),
        "title": figure.get_suptitle(),
        "label": ax.get_xlabel(),
        "names": [text.get_text() for text in ax.get_yticklabels()],
        "links": np.array(collection(figure, "links").get_segments()).tolist(),
        "colours": collection(figure, "links").get_colors().tolist(),
        "cut": collection(figure, "cut").get_xdata(),
        "images": {k: image.get_array().tolist() for k, image in images.items()},
        "extents": {k: image.get_extent() for k, image in images.items()},
    }
