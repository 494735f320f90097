"""How much of each phase there is: numbers, areas and sizes of particles."""

import numpy as np

from hspy_cnmf.maps.particles import edge_weights
from hspy_cnmf.phases.crystal_map import present, shares_of_counts
from hspy_cnmf.phases.group_phases import GroupPhases
from hspy_cnmf.tables import Table


def number_densities(identification: GroupPhases, blur: float = 0.0) -> Table:
    r"""Return how many particles of each phase there are per area.

    Parameters
    ----------
    identification : GroupPhases
        Of groups that have maps of two dimensions.
    blur : float, default 0
        See `DiffractionClusters.particle_diameters`.

    Returns
    -------
    Table
        ``phase``; ``n_particles``, all that were found; ``n_counted``, those that touch
        no edge; ``number_density`` and its ``uncertainty`` per ``unit``.

    Notes
    -----
    Particles that touch an edge are not counted, and the larger one is, the likelier
    it touches: a whole particle of width :math:`w` stands for
    :math:`1 / ((1 - w / L_x)(1 - w / L_y))` in a scan of :math:`L_x L_y` [1]_. The
    uncertainty is that of a Poisson process, the root of the sum of the squares of
    these weights. With no particle, it is the density of one.

    References
    ----------
    .. [1] R. E. Miles, J. Microsc. 102, 9 (1974): corrected counts.
    """
    particles, sides, unit = _particles(identification, blur)
    rows = []
    for name, ours in _by_phase(identification, particles):
        weights = edge_weights(ours["width"][~ours["touches_edge"]], sides)
        error = np.sqrt((weights**2).sum()) if len(weights) else 1.0
        area = np.prod(sides)
        rows.append((name, len(ours), len(weights), weights.sum() / area, error / area))
    names = ("phase", "n_particles", "n_counted", "number_density", "uncertainty")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Table.from_columns(**columns, unit=[f"1/{unit}^2"] * len(rows))


def size_distribution(
    identification: GroupPhases,
    bins: int | np.ndarray = 10,
    blur: float = 0.0,
) -> Table:
    """Return how many particles of each phase have which diameter.

    Parameters
    ----------
    identification : GroupPhases
        Of groups that have maps of two dimensions.
    bins : int or array_like, default 10
        Number of bins, the same for all phases, from 0 to the largest diameter; or
        their edges in the units of the scan.
    blur : float, default 0
        See `DiffractionClusters.particle_diameters`.

    Returns
    -------
    Table
        One row for each phase and bin: ``phase``, ``low`` and ``high`` of the diameter
        in ``unit``; ``n_counted``, particles that touch no edge; their
        ``number_density`` per ``density_unit``, corrected for the edge as in
        `number_densities`, and its ``uncertainty``.
    """
    particles, sides, unit = _particles(identification, blur)
    whole = particles[~particles["touches_edge"]]
    edges = _edges(bins, whole["diameter"])
    rows, area = [], np.prod(sides)  # type: ignore[var-annotated]
    for name, ours in _by_phase(identification, whole):
        weights = edge_weights(ours["width"], sides)
        counted, total, square = (
            np.histogram(ours["diameter"], edges, weights=w)[0]
            for w in (np.ones(len(weights)), weights, weights**2)
        )
        rows += zip(
            [name] * len(counted),
            edges[:-1],
            edges[1:],
            counted.astype(int),
            total / area,
            np.sqrt(square) / area,
            strict=True,
        )
    names = ("phase", "low", "high", "n_counted", "number_density", "uncertainty")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Table.from_columns(
        **columns, unit=[unit] * len(rows), density_unit=[f"1/{unit}^2"] * len(rows)
    )


def area_fractions(identification: GroupPhases) -> Table:
    """Return which part of the scan each phase covers.

    A phase is where the map of one of its components is above half of its maximum;
    positions of several phases count for each. Masked positions count for none.

    Returns
    -------
    Table
        ``phase``, ``n_positions``, ``area_fraction``, ``area`` in ``unit``, and
        ``share_of_counts``, of the counts of the whole scan. The last row, "not
        indexed", is of positions without any phase; its share of counts is that of
        all components that are none of the phases.
    """
    shares = shares_of_counts(identification)
    there = present(shares)
    of = identification.component_phases
    known = shares.sum(axis=0) > 0
    covered = [there[of == k].any(axis=0) for k in range(len(identification.phases))]
    counts = [shares[of == k].sum() for k in range(len(identification.phases))]
    covered.append(known & ~np.any(covered, axis=0))
    counts.append(shares[of < 0].sum())
    positions = np.array([where.sum() for where in covered])
    scale = identification.clusters.components.map_scale
    unit = f"{scale.unit or 'px'}^{len(scale.steps)}"
    return Table.from_columns(
        phase=[*(phase.name for phase in identification.phases), "not indexed"],
        n_positions=positions,
        area_fraction=positions / max(known.sum(), 1),
        area=positions * np.prod(scale.steps),
        unit=[unit] * len(positions),
        share_of_counts=np.array(counts) / max(shares.sum(), 1e-300),
    )


def compare_amounts(tables: dict[str, Table]) -> Table:
    """Return the same table of several scans as one, beside each other.

    Parameters
    ----------
    tables : dict of Table
        By the names of the scans: such as
        ``{name: found.number_densities() for name, found in ...}``.

    Returns
    -------
    Table
        With the name of the scan in the first column, ``scan``.
    """
    if not isinstance(tables, dict):
        raise TypeError(
            "tables must be a dictionary of tables by the names of their scans, not "
            f"{type(tables).__name__}."
        )
    if not tables:
        raise ValueError("tables is empty: give at least one.")
    names = next(iter(tables.values())).dtype.names
    for scan, table in tables.items():
        if table.dtype.names != names:
            raise ValueError(
                f"The table of {scan!r} has the columns {table.dtype.names}, the first "
                f"one {names}: compare tables of one kind."
            )
    columns = {
        name: np.concatenate([table[name] for table in tables.values()])
        for name in names  # type: ignore[union-attr]
    }
    scans = np.repeat(list(tables), [len(table) for table in tables.values()])
    return Table.from_columns(scan=scans, **columns)


def _particles(
    identification: GroupPhases, blur: float
) -> tuple[Table, np.ndarray, str]:
    """Return the particles of all groups, the sides of the scan, and its unit."""
    clusters = identification.clusters
    particles = clusters.particle_diameters(blur)
    components = clusters.components
    sizes = [axis.size for axis in components.map_axes]
    scale = components.map_scale
    return particles, np.array(scale.steps) * sizes, scale.unit or "px"


def _by_phase(identification: GroupPhases, particles: Table):
    """Yield the name of each phase, and its particles."""
    for number, phase in enumerate(identification.phases):
        groups = identification.groups[identification.phase_ids == number]
        yield phase.name, particles[np.isin(particles["group"], groups)]


def _edges(bins: int | np.ndarray, diameters: np.ndarray) -> np.ndarray:
    if np.ndim(bins) == 0:
        if not int(bins) >= 1:
            raise ValueError(f"bins={bins!r} must be 1 or more, or edges.")
        return np.linspace(0, diameters.max(initial=1e-9) * (1 + 1e-9), int(bins) + 1)
    edges = np.asarray(bins, dtype=float)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"bins={bins!r} must be edges that rise, two or more.")
    return edges
