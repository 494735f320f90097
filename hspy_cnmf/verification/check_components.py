"""Maps of components against virtual dark-field images of their own spots."""

from importlib.metadata import version

import numpy as np
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf._hyperspy import bridge, store
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.wrap import maps_like
from hspy_cnmf.clustering.inputs import Components
from hspy_cnmf.constraints.rings import Rings
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.patterns.geometry import PolarGeometry
from hspy_cnmf.patterns.spots import find_spots
from hspy_cnmf.tables import Table
from hspy_cnmf.verification.apertures import Detector, covered_by, own_spots
from hspy_cnmf.verification.component_check import ComponentCheck
from hspy_cnmf.verification.model import FittedModel

#: Fewer spots may be noise.
_FEW_SPOTS = 3

#: Images in which noise lets no map reach this correlation decide nothing.
_LEAST_POSSIBLE = 0.3


def check_components(
    signal, *, clusters=None, center=None, threshold=5.0, min_correlation=0.9
):
    r"""Compare maps with virtual dark-field images from the components' own spots.

    This is what ``s.check_components()`` calls.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Decomposed diffraction patterns. Lazy data are read once, at once.
    clusters : DiffractionClusters, optional
        Check groups instead: the sum of the images of a group's members against the
        sum of their maps. Spots that members share are a group's own.
    center : tuple of float, optional
        Row and column of the patterns' centre in pixels. Default: as calibrated.
    threshold : float, default 5
        Spots are at least this many times above the noise of the factor.
    min_correlation : float, default 0.9
        Smallest correlation of image and map, over what noise lets it be.

    Returns
    -------
    ComponentCheck
        Columns of its table: ``component`` or ``group``; ``n_spots``, and
        ``n_own_spots`` that no other has in the same place; ``correlation`` of image
        and map over positions, and ``possible_correlation`` of an exact map, as noise
        of the counts in the image is not in the map; ``agreement`` between restarts,
        the smallest of a group, NaN where not known; ``look_again`` and the
        ``reason``, empty where there is none.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    TypeError, ValueError
        If these are no diffraction patterns, or arguments do not make sense.

    Notes
    -----
    Apertures have a radius of two standard deviations of the spot. The mean of their
    rings beside the spots of all components is taken off, so that what is the same
    along a ring does not count. Spots that lie on those of another component, which
    vary over the scan by more than 0.3 times as much, are left out, if there are
    others; if there are none, the image says nothing of the map. A component without
    spots is seen by the part of the rings where it is strongest.

    All images are one product with the data. (pyxem's ``get_virtual_image`` reads the
    data once for each aperture.)
    """
    _check_arguments(signal, clusters, threshold, min_correlation)
    model = FittedModel.of(signal)
    components = _components_of(signal)
    labels = np.full(len(components.indices), -1)
    if clusters is None:
        found = store.found_components(signal)  # empty ones are the last
        labels[found] = np.arange(len(found))
    else:
        labels[clusters.components.indices] = np.asarray(clusters.labels.data)
    chosen = np.flatnonzero(labels >= 0)
    spots, detector = _spots(components, model, center, threshold)
    spots, labels = [spots[k] for k in chosen], labels[chosen]
    maps = model.loadings[chosen]
    own = own_spots(spots, labels, maps.std(axis=1))
    apertures = _apertures(detector, model.factors, chosen, spots, own)
    images, variance = _images(signal, model, apertures, chosen)
    if clusters is not None:
        members = labels == np.arange(labels.max() + 1)[:, np.newaxis]
        images, variance, maps = (
            members @ values for values in (images, variance, maps)
        )
    else:
        members = np.eye(len(chosen), dtype=bool)
    table = _table(
        "component" if clusters is None else "group",
        members @ np.array([len(s) for s in spots]),
        members @ np.array([mine.sum() for mine in own]),
        _correlations(images, maps),
        np.sqrt(np.clip(1 - variance.mean(1) / _variances(images), 0, 1)),
        _agreement(signal, chosen, members),
        min_correlation,
    )
    parameters = {
        "threshold": float(threshold),
        "min_correlation": float(min_correlation),
        "clusters": clusters is not None,
        "hspy_cnmf": version("hspy-cnmf"),
    }
    return ComponentCheck(
        *_wrapped(signal, model, images, maps, table), table, parameters
    )


def _check_arguments(signal, clusters, threshold, min_correlation):
    if not isinstance(signal, (Diffraction2D, PolarDiffraction2D)):
        raise TypeError(
            f"Only diffraction patterns have spots to check by, not {signal!r}: "
            'use s.set_signal_type("electron_diffraction") first.'
        )
    if not threshold > 0 or not 0 <= min_correlation <= 1:
        raise ValueError(
            f"threshold={threshold!r} must be positive and min_correlation="
            f"{min_correlation!r} between 0 and 1."
        )
    results = signal.learning_results
    if clusters is not None and results.factors is not None:
        n = results.factors.shape[1]
        if max(clusters.components.indices) >= n:
            raise ValueError(
                f"These clusters are of other components: the signal has {n}, but "
                f"component {max(clusters.components.indices)} was clustered."
            )


def _components_of(signal):
    factors, loadings = store.component_signals(signal)
    indices = np.arange(factors.axes_manager.navigation_size)
    return Components(factors, loadings, indices)


def _spots(components, model, center, threshold):
    """Return the spots of each factor, and the pixels that take part."""
    geometry = components.geometry(center)
    low, high = components.radii(geometry, None)
    radii = geometry.pixel_radii
    patterns = np.where((radii < low) | (radii > high), np.nan, components.patterns)
    found = []
    for pattern in patterns:
        pattern, middle = geometry.on_detector(pattern)
        found.append(find_spots(pattern, middle, geometry.affine, threshold=threshold))
    places = np.stack(np.indices(radii.shape), axis=-1).astype(float)
    if isinstance(geometry, PolarGeometry):
        azimuth = np.deg2rad(places[..., 1] * 360 / radii.shape[1])
        ends = np.stack([-np.sin(azimuth), np.cos(azimuth)], axis=-1)
        places = middle + radii[..., np.newaxis] * ends
    keep = model.keep_pixels
    return found, Detector(places[keep], Rings.from_radii(radii[keep]))


def _apertures(detector, factors, chosen, spots, own):
    covered = covered_by(detector, spots)
    apertures = []
    for k, found, mine in zip(chosen, spots, own, strict=True):
        if len(found):
            found = found[mine] if mine.any() else found
            apertures.append(detector.spot_aperture(found, covered))
        else:
            apertures.append(detector.ring_aperture(factors, k, covered))
    return np.stack(apertures)


def _images(signal, model, apertures, chosen):
    """Return virtual images in units of the maps, and their variance from counts."""
    collected = np.einsum("kp,kp->k", apertures, model.factors[chosen])
    scale = np.where(abs(collected) > 0, collected, np.inf)[:, np.newaxis]
    operator = StreamedOperator(
        bridge.aligned_data(signal), model.keep_positions, model.keep_pixels
    )
    images = operator.images(apertures / scale).astype(float)
    # The variance of counts is their mean.
    variance = ((apertures / scale) ** 2 @ model.factors.T) @ model.loadings
    return images, np.maximum(variance, 0)


def _correlations(images, maps):
    images, maps = (v - v.mean(axis=1, keepdims=True) for v in (images, maps))
    size = np.linalg.norm(images, axis=1) * np.linalg.norm(maps, axis=1)
    return np.einsum("ki,ki->k", images, maps) / np.where(size > 0, size, 1)


def _variances(images):
    variance = images.var(axis=1)
    return np.where(variance > 0, variance, np.inf)


def _agreement(signal, chosen, members):
    """Return the agreement between restarts, NaN where not known."""
    try:
        agreement = getattr(get_result(signal), "median_agreement", None)
    except RuntimeError:
        agreement = None
    if agreement is None:
        return np.full(len(members), np.nan)
    return np.where(members, np.asarray(agreement, float)[chosen], np.inf).min(axis=1)


def _table(name, n_spots, n_own, correlation, possible, agreement, min_correlation):
    reasons = [
        "; ".join(_reasons(*values, min_correlation))
        for values in zip(n_spots, n_own, correlation, possible, agreement, strict=True)
    ]
    return Table.of(
        **{name: np.arange(len(reasons))},
        n_spots=n_spots,
        n_own_spots=n_own,
        correlation=correlation,
        possible_correlation=possible,
        agreement=agreement,
        look_again=[bool(reason) for reason in reasons],
        reason=reasons,
    )


def _reasons(n_spots, n_own, correlation, possible, agreement, min_correlation):
    """Yield in words what is doubtful."""
    if possible < _LEAST_POSSIBLE:
        yield (
            "too few counts in its own spots to tell"
            if n_spots
            else ("no spots, and rings that do not vary")
        )
    elif n_spots and not n_own:
        yield "all spots are another's too, so its image shows both"
    elif correlation < min_correlation * possible:
        what = "spots" if n_spots else "rings"
        yield f"its {what} are not where its map is"
    if 0 < n_spots < _FEW_SPOTS:
        yield f"only {n_spots} spot{'s' * (n_spots > 1)}"
    if agreement < 0.9:
        yield "other starts found something else"


def _wrapped(signal, model, images, maps, table):
    name = table.dtype.names[0]
    wrapped = []
    for values, title in ((images, "Virtual dark-field images"), (maps, "Maps")):
        stack = np.full((len(values), *model.keep_positions.shape), np.nan)
        stack[:, model.keep_positions] = values
        wrapped.append(maps_like(signal, stack, name, title))
    if len(model.keep_positions.shape) == 2:
        wrapped[0].set_signal_type("virtual_dark_field")
    return wrapped
