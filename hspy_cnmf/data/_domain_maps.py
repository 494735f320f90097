"""Maps of domains: cells with gradual boundaries, and smooth fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom
from scipy.special import erf

#: Standard deviations of the probe and of the disordered zone, in positions.
PROBE, DISORDERED_ZONE = 0.6, 0.6

#: Largest share of electrons that the disordered zone takes.
DISORDER = 0.6

#: Candidates of which each next centre of a cell is the one furthest from the others.
_CANDIDATES = 20

#: Distances along the rows and the columns count so much: domains are lamellae.
_LAMELLAE = np.array([0.8, 1.6])

#: Relative displacement of boundaries, and the width over which it varies.
_WAVINESS, _WAVES = 0.04, 0.08

#: Positions along each axis of the grid that fields are drawn on, and its margin.
_GRID, _MARGIN = 64, 32


@dataclass(frozen=True, eq=False)
class Domains:
    """Cells of a particle, and which of them a position's electrons go through.

    Parameters
    ----------
    variants : numpy.ndarray of int, shape (n_cells,)
        Variant of each cell.
    orientations : numpy.ndarray, shape (n_cells,)
        In-plane rotation of each cell in degrees.
    cells : numpy.ndarray of int, shape (y, x, 2)
        Nearest cell of each position, and the nearest that differs from it.
    shares : numpy.ndarray, shape (y, x, 3)
        Share of the electrons in these two and in the disordered zone.
    """

    variants: np.ndarray
    orientations: np.ndarray
    cells: np.ndarray
    shares: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Variant of the nearest cell, shape (y, x)."""
        return self.variants[self.cells[..., 0]]


def draw_domains(
    shape: tuple[int, ...],
    n_variants: int,
    n_cells: int,
    rotated: bool,
    generator: np.random.Generator,
) -> Domains:
    """Draw a tessellation whose cells are of some variants.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the scan.
    n_variants, n_cells : int
        Each variant has a cell at least; the first ones have more.
    rotated : bool
        Every cell has an orientation of its own.
    generator : numpy.random.Generator

    Returns
    -------
    Domains
    """
    stretch = np.ones(2) if rotated else _LAMELLAE
    places = np.stack(
        np.meshgrid(*((np.arange(n) + 0.5) / n for n in shape), indexing="ij"), axis=-1
    )
    waves = [smooth_field(shape, _WAVES, generator) for _ in range(2)]
    places = places * stretch + _WAVINESS * np.stack(waves, axis=-1)
    centers = _spread_points(n_cells, stretch, generator)
    odds = np.linspace(1.6, 0.4, n_variants) / n_variants
    others = generator.choice(n_variants, size=n_cells - n_variants, p=odds)
    variants = np.concatenate([np.arange(n_variants), others])
    orientations = generator.uniform(0, 360, n_cells) if rotated else np.zeros(n_cells)
    kinds = np.arange(n_cells) if rotated else variants
    squares = ((places[:, :, np.newaxis] - centers) ** 2).sum(axis=-1)
    first = squares.argmin(axis=-1)
    differs = kinds != kinds[first][..., np.newaxis]
    second = np.where(differs, squares, np.inf).argmin(axis=-1)
    cells = np.stack([first, second], axis=-1)
    near = np.take_along_axis(squares, cells, axis=-1)
    between = centers[second] - centers[first]
    length = np.linalg.norm(between, axis=-1)
    # Distance from the boundary along its normal, and how much of it is a position.
    distance = (near[..., 1] - near[..., 0]) / (2 * length)
    position = np.abs(between) / length[..., np.newaxis] @ (stretch / shape)
    return Domains(variants, orientations, cells, _shares(distance / position))


def _shares(distance: np.ndarray) -> np.ndarray:
    """Return the shares of a domain, its neighbour and the zone between, (y, x, 3)."""
    first = (1 + erf(distance / (np.sqrt(2) * PROBE))) / 2
    disorder = DISORDER * np.exp(-((distance / DISORDERED_ZONE) ** 2) / 2)
    ordered = np.stack([first, 1 - first], axis=-1) * (1 - disorder)[..., np.newaxis]
    return np.concatenate([ordered, disorder[..., np.newaxis]], axis=-1)


def _spread_points(
    n_points: int, extent: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return points in a rectangle that keep their distance, (n_points, 2)."""
    points = generator.uniform(size=(1, 2)) * extent
    while len(points) < n_points:
        candidates = generator.uniform(size=(_CANDIDATES, 2)) * extent
        distances = np.linalg.norm(candidates[:, None] - points, axis=-1).min(axis=1)
        points = np.concatenate([points, candidates[[distances.argmax()]]])
    return points


def smooth_field(
    shape: tuple[int, ...], width: float, generator: np.random.Generator
) -> np.ndarray:
    """Return a smooth random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns. The field is the same at any shape, but for its sampling.
    width : float
        Standard deviation of the Gaussian it is smoothed by, over its extent.
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray
    """
    noise = generator.standard_normal((_GRID + 2 * _MARGIN,) * 2)
    inner = slice(_MARGIN, _MARGIN + _GRID)
    field = gaussian_filter(noise, width * _GRID)[inner, inner]
    field = (field - field.mean()) / field.std()
    factors = [n / _GRID for n in shape]
    return zoom(field, factors, order=1, mode="nearest", grid_mode=True)
