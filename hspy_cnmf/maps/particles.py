"""Particles in maps: where they are and how large."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import flood

from hspy_cnmf.maps._checks import check_maps, check_steps
from hspy_cnmf.maps.particle_size import measure, sphere_diameter
from hspy_cnmf.maps.particle_windows import mean_window, window_sides

__all__ = [
    "PARTICLE",
    "edge_weights",
    "find_particles",
    "mean_window",
    "select_distinct",
    "window_sides",
]

PARTICLE = np.dtype(
    [
        ("component", int),
        ("row", float),
        ("column", float),
        ("width", float),
        ("diameter", float),
        ("diameter_error", float),
        ("height", float),
        ("contrast", float),
        ("touches_edge", bool),
    ]
)
"""What is known of a particle, see `find_particles`."""

#: Positions to either side of a peak that are looked at first.
_REACH = 16

PLACEMENT_ERROR = 0.03
"""Uncertainty of a diameter in steps, from where the positions happen to lie in the
particle. Of simulated spheres at least 4 positions across, blurred over at least one
position, the diameters scatter by less; of smaller or sharper ones by up to 0.12."""


def find_particles(
    maps: ArrayLike,
    steps: ArrayLike,
    *,
    blur: float = 0.0,
    minimum_height: float = 0.5,
    minimum_contrast: float = 10.0,
    minimum_rise: float = 1.0,
) -> np.ndarray:
    r"""Find the bright regions of maps and measure them.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n_components, rows, columns)
        Loadings; NaN marks masked positions.
    steps : tuple of float
        Distance between neighbouring rows and between neighbouring columns.
    blur : float, default 0
        Full width at half maximum, in the units of `steps`, of a Gaussian that stands
        for all that blurs the maps. A probe and a smoothing add in quadrature; the
        default smoothing over 3 positions counts as 1.43 steps, times the root of the
        share that a map was smoothed by (``parameters["smoothing_shares"]``).
    minimum_height : float, default 0.5
        Peaks lower than this fraction of the highest in their map are no particles.
    minimum_contrast : float, default 10
        Least height over the noise of the map. The highest peak of a map of nothing
        but noise is at 4 to 9, with exponential noise up to 13.
    minimum_rise : float, default 1
        Least height over the background. It tells particles from a matrix, which is
        everywhere, only a little more in some places.

    Returns
    -------
    numpy.ndarray, shape (n_particles,)
        Structured, sorted by component:

        - ``component``: index of the map;
        - ``row``, ``column``: centre of mass, in positions;
        - ``width``: diameter of the circle that has the area of the particle,
          :math:`2 \sqrt{A / \pi}`, in the units of `steps`;
        - ``diameter``: diameter of the sphere whose map is that wide, see Notes;
        - ``diameter_error``: standard deviation from by how much the diameter changes
          when the peak is lower or higher by the noise, and 0.03 steps for where the
          positions lie, in quadrature. The shape of the particle and the blur are not
          in it;
        - ``height``: peak above the background, in the units of `maps`;
        - ``contrast``: height over the noise, infinite without noise;
        - ``touches_edge``: whether the particle is cut off by the edge of the scan or
          by masked positions; its size is then a lower limit.

    Raises
    ------
    ValueError
        If an array has the wrong shape or an argument is out of range.

    Notes
    -----
    A particle is the connected region above half of its own peak. Two that touch so
    closely that the map does not fall to half in between are one. Peaks and borders
    are those of a cubic spline through the map. The background is the median of the
    map, so particles must cover less than half of it; the noise is the root mean
    square distance from it more than two positions away from everything above half of
    the highest peak, where fainter particles count as noise. As the peak is the
    highest of several noisy values, particles come out too small, at a contrast of 25
    by 1 to 2 %.

    The projected thickness of a sphere of diameter D is half of its maximum at
    :math:`\sqrt{3} D / 2`, so a map of a sphere is narrower than the sphere. With
    ``blur=0`` the diameter is the width times :math:`2 / \sqrt{3}`; blur lowers the
    peak as well as it widens the foot, and up to a blur of D / 2 the diameter comes
    out at most 9 % too small. With `blur`, the sphere is the one that is as wide when
    it is convolved with the Gaussian. For bodies that go through the whole specimen,
    such as grains, it is the width that is meant by their diameter.
    """
    maps, steps = check_maps(maps, steps)
    _check_limits(blur, minimum_height, minimum_contrast, minimum_rise)
    limits = minimum_height, minimum_contrast, minimum_rise
    step = np.sqrt(np.prod(steps))
    found = []
    for component, values in enumerate(maps):
        for particle in _particles_of_map(values, *limits):
            row, column, areas, height, contrast, touches_edge = particle
            # At half of the peak, and of a peak lower and higher by the noise.
            widths = 2 * np.sqrt(np.array(areas) / np.pi) * step
            diameter, *moved = sphere_diameter(widths, blur)
            error = np.hypot(np.ptp(moved) / 2, PLACEMENT_ERROR * step)
            size = widths[0], diameter, error
            found.append(
                (component, row, column, *size, height, contrast, touches_edge)
            )
    return np.array(found, dtype=PARTICLE)


def select_distinct(particles: np.ndarray, steps: ArrayLike) -> np.ndarray:
    """Leave out particles that were found in several components at the same place.

    Parameters
    ----------
    particles : numpy.ndarray, shape (n_particles,)
        Of components of one group, from `find_particles`.
    steps : tuple of float
        As for `find_particles`.

    Returns
    -------
    numpy.ndarray
        Those that are left, in their order. Of two in different components, one of
        which has the centre of the other within its width, the lower one is left out.
    """
    steps = check_steps(steps)
    kept: list[int] = []
    for index in np.argsort(-particles["height"], kind="stable"):
        others = particles[kept]
        distance = _distance(particles[index], others, steps)
        reach = np.maximum(others["width"], particles["width"][index]) / 2
        elsewhere = others["component"] != particles["component"][index]
        if not ((distance < reach) & elsewhere).any():
            kept.append(index)
    return particles[np.sort(np.array(kept, int))]


def edge_weights(widths: np.ndarray, sides: np.ndarray) -> np.ndarray:
    r"""Return for how many particles each whole one stands, shape (n,).

    Parameters
    ----------
    widths : numpy.ndarray, shape (n,)
        Of particles that touch no edge.
    sides : numpy.ndarray, shape (2,)
        Height and width of the scan.

    Notes
    -----
    The larger a particle is, the likelier it touches an edge: a whole one of width
    :math:`w` stands for :math:`1 / ((1 - w / L_x)(1 - w / L_y))` in a scan of
    :math:`L_x L_y` (R. E. Miles, J. Microsc. 102, 9, 1974: corrected counts).
    """
    free = 1 - np.minimum(widths[:, np.newaxis] / sides, 0.9)
    return 1 / free.prod(axis=1)


def _particles_of_map(
    values: np.ndarray,
    minimum_height: float,
    minimum_contrast: float,
    minimum_rise: float,
) -> Iterator[tuple]:
    """Yield place, areas, height, contrast and touches_edge, in positions."""
    values = values.astype(float)
    known = ~np.isnan(values)
    if not known.any():
        return
    background = np.median(values[known])
    excess = np.where(known, values - background, 0)
    noise = _noise(excess, known)
    least = max(
        minimum_height * excess.max(),
        minimum_contrast * noise,
        minimum_rise * background,
    )
    taken = np.zeros(values.shape, bool)
    # From high to low: what is above half of a lower peak may hold a higher one.
    for peak in map(tuple, peak_local_max(excess, 1, exclude_border=False)):
        if excess[peak] <= 0 or excess[peak] < least:
            break
        if taken[peak]:
            continue
        box, region = _region(excess, peak)
        if (region & taken[box]).any():
            continue
        taken[box] |= region
        row, column, areas, height = measure(excess, box, region, peak, noise)
        contrast = height / noise if noise > 0 else np.inf
        around = ndimage.binary_dilation(np.pad(region, 1))
        touches_edge = (around & ~np.pad(known[box], 1)).any()
        yield row, column, areas, height, contrast, touches_edge


def _region(
    excess: np.ndarray, peak: tuple[int, int]
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the part of a map that holds all above half of a peak around it, and that.

    Parts that are larger and larger are looked at: the cost is that of the region, not
    of the map.
    """
    reach = _REACH
    while True:
        rows, columns = (slice(max(p - reach, 0), p + reach + 1) for p in peak)
        box, start = (rows, columns), [rows.start, columns.start]
        top = tuple(np.subtract(peak, start).tolist())
        region = flood(excess[box] > excess[peak] / 2, top, connectivity=1)
        if not _goes_on(region, start, excess.shape):
            return box, region
        reach *= 2


def _goes_on(region: np.ndarray, start: list[int], shape: tuple[int, ...]) -> bool:
    """Whether a region reaches a side of its part of a map that is no edge of it."""
    for axis, (first, n) in enumerate(zip(start, shape, strict=True)):
        sides = np.moveaxis(region, axis, 0)
        if first > 0 and sides[0].any():
            return True
        if first + len(sides) < n and sides[-1].any():
            return True
    return False


def _noise(excess: np.ndarray, known: np.ndarray) -> float:
    """Return the root mean square of a map away from its particles."""
    bright = excess >= excess.max() / 2
    away = known & ~ndimage.binary_dilation(bright, iterations=2)
    return np.sqrt(np.mean(excess[away if away.any() else known] ** 2))


def _distance(particle: np.void, others: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the distances of one place from others, in the units of the steps."""
    rows = (others["row"] - particle["row"]) * steps[0]
    columns = (others["column"] - particle["column"]) * steps[1]
    return np.hypot(rows, columns)


def _check_limits(
    blur: float, minimum_height: float, minimum_contrast: float, minimum_rise: float
) -> None:
    if not 0 < minimum_height <= 1:
        raise ValueError(f"minimum_height must be in (0, 1], got {minimum_height}.")
    limits = {
        "blur": blur,
        "minimum_contrast": minimum_contrast,
        "minimum_rise": minimum_rise,
    }
    for name, value in limits.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} must be at least 0, got {value}.")
