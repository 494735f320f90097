"""Patterns of domains: their means, and those decoded on a plane of the embedding."""

import dask.array as da
import numpy as np
from sklearn.neighbors import NearestNeighbors

from hspy_cnmf.domains.view import View
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.patterns.geometry import CartesianGeometry

#: Positions of at least this confidence are surely of their domain.
CONFIDENT = 0.9

#: Part of a domain's positions that is taken where none is that sure.
_SUREST_PART = 0.1

#: Decoded patterns along each coordinate of the plane.
_GRID = 7

#: Positions that tell where, off the plane, patterns are decoded.
_NEIGHBOURS = 15


def confident_members(probabilities: np.ndarray) -> np.ndarray:
    """Return which positions are surely of each domain, (n_domains, n_positions)."""
    labels, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    members = labels == np.arange(probabilities.shape[1])[:, np.newaxis]
    for own in members:
        if own.any():
            surest = np.quantile(confidence[own], 1 - _SUREST_PART)
            own &= confidence >= min(CONFIDENT, surest)
    return members


def mean_patterns(
    data: np.ndarray | da.Array,
    keep_positions: np.ndarray,
    view: View,
    members: np.ndarray,
    turns: np.ndarray,
    distortion: np.ndarray | None = None,
    max_memory: int | str | None = None,
) -> np.ndarray:
    """Read the data once and return mean patterns of domains, (n, rows, columns).

    They are those of their members, (n_domains, n_positions), NaN where masked, turned
    back by so many azimuths of the view, (n_positions,), counter-clockwise; those with
    one turn are summed before. For `distortion` see `CartesianGeometry`.
    """
    used = np.unique(turns[members.any(axis=0)])
    weights = (members[:, None] & (turns == used[:, None])).astype(float)
    operator = StreamedOperator(
        data, keep_positions, view.keep_pixels, max_memory=max_memory
    )
    sums = operator.patterns(weights)
    images = np.full((*sums.shape[:2], *view.keep_pixels.shape), np.nan)
    images[..., view.keep_pixels] = sums
    counts = np.maximum(weights.sum(axis=(1, 2)), 1)[:, None, None]
    if len(used) == 1 and used[0] == 0:
        return images[:, 0] / counts
    geometry = CartesianGeometry(view.keep_pixels.shape, view.center, distortion)
    n_turns = view.cells.shape[1]
    turned = [_turned_sum(geometry, row, used, n_turns) for row in images]
    return np.stack(turned) / counts


def _turned_sum(
    geometry: CartesianGeometry, images: np.ndarray, turns: np.ndarray, n_turns: int
) -> np.ndarray:
    """Return the sum of images turned back, scaled up where some are masked."""
    angles = -360 / n_turns * turns
    stack = [geometry.turn(i, a) for i, a in zip(images, angles, strict=True)]
    known = np.isfinite(stack)
    totals = np.nansum(images, axis=(1, 2))
    share = np.tensordot(totals, known, axes=1) / max(totals.sum(), 1e-30)
    return np.where(
        share > 0.5, np.nansum(stack, axis=0) / np.maximum(share, 0.5), np.nan
    )


def latent_plane(latent: np.ndarray) -> dict:
    """Return the plane of a latent space in which positions, (n, d), spread most.

    Its "coordinates" are the two along which they do (the only one of a line), and
    "low" and "high" are the range along each that all but 2 % lie in.
    """
    coordinates = np.sort(np.argsort(-latent.var(axis=0), kind="stable")[:2])
    ends = np.quantile(latent[:, coordinates], [0.01, 0.99], axis=0)
    low, high = ends.tolist()
    return {"coordinates": coordinates.tolist(), "low": low, "high": high}


def places_on(plane: dict, latent: np.ndarray) -> np.ndarray:
    """Return places on a square grid over a plane, (n, latent_dimension), from above.

    The other coordinates of a place are the mean of those of the positions next to it
    in the plane, so that patterns are decoded where there are some.
    """
    coordinates = plane["coordinates"]
    steps = np.linspace(plane["low"], plane["high"], _GRID)
    columns = [steps[:, 0], *(steps[::-1, i] for i in range(1, len(coordinates)))]
    grid = np.stack(np.meshgrid(*columns), axis=-1).reshape(-1, len(coordinates))
    model = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(latent)))
    nearest = model.fit(latent[:, coordinates]).kneighbors(grid, return_distance=False)
    places = latent[nearest].mean(axis=1)
    places[:, coordinates] = grid
    return places
