"""What a clustering is judged by: groups, distances, diameters and rotations."""

import numpy as np

from benchmarks.clustering.truth import majority, turn_errors
from benchmarks.likeness import correlations
from hspy_cnmf.data._metallic_glass import FAMILIES

#: Full width at half maximum of the probe of `metallic_glass`, and of the default
#: smoothing of maps in its steps, in nm.
PROBE, SMOOTHING = 2.0, 1.43 * 1.5

#: What blurs maps, by kind of decomposition.
_SMOOTHED = np.hypot(PROBE, SMOOTHING)
BLUR = {"primitive": PROBE, "constrained": _SMOOTHED, "pruned": _SMOOTHED}


def score_groups(case, clusters):
    """Return how well the groups are the true families.

    Parameters
    ----------
    case : Case
        What was clustered.
    clusters : DiffractionClusters
        Cut as proposed.

    Returns
    -------
    dict of str to number
        Adjusted Rand indices as proposed, and when cut into the true number of groups.
    """
    proposed = case.agreement(clusters.labels.data)
    known = case.agreement(clusters.dendrogram.cut(case.n_families))
    return {
        "groups": clusters.n_clusters,
        "families": case.n_families,
        "wARI": proposed[0],
        "ARI": proposed[1],
        "wARI of crystals": proposed[2],
        "wARI, n known": known[0],
        "ARI, n known": known[1],
        "of crystals, n known": known[2],
        "gap": clusters.parameters["cut"].split(", ", 1)[-1],
    }


def score_amorphous(case, clusters):
    """Return how many groups are amorphous, and whether the largest is the matrix."""
    families = majority(case.families, clusters.labels.data, case.weights)
    maps = clusters.loadings.data.reshape(len(families), -1)
    amorphous = np.flatnonzero(families == 0)
    matrix = case.truth.loadings.data[:1].reshape(1, -1)
    alike = correlations(maps[amorphous], matrix)
    rings = clusters.lattice_distances()["group"]
    return {
        "amorphous groups": len(amorphous),
        "correlation with the matrix": max(alike.ravel(), default=np.nan),
        "its rings of spots": int(np.isin(rings, amorphous).sum()),
    }


def score_distances(case, clusters):
    """Return errors in per cent of the lattice distances of the groups of crystals.

    Worst of the groups: of the first pair of spots, which should be the strongest
    ring, and of the second. Infinite where a group has no such ring.
    """
    families = majority(case.families, clusters.labels.data, case.weights)
    table = clusters.lattice_distances()
    errors = np.zeros((len(families), 2))
    for group in np.flatnonzero(families):
        found = table[table["group"] == group]["lattice_distance"][:2]
        errors[group] = np.inf
        errors[group, : len(found)] = (
            found / FAMILIES[families[group] - 1][: len(found)]
        )
    errors[families > 0] = 100 * abs(errors[families > 0] - 1)
    strong, weak = errors.max(axis=0)
    return {"strong spots / %": strong, "weak spots / %": weak}


def score_diameters(case, clusters, blur):
    """Return errors in per cent of the mean diameters, of the worst family.

    Parameters
    ----------
    case, clusters : Case, DiffractionClusters
        What was clustered and found.
    blur : float
        Full width at half maximum of what blurred the maps, in nm.
    """
    families = majority(case.families, clusters.labels.data, case.weights)
    particles = clusters.particle_diameters()
    whole = particles[~particles["touches_edge"]]
    n_crystals = np.count_nonzero(families[whole["group"]])
    scores = {"whole particles": n_crystals}
    for name, width in (("blur ignored", 0.0), ("blur known", blur)):
        means = clusters.mean_particle_diameters(width)
        of_rows = families[means["group"]]
        errors = [np.nan]
        for family in np.unique(families[families > 0]):
            rows = means[of_rows == family]
            if len(rows):
                found = np.average(rows["diameter"], weights=rows["n_particles"])
                true = case.truth.diameters[case.truth.families == family].mean()
                errors.append(100 * (found / true - 1))
        scores[f"diameter, {name} / %"] = max(errors[1:], key=abs, default=np.nan)
    return scores


def score_rotations(case, clusters, pure=0.9):
    """Return errors in degrees of the members' rotations in their groups.

    `pure` is the least part of one crystal in what all crystals explain of a member's
    map, and of that of the member that it is turned onto: the orientation of a
    component of several crystals of a family is not one angle.
    """
    errors, purity = turn_errors(case, clusters, case.largest)
    of_mean, _ = turn_errors(case, clusters, case.mean)
    turned = np.isfinite(errors)
    is_pure = turned & (purity >= pure)
    return {
        "turned": int(turned.sum()),
        "largest crystal / °": _median(errors[turned]),
        "worst": errors[turned].max(initial=0),
        "mean of crystals / °": _median(of_mean[turned]),
        "worst of mean": of_mean[turned].max(initial=0),
        "pure": int(is_pure.sum()),
        "these / °": _median(errors[is_pure]),
    }


def _median(values):
    return float(np.median(values)) if len(values) else np.nan
