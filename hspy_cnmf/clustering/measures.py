"""Particles and lattice distances of groups: numbers to publish."""

import operator

import numpy as np

from hspy_cnmf._hyperspy.calibration import reciprocal_calibration
from hspy_cnmf.maps.particle_windows import aligned_mean, window_sides
from hspy_cnmf.maps.particles import find_particles, select_distinct
from hspy_cnmf.patterns.grouping import sum_maps
from hspy_cnmf.patterns.lattice_distances import lattice_distances
from hspy_cnmf.tables import Table


def map_steps(loadings):
    """Return the distances of neighbouring positions in maps, row and column."""
    return tuple(abs(axis.scale) for axis in loadings.axes_manager.signal_axes[::-1])


def particles_of_groups(maps, steps, labels, **limits):
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
    backgrounds = np.nanmedian(sum_maps(maps, labels), axis=(1, 2))
    stands_out = particles["height"] >= backgrounds[groups]
    return [
        select_distinct(particles[stands_out & (groups == group)], steps)
        for group in range(len(backgrounds))
    ]


def aligned_windows(maps, steps, labels):
    """Return the mean map of each group's whole particles, centred in a window."""
    groups = [
        particles[~particles["touches_edge"]]
        for particles in particles_of_groups(maps, steps, labels)
    ]
    sides = window_sides(np.concatenate(groups), steps)
    return np.stack([aligned_mean(maps, group, steps, sides) for group in groups])


def particle_table(groups, indices, loadings):
    """Return particles as a table.

    Parameters
    ----------
    groups : list of numpy.ndarray
        Particles of each group.
    indices : numpy.ndarray of int
        Components that the particles' are counted in.
    loadings : hyperspy.signal.BaseSignal
        Maps, for their axes.

    Returns
    -------
    Table
    """
    particles = np.concatenate(groups)
    y_axis, x_axis = loadings.axes_manager.signal_axes[::-1]
    return Table.of(
        group=np.repeat(np.arange(len(groups)), [len(group) for group in groups]),
        component=indices[particles["component"]],
        x=x_axis.offset + x_axis.scale * particles["column"],
        y=y_axis.offset + y_axis.scale * particles["row"],
        diameter=particles["diameter"],
        uncertainty=particles["diameter_error"],
        width=particles["width"],
        contrast=particles["contrast"],
        touches_edge=particles["touches_edge"],
        unit=_column(unit_of(x_axis), len(particles)),
    )


def mean_diameters(particles, n_groups):
    """Return the mean diameter of each group's whole particles.

    Parameters
    ----------
    particles : Table
        From `particle_table`.
    n_groups : int
        Number of groups.

    Returns
    -------
    Table
        Of groups that have whole particles.
    """
    whole = particles[~particles["touches_edge"]]
    found = [whole["diameter"][whole["group"] == k] for k in range(n_groups)]
    groups = [k for k in range(n_groups) if len(found[k])]
    found = [found[k] for k in groups]
    count = np.array([len(diameters) for diameters in found], dtype=int)
    # Of a single particle there is no spread.
    spread = np.array([np.std(d, ddof=1) if len(d) > 1 else np.nan for d in found])
    return Table.of(
        group=np.array(groups, dtype=int),
        n_particles=count,
        diameter=np.array([d.mean() for d in found]),
        uncertainty=spread / np.sqrt(np.maximum(count, 1)),
        standard_deviation=spread,
        unit=_column(particles["unit"][0] if len(particles) else "", len(groups)),
    )


def ring_table(spots, scale, units, beam_energy):
    """Return the lattice distances of groups as a table.

    Parameters
    ----------
    spots : list of numpy.ndarray
        Spots of each group, from `find_spots`.
    scale, units : float, str
        Of the patterns' axes.
    beam_energy : float or None
        In kV, for patterns in angles.

    Returns
    -------
    Table
    """
    length_unit, factor = reciprocal_calibration(units, beam_energy)
    rings = [lattice_distances(group, scale * factor) for group in spots]
    groups = np.repeat(np.arange(len(rings)), [len(group) for group in rings])
    rings = np.concatenate(rings)
    return Table.of(
        group=groups,
        lattice_distance=rings["lattice_distance"],
        uncertainty=rings["uncertainty"],
        unit=_column(length_unit, len(rings)),
        n_spots=rings["n_spots"],
        intensity=rings["intensity"],
    )


def unit_of(axis):
    """Return the units of an axis, "px" where it is not calibrated."""
    return axis.units if isinstance(axis.units, str) and axis.units else "px"


def check_group(group, n_groups):
    """Raise unless there is such a group."""
    if not 0 <= operator.index(group) < n_groups:
        raise IndexError(
            f"group={group!r}: there are {n_groups} groups, counted from 0."
        )


def _column(text, n):
    return np.full(n, text, dtype=f"U{max(len(text), 1)}")
