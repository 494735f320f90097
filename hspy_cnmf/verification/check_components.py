"""Maps of components against virtual dark-field images of their own spots."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy import store
from hspy_cnmf._hyperspy.bridge import wants_progressbar
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D, PolarDiffraction2D
from hspy_cnmf._hyperspy.wrap import maps_like
from hspy_cnmf.arguments import real_number
from hspy_cnmf.clustering.clusters import DiffractionClusters
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.clustering.measures import spots_on_detector
from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.patterns.geometry import PolarGeometry
from hspy_cnmf.tables import Table
from hspy_cnmf.verification.apertures import (
    Detector,
    Unmixing,
    all_apertures,
    own_spots,
    virtual_images,
)
from hspy_cnmf.verification.component_check import ComponentCheck
from hspy_cnmf.verification.decomposed import read_model
from hspy_cnmf.verification.judgement import (
    correlations,
    judge,
    possible_correlations,
    variances,
)
from hspy_cnmf.verification.model import FittedModel, require_components
from hspy_cnmf.verification.poisson_check import noise_per_count
from hspy_cnmf.verification.reading import as_maps


def check_components(
    signal: BaseSignal,
    *,
    clusters: DiffractionClusters | None = None,
    center: tuple[float, float] | None = None,
    threshold: float = 5.0,
    min_correlation: float = 0.9,
    max_memory: int | str | None = None,
    show_progressbar: bool | None = None,
) -> ComponentCheck:
    r"""Compare maps with virtual dark-field images from the components' own spots.

    This is what ``s.check_components()`` calls.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Decomposed diffraction patterns. Lazy data are read once, at once, and a few
        patterns twice.
    clusters : DiffractionClusters, optional
        Check groups instead: the sum of the images of a group's members against the
        sum of their maps. Spots that members share are a group's own.
    center : tuple of float, optional
        Row and column of the patterns' centre in pixels. Default: as calibrated.
    threshold : float, default 5
        Spots are at least this many times above the noise of the factor.
    min_correlation : float, default 0.9
        Smallest correlation of image and map, over what noise lets it be. What is less
        by two standard errors, as there are positions, is to be looked at again.
    max_memory : int or str, optional
        What chunks of a lazy signal may take while they are read, in bytes or as
        "2 GB". Default: three quarters of what is free.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.

    Returns
    -------
    ComponentCheck
        Columns of its table: ``component`` or ``group``; ``n_spots``, and
        ``n_own_spots`` that no other has in the same place; ``correlation`` of image
        and map over positions, and ``possible_correlation`` of an exact map, as noise
        of the counts in the image, or of counts times a number, is not in the map;
        ``agreement`` between restarts, the smallest of a group, NaN where not known;
        ``look_again`` and the ``reason``, empty where there is none.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    TypeError, ValueError
        If these are no diffraction patterns, or arguments do not make sense.

    Notes
    -----
    Apertures have a radius of two standard deviations of the spot. Their pixels have
    the weights that see the component, and as little of the others as noise lets
    (`hspy_cnmf.verification.apertures.Unmixing`), so that what reaches in from others'
    spots does not count. The mean of their rings beside the spots of all components is
    taken off, so that what is the same along a ring does not count, either. Spots that
    lie on those of another component, which vary over the scan by more than 0.3 times
    as much, are left out, if there are others; if there are none, the image says
    nothing of the map. A component without spots is seen by all pixels beside spots.

    All images are one product with the data. (pyxem's ``get_virtual_image`` reads the
    data once for each aperture.)
    """
    _check_kinds(signal, clusters)
    threshold = real_number("threshold", threshold, exclusive=True)
    min_correlation = real_number("min_correlation", min_correlation, 0, 1)
    model = read_model(signal)
    require_components(model)
    components = _components_of(signal)
    labels = _labels(signal, clusters, len(components.indices))
    chosen = np.flatnonzero(labels >= 0)
    members = labels[chosen] == np.arange(labels.max() + 1)[:, np.newaxis]
    spots, detector = _spots(components, model, center, threshold)
    spots = [spots[k] for k in chosen]
    maps = model.loadings[chosen]
    own = own_spots(spots, labels[chosen], np.sqrt(variances(maps)))
    data = decomposed_data(signal)
    per_count = noise_per_count(data, model)
    unmixing = Unmixing(
        model.factors.astype(float),
        np.sqrt(variances(model.loadings)),
        per_count * (model.mean_loadings @ model.factors),
    )
    apertures = all_apertures(detector, unmixing, chosen, spots, own)
    shown = wants_progressbar(show_progressbar)
    images, noise = virtual_images(
        data, model, apertures, chosen, members, max_memory, shown
    )
    maps = _sums(maps, members)
    table = judge(
        "component" if clusters is None else "group",
        members @ np.array([len(s) for s in spots]),
        members @ np.array([mine.sum() for mine in own]),
        correlations(images, maps),
        possible_correlations(images, noise * per_count),
        _agreement(signal, chosen, members),
        min_correlation,
        maps.shape[1],
    )
    parameters = {
        "threshold": threshold,
        "min_correlation": min_correlation,
        "clusters": clusters is not None,
        "n_components": len(labels),
        "hspy_cnmf": version("hspy-cnmf"),
    }
    images, maps = _wrap(signal, model, images, maps, table)
    return ComponentCheck(images, maps, table, parameters)


def _check_kinds(signal: Any, clusters: Any) -> None:
    if not isinstance(signal, (Diffraction2D, PolarDiffraction2D)):
        raise TypeError(
            f"Only diffraction patterns have spots to check by, not {signal!r}: "
            'use s.set_signal_type("electron_diffraction") first.'
        )
    if not isinstance(clusters, (DiffractionClusters, type(None))):
        raise TypeError(
            f"clusters={clusters!r} must be what s.cluster_diffraction() or "
            "hspy_cnmf.get_clusters(s) returns, or None to check each component."
        )


def _labels(
    signal: BaseSignal, clusters: DiffractionClusters | None, n_components: int
) -> np.ndarray:
    """Return the group of each component, -1 of those that take no part."""
    labels = np.full(n_components, -1)
    if clusters is None:
        found = store.found_components(signal)  # empty ones are the last
        labels[found] = np.arange(len(found))
        return labels
    clustered = clusters.components.indices
    if max(clustered) >= n_components:
        raise ValueError(
            f"These clusters are of other components: the signal has {n_components}, "
            f"but component {max(clustered)} was clustered."
        )
    labels[clustered] = np.asarray(clusters.labels.data)
    return labels


def _components_of(signal: BaseSignal) -> Components:
    factors, loadings = store.component_signals(signal)
    indices = np.arange(factors.axes_manager.navigation_size)
    return Components(factors, loadings, indices)


def _spots(
    components: Components,
    model: FittedModel,
    center: tuple[float, float] | None,
    threshold: float,
) -> tuple[list[np.ndarray], Detector]:
    """Return the spots of each factor, and the pixels that take part."""
    geometry = components.geometry(center)
    limits, radii = components.radii(geometry, None), geometry.pixel_radii
    found = spots_on_detector(geometry, components.patterns, limits, threshold)
    places = np.moveaxis(np.indices(radii.shape).astype(float), 0, -1)
    if isinstance(geometry, PolarGeometry):
        azimuth = np.deg2rad(places[..., 1] * 360 / radii.shape[1])
        ends = np.stack([-np.sin(azimuth), np.cos(azimuth)], axis=-1)
        _, middle = geometry.on_detector(components.patterns[0])
        places = middle + radii[..., np.newaxis] * ends
    keep = model.keep_pixels
    return found, Detector(places[keep], Rings.from_radii(radii[keep]))


def _sums(maps: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return the sum of the maps of each group; the same array where all are alone."""
    alone = np.array_equal(members, np.eye(len(maps)))
    return maps if alone else members.astype(maps.dtype) @ maps


def _agreement(
    signal: BaseSignal, chosen: np.ndarray, members: np.ndarray
) -> np.ndarray:
    """Return the agreement between restarts, NaN where not known."""
    try:
        agreement = getattr(get_result(signal), "median_agreement", None)
    except RuntimeError:
        agreement = None
    if agreement is None:
        return np.full(len(members), np.nan)
    return np.where(members, np.asarray(agreement, float)[chosen], np.inf).min(axis=1)


def _wrap(
    signal: BaseSignal,
    model: FittedModel,
    images: np.ndarray,
    maps: np.ndarray,
    table: Table,
) -> list[BaseSignal]:
    name = table.names[0]
    wrapped = []
    for values, title in ((images, "Virtual dark-field images"), (maps, "Maps")):
        stack = as_maps(values.astype(np.float32, copy=False), model.keep_positions)
        wrapped.append(maps_like(signal, stack, name, title))
    if len(model.keep_positions.shape) == 2:
        wrapped[0].set_signal_type("virtual_dark_field")
    return wrapped
