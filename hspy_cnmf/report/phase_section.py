"""The section on phases of groups."""

from hyperspy.signal import BaseSignal

from hspy_cnmf.phases import get_phases
from hspy_cnmf.report.elements import image, paragraph, table
from hspy_cnmf.report.measurements import measure_phases
from hspy_cnmf.report.page import Section

#: Columns of the table of groups that are shown; the others are in its file.
_COLUMNS = [
    "group",
    "crystal",
    "part",
    "phase",
    "candidate",
    "second",
    "margin",
    "deciding",
    "zone_axis",
    "off_axis",
    "tilt_error",
    "turn_error",
    "n_zone_axes",
    "correlation",
    "n_spots",
    "n_explained",
    "distances_missing",
    "distances_unexplained",
    "scale_residual",
    "other_scale",
    "distortion",
]

_CAPTIONS = {
    "area_fractions": "Part of the scan that each phase covers: where the map of a "
    "component is above half of its maximum. Positions of several phases count for "
    "each.",
    "number_densities": "Particles per area, with the standard deviation of a Poisson "
    "process. Those that touch an edge are not counted; the others stand for them.",
    "size_distribution": "Diameters of particles that touch no edge.",
}


def phase_section(signal: BaseSignal, blur: float) -> Section:
    """Return the section on what crystals the groups are, and how much there is.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Signal whose phases are identified.
    blur : float
        Full width at half maximum of what blurred the maps, in units of the scan.
    """
    phases = get_phases(signal)
    n_groups = phases.clusters.n_clusters
    n_known = int((phases.phase_ids[:n_groups] >= 0).sum())
    names = ", ".join(phase.name for phase in phases.phases)
    finding = f"{n_known} of {n_groups} groups are one of {names}."
    n_second = len(phases.groups) - n_groups
    if n_second:
        finding += f" Over {n_second} of them lies another crystal."
    if phases.parameters.get("ellipse"):
        finding += " An elliptical distortion of the patterns was undone."
    if phases.parameters.get("likely_scale"):
        finding += " The scale of the patterns may be wrong."
    tables, reasons = measure_phases(phases, blur)
    shown = [name for name in _COLUMNS if name in phases.table.names]
    parts = [
        image(
            phases.plot(),
            "Phases over the scan, and mean patterns of groups; circles are where "
            "reflections of the phase are simulated.",
            "Map of phases, and patterns with circles.",
        ),
        table(
            phases.table[shown],  # type: ignore[arg-type]
            "Groups, and below them second crystals of some, which explain spots that "
            "the first do not, or that are none of these: the margin is the logarithm "
            "of how much likelier the phase is than the second; deciding are lattice "
            "distances in angstrom that would tell two candidates apart. The zone axis "
            "is off_axis degrees off the beam, give or take tilt_error (root mean "
            "square); the turn about the beam is known to turn_error degrees. Where "
            "other_scale is not 0, a phase with a cell that much smaller fits as well; "
            "where distortion is not, one that is distorted by as much fits better; "
            "where n_zone_axes is 1, so does any with the same spots in that plane.",
        ),
    ]
    parts += [paragraph(note) for note in phases.notes]
    for name, caption in _CAPTIONS.items():
        if name in reasons:
            title = name.replace("_", " ").capitalize()
            parts.append(paragraph(f"{title}: not measured. {reasons[name]}"))
        else:
            parts.append(table(tables[name], caption))
    return Section("phases", "Phases", finding, tuple(parts), phases.parameters)
