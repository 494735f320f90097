"""Section on components that are the same crystal, turned, and what is measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.clustering.clusters import DiffractionClusters, get_clusters
from hspy_cnmf.report.elements import image, paragraph, parts_of, table
from hspy_cnmf.report.measurements import measure
from hspy_cnmf.report.page import Section
from hspy_cnmf.tables import Table

#: How many are in one figure, so that it fits on a page.
_GROUPS = 6


def group_section(signal: BaseSignal, blur: float) -> Section:
    """Return the section on groups of components that are the same crystal, turned.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Clustered signal.
    blur : float
        Full width at half maximum of what blurred the maps, in units of the scan.
    """
    clusters = get_clusters(signal)
    n = len(clusters.components.indices)
    groups = f"{clusters.n_clusters} group{'s' if clusters.n_clusters > 1 else ''}"
    finding = (
        f"{n} components in {groups} of the same crystal, turned in the plane "
        f"({clusters.parameters['cut']})."
    )
    members = [clusters.members(group).tolist() for group in range(clusters.n_clusters)]
    rows = Table.from_columns(
        group=np.arange(len(members)),
        components=[", ".join(map(str, some)) for some in members],
    )
    tree = image(
        clusters.dendrogram.plot(),
        "Dendrogram: components are joined at their pseudo-distance, one minus "
        "similarity; groups have colours, with their mean patterns to the left. "
        "Dashed: the cut.",
        f"Tree of {n} components, cut into {groups}.",
    )
    figures = [
        image(
            clusters.plot(some),
            "Groups: mean pattern, sum of maps with the share of the counts, mean "
            "particle, and members with the rotation in degrees, counter-clockwise, "
            "that turns each onto the first. Masked is grey.",
            f"Patterns and maps of groups {some[0]} to {some[-1]}.",
        )
        for some in parts_of(clusters.n_clusters, _GROUPS)
    ]
    parts = [tree, table(rows, "Members of the groups."), *figures]
    parts += _measurements(clusters, blur)
    return Section("groups", "Groups", finding, tuple(parts), clusters.parameters)


def _measurements(clusters: DiffractionClusters, blur: float) -> Iterator[str]:
    """Return tables of what can be measured, and why the rest cannot."""
    tables, reasons = measure(clusters, blur)
    captions = {
        "lattice_distances": "Lattice distances from the Bragg spots of each group; "
        "the uncertainty is one standard deviation, without that of the calibration.",
        "particle_diameters": "Particles in the maps of each group: diameter of a "
        "sphere whose map is as wide, and width of the map.",
        "mean_particle_diameters": "Mean diameters of particles that touch no edge, "
        "with standard error and standard deviation.",
    }
    corrected = f"Diameters are corrected for a blur of {blur:g}." if blur else ""
    for name, caption in captions.items():
        title = name.replace("_", " ").capitalize()
        if name in reasons:
            yield paragraph(f"{title}: not measured. {reasons[name]}")
        elif not len(tables[name]):
            yield paragraph(f"{title}: none found.")
        else:
            said = caption, tables[name].note, corrected * ("diam" in name)
            yield table(tables[name], " ".join(filter(None, said)))
