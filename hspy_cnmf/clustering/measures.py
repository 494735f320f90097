"""Particles and lattice distances of groups: numbers to publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.calibration import reciprocal_calibration
from hspy_cnmf.clustering.member_rings import differing, member_radii, with_scatter
from hspy_cnmf.maps.particle_windows import mean_window, window_sides
from hspy_cnmf.maps.particles import find_particles, select_distinct
from hspy_cnmf.patterns.geometry import PatternGeometry
from hspy_cnmf.patterns.lattice_distances import lattice_distances
from hspy_cnmf.patterns.spots import WIDTHS, find_spots
from hspy_cnmf.tables import Table

_NOT_ALIKE = (
    "Members of a group have spots at other distances, and may be different crystals: "
    "group {}. A smaller distance_threshold= of cluster_diffraction tells them apart."
)


def spots_on_detector(
    geometry: PatternGeometry,
    patterns: np.ndarray,
    radii: tuple[float, float],
    threshold: float,
    width: tuple[float, float] = WIDTHS,
) -> list[np.ndarray]:
    """Return the spots of each pattern, in places on the detector.

    Parameters
    ----------
    geometry : PatternGeometry
    patterns : numpy.ndarray, shape (n, *pattern_shape)
        NaN where masked.
    radii : tuple of float
        Smallest and largest radius that take part, in pixels.
    threshold : float
        Spots are at least this many times above the noise.
    width : tuple of float
        Limits of widths; see `hspy_cnmf.patterns.spots.find_spots`.
    """
    low, high = radii
    is_outside = (geometry.pixel_radii < low) | (geometry.pixel_radii > high)
    found = []
    for pattern in np.where(is_outside, np.nan, patterns):
        pattern, center = geometry.on_detector(pattern)
        place = center, geometry.affine
        found.append(find_spots(pattern, *place, width=width, threshold=threshold))
    return found


def particles_of_groups(
    maps: np.ndarray, steps: tuple[float, ...], labels: np.ndarray, **limits: float
) -> list[np.ndarray]:
    """Return the particles of each group, those of its components taken together.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, rows, columns)
        NaN where masked.
    steps : tuple of float
        Distances of neighbouring rows and columns.
    labels : numpy.ndarray of int, shape (n,)
        Group of each component.
    **limits
        For `find_particles`.

    Returns
    -------
    list of numpy.ndarray
        One for each group, with the fields of `find_particles`. They are higher than
        the background of the group's own map: in a matrix there are no particles,
        though some of its components may be of little but noise.
    """
    particles = find_particles(maps, steps, **limits)
    groups = labels[particles["component"]]
    members = (maps[labels == group] for group in range(labels.max() + 1))
    backgrounds = np.array([np.nanmedian(own.sum(axis=0)) for own in members])
    stands_out = particles["height"] >= backgrounds[groups]
    return [
        select_distinct(particles[stands_out & (groups == group)], steps)
        for group in range(len(backgrounds))
    ]


def aligned_windows(
    maps: np.ndarray, steps: tuple[float, ...], labels: np.ndarray
) -> np.ndarray:
    """Return the mean map of each group's whole particles, centred in a window."""
    groups = [
        particles[~particles["touches_edge"]]
        for particles in particles_of_groups(maps, steps, labels)
    ]
    sides = window_sides(np.concatenate(groups), steps)
    return np.stack([mean_window(maps, group, steps, sides) for group in groups])


def particle_table(
    groups: Sequence[np.ndarray],
    indices: np.ndarray,
    places: Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]],
    unit: str,
) -> Table:
    """Return particles as a table.

    Parameters
    ----------
    groups : list of numpy.ndarray
        Particles of each group.
    indices : numpy.ndarray of int
        Components that the particles' are counted in.
    places : callable
        Returns y and x of rows and columns.
    unit : str
        Of places and diameters, "" where the maps are not calibrated.

    Returns
    -------
    Table
    """
    found = np.concatenate(groups)
    y, x = places(found["row"], found["column"])
    return Table.from_columns(
        group=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        component=indices[found["component"]],
        x=x,
        y=y,
        diameter=found["diameter"],
        uncertainty=found["diameter_error"],
        width=found["width"],
        contrast=found["contrast"],
        touches_edge=found["touches_edge"],
        unit=_column(unit or "px", len(found)),
    )


def mean_diameters(particles: Table) -> Table:
    """Return the mean diameter of each group's whole particles.

    Parameters
    ----------
    particles : Table
        From `particle_table`.

    Returns
    -------
    Table
        Of groups that have whole particles, with the same note.
    """
    whole = particles[~particles["touches_edge"]]
    groups, count = np.unique(whole["group"], return_counts=True)
    found = [whole["diameter"][whole["group"] == k] for k in groups]
    # Of a single particle there is no spread.
    spread = np.array([np.std(d, ddof=1) if len(d) > 1 else np.nan for d in found])
    table = Table.from_columns(
        group=groups,
        n_particles=count,
        diameter=np.array([d.mean() for d in found]),
        uncertainty=spread / np.sqrt(np.maximum(count, 1)),
        standard_deviation=spread,
        unit=_column(particles["unit"][0] if len(particles) else "", len(groups)),
    )
    table.note = particles.note
    return table


def ring_table(
    spots: Sequence[np.ndarray],
    of_members: Sequence[Sequence[np.ndarray]],
    scale: float,
    units: str,
    beam_energy: float | None,
) -> Table:
    """Return the lattice distances of groups as a table.

    Parameters
    ----------
    spots : list of numpy.ndarray
        Spots of each group, from `find_spots`.
    of_members : list of list of numpy.ndarray
        Spots of each member of each group.
    scale, units : float, str
        Of the patterns' axes.
    beam_energy : float or None
        In kV, for patterns in angles.

    Returns
    -------
    Table
        With a note on groups whose members are not alike.
    """
    length_unit, factor = reciprocal_calibration(units, beam_energy)
    found, notes = [], []
    for group, (of_mean, own) in enumerate(zip(spots, of_members, strict=True)):
        rings = lattice_distances(of_mean, scale * factor)
        each = [lattice_distances(member, scale * factor) for member in own]
        radii, errors = member_radii(rings, each)
        found.append(with_scatter(rings, radii, errors))
        odd = differing(radii, errors)
        if odd.any():
            ring = int(odd.argmax())
            ends = 1 / np.nanmax(radii[:, ring]), 1 / np.nanmin(radii[:, ring])
            notes.append(f"{group} ({ends[0]:.4g} to {ends[1]:.4g} {length_unit})")
    groups = np.repeat(np.arange(len(found)), [len(group) for group in found])
    rings = np.concatenate(found)
    table = Table.from_columns(
        group=groups,
        lattice_distance=rings["lattice_distance"],
        uncertainty=rings["uncertainty"],
        unit=_column(length_unit, len(rings)),
        n_spots=rings["n_spots"],
        intensity=rings["intensity"],
    )
    table.note = _NOT_ALIKE.format(", ".join(notes)) if notes else ""
    return table


def check_group(group: Any, n_groups: int) -> None:
    """Raise unless there is such a group."""
    if not isinstance(group, Integral):
        raise TypeError(f"group={group!r} must be a whole number, that of a group.")
    if not 0 <= int(group) < n_groups:
        raise IndexError(
            f"group={group!r}: there are {n_groups} groups, counted from 0."
        )


def _column(text: str, n: int) -> np.ndarray:
    return np.full(n, text, dtype=f"U{max(len(text), 1)}")
