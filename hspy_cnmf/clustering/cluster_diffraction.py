"""Clustering of diffraction patterns that are the same crystal, turned."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.clustering.settings import ClusterSettings
from hspy_cnmf.messages import warn_once
from hspy_cnmf.patterns.agglomeration import linkage_of_distances, merge_linkage
from hspy_cnmf.patterns.grouping import align_members, group_means
from hspy_cnmf.progress import one_bar
from hspy_cnmf.signals import Dendrogram

_logger = logging.getLogger(__name__)


def cluster_diffraction(
    factors: Any,
    loadings: Any = None,
    n_clusters: int | None = None,
    distance_threshold: float | None = None,
    linkage: str = "merge",
    components: Any = None,
    center: tuple[float, float] | None = None,
    radial_range: tuple[float, float] | None = None,
    n_azimuth: int = 360,
    mirror: bool = False,
    *,
    similarity: str = "diffraction",
    noise_threshold: float = 5.0,
    background_weight: float = 0.15,
    print_info: bool = True,
    show_progressbar: bool | None = None,
) -> DiffractionClusters:
    r"""Group diffraction patterns that are the same crystal, turned in the plane.

    Factorisation finds the same crystal as several components where it is turned. On a
    decomposed signal, ``s.cluster_diffraction(...)`` groups its factors with these
    arguments and keeps the result in the signal.

    Parameters
    ----------
    factors : pyxem.signals.Diffraction2D, PolarDiffraction2D or numpy.ndarray
        Stack of patterns, (component | kx, ky); arrays have shape (n, rows, columns).
        NaN pixels are masked and take no part.
    loadings : hyperspy.signal.BaseSignal or numpy.ndarray, optional
        Map of each pattern, (component | x, y), in any number of dimensions. Without,
        patterns have the same weight, and there are no maps in the result.
    n_clusters : int, optional
        Cut the dendrogram into so many groups.
    distance_threshold : float, optional
        Cut it at this pseudo-distance: one minus the mean similarity of the patterns
        of one group to those of the other, over what noise leaves of it (with SciPy's
        linkages, one minus similarity). With neither, it is cut
        below 0.5 where groups are the clearest: members near one another, and far from
        those of others, by the mean silhouette [3]_ (with SciPy's linkages and
        other similarities in the widest gap between two pseudo-distances up to 0.5);
        the result tells where.
    linkage : {"merge", "average", "complete", "single"}, default "merge"
        "merge": the two most similar patterns are replaced by their mean, turned onto
        one another, and compared with all others again [1]_. Those that are told apart
        have a pseudo-distance of at least 0.5: lattices whose spacings differ by more
        than 2 % and three times the error, and patterns of which one lacks spots that
        the other has on both sides of the centre, in two directions, with a twentieth
        of the amplitude of its brightest or more. The others are SciPy's, of
        pseudo-distances computed once [2]_.
    components : int or sequence of int, optional
        How many components take part, or which, counted from 0. Default: all
        that are not empty.
    center : tuple of float, optional
        Row and column of the patterns' centre in pixels. Default: from the
        calibration of the factors, or estimated where that has it off the detector.
    radial_range : tuple of float, optional
        Smallest and largest radius that take part, in units of the signal axes.
        Default: from the end of the direct beam, if it is not masked.
    n_azimuth : int, default 360
        Azimuths over 360 degrees, 8 to 7200. Rotations are found between them.
    mirror : bool, default False
        Compare the mirrored patterns too, as of a crystal seen from its other side.
    similarity : str, default "diffraction"
        "diffraction": as in the notes. For comparison: "cross-correlation", the
        same without any treatment of background and noise, as published [2]_;
        "cosine" and "euclidean" (one minus the distance of two patterns over the
        largest of all), which do not turn patterns and do not go with "merge".
    noise_threshold : float, default 5
        Deviations from the ring below this multiple of the noise do not count.
    background_weight : float, default 0.15
        Weight of the rings in the similarity, which only decides between patterns
        without spots; 1 as in the pattern.
    print_info : bool, default True
        Print what was found.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.

    Returns
    -------
    DiffractionClusters

    Raises
    ------
    ValueError, TypeError, IndexError
        If arguments or patterns do not make sense; nothing is changed.

    Notes
    -----
    Patterns are resampled to radius and azimuth. In each ring, the mean of the ring is
    taken off, what does not stand out of the noise is dropped, and a small part of the
    mean is added again (`PolarPatterns.structure`). Cube roots let faint spots count
    beside the two brightest, which many crystals have in common. The similarity of two
    patterns is the largest of their normalised cross-correlations :math:`\star` along
    the azimuth,

    .. math:: \max_\delta \, (w'_1 \star w'_2)(r = 0, \delta),

    in [-1, 1], and the rotation where it is reached [2]_. The treatment is needed as
    rings are the same whichever way a pattern is turned, and noise never is. Heights of
    the tree are one minus means of it over pairs, each over the root of the product of
    both patterns' similarities to themselves, measured again with as much noise.

    References
    ----------
    .. [1] K. Kimoto et al., Sci. Rep. 14, 2901 (2024),
       doi 10.1038/s41598-024-53289-5.
    .. [2] K. Kimoto et al., Sci. Rep. (2025), doi 10.1038/s41598-025-23541-7,
       Eqs. 10 and 11.
    .. [3] P. J. Rousseeuw, J. Comput. Appl. Math. 20, 53 (1987); see
       `hspy_cnmf.patterns.clearest_cut`.
    """
    settings = ClusterSettings(
        n_clusters=n_clusters,
        distance_threshold=distance_threshold,
        linkage=linkage,
        n_azimuth=n_azimuth,
        mirror=mirror,
        similarity=similarity,
        noise_threshold=noise_threshold,
        background_weight=background_weight,
    )
    given = Components.from_stacks(factors, loadings, components)
    settings.check_count(len(given.indices))
    n_steps = len(given.indices) + 2
    shown = bridge.wants_progressbar(show_progressbar)
    with one_bar("Clustering", 1, shown) as bar, bar.task("", n_steps) as advance:
        clusters = _cluster(given, settings, center, radial_range, advance)
    if print_info:
        print(clusters.summary())
    return clusters


def _cluster(
    given: Components,
    settings: ClusterSettings,
    center: Any,
    radial_range: Any,
    progress: Callable[..., Any],
) -> DiffractionClusters:
    """Cluster components, once all arguments but the geometry's are checked."""
    geometry = given.geometry(center)
    radii = given.radii(geometry, radial_range)
    polar = geometry.polar(given.patterns, settings.n_azimuth, radii)
    if not polar.known.any():
        raise ValueError(
            f"radial_range={radial_range!r} leaves no ring of which a quarter is known."
        )
    _warn_of_constant(given.indices[~polar.varies], given.subject)
    progress()
    pairs = settings.compare(given.patterns, polar)
    progress()
    distances = None
    if settings.linkage == "merge":
        linkage, distances = merge_linkage(
            polar,
            pairs.similarity,
            given.weights,
            settings.treatment,
            progress,
            settings.reliability(geometry, radii),
        )
    else:
        linkage = linkage_of_distances(pairs.similarity, settings.linkage)
        progress(len(linkage))
    cut, reason = settings.cut(linkage, distances)
    labels = Dendrogram.from_linkage(linkage).cut(**cut)
    turns = align_members(polar, labels, given.weights, settings.treatment)
    means = group_means(given.patterns, geometry, labels, given.weights, *turns)
    center = getattr(geometry, "center", None)
    parameters = asdict(settings) | {
        "cut": reason,
        "center": None if center is None else list(center),
        "radii": [float(radius) for radius in radii],
        "components": given.indices.tolist(),
        "hspy_cnmf": version("hspy-cnmf"),
    }
    clusters = DiffractionClusters.from_clustering(
        given, pairs, linkage, cut, turns, means, parameters
    )
    progress()
    return clusters


def _warn_of_constant(indices: np.ndarray, subject: object) -> None:
    if len(indices):
        warn_once(
            _logger,
            subject,
            f"Components {', '.join(map(str, indices))} are constant, without any "
            "structure to compare: each is a group of its own. Leave them out with "
            "components=...",
        )
