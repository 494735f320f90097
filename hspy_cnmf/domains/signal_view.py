"""What of a signal's patterns is mapped, and what was mapped as signals."""

from __future__ import annotations

import numpy as np

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.calibration import (
    calibrated_center,
    pattern_center,
    ring_distortion,
)
from hspy_cnmf._hyperspy.negative import remedy_of_part, without_negative
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import (
    counting_axis,
    list_of,
    map_like,
    patterns_like,
    vectors_like,
    wrap,
)
from hspy_cnmf.domains.factors import confident_members, mean_patterns, places_on
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.trained import Mapped
from hspy_cnmf.domains.view import View


def view_of(signal: BaseSignal, keep_pixels: np.ndarray, settings: Settings) -> View:
    """Return what of a signal's patterns is seen."""
    calibration = calibration_of(signal)
    center = _center(signal, keep_pixels, settings.rotation_invariant)
    return View.of(keep_pixels, *calibration, center, settings)


def treated(
    signal: BaseSignal,
    negative: str,
    keep_positions: np.ndarray,
    keep_pixels: np.ndarray,
    max_memory: int | str | None,
) -> BaseSignal:
    """Return a signal without negative values, judged by those that take part."""
    remedy = remedy_of_part(
        negative,
        aligned_data(signal),
        keep_positions,
        keep_pixels,
        max_memory=max_memory,
    )
    return without_negative(signal, negative, remedy)


def calibration_of(signal: BaseSignal) -> tuple[tuple, tuple]:
    """Return scales and units of the rows and the columns of a pattern."""
    axes = signal.axes_manager.signal_axes[::-1]
    if not all(axis.is_uniform for axis in axes):
        raise ValueError(
            "Domains are mapped from patterns with even steps: use "
            "s.axes_manager[...].convert_to_uniform_axis() first."
        )
    if not all(np.isfinite(axis.scale) and axis.scale for axis in axes):
        raise ValueError(
            f"The scales of the signal axes are {[axis.scale for axis in axes]}: they "
            "must be the width of a pixel, not zero. Set s.calibration.scale."
        )
    scales = tuple(float(axis.scale) for axis in axes)
    return scales, tuple(str(axis.units) for axis in axes)


def _center(
    signal: BaseSignal, keep_pixels: np.ndarray, is_exact: bool
) -> tuple[float, float]:
    """Return the row and column of the centre: calibrated, or of the detector.

    Where it has to be exact and is not calibrated it is found from the mean pattern.
    """
    center = calibrated_center(signal, keep_pixels.shape)
    if center is None and not is_exact:
        n_rows, n_columns = keep_pixels.shape
        center = (n_rows - 1) / 2, (n_columns - 1) / 2
    elif center is None:
        mean = signal.nanmean(axis=signal.axes_manager.navigation_axes)
        pattern = np.where(keep_pixels, np.asarray(mean.data, float), np.nan)
        center = pattern_center(signal, pattern)
    row, column = center
    return row, column


def signals_of(
    signal: BaseSignal,
    keep: np.ndarray,
    patterns: np.ndarray,
    mapped: Mapped,
    plane: dict,
    max_memory: int | str | None,
) -> dict[str, BaseSignal]:
    """Return the signals of a `DomainMap` but for its consistency, by their names."""
    trained, latent, probabilities, agreement = mapped
    labels = probabilities.argmax(axis=1).astype(np.int16)
    confidence = probabilities.max(axis=1).astype(np.float32)
    members, turns = confident_members(probabilities), trained.turns(patterns, labels)
    data, given = aligned_data(signal), (ring_distortion(signal), max_memory)
    means = mean_patterns(data, keep, trained.view, members, turns, *given)
    decoded = trained.decode(places_on(plane, latent))
    model = np.frombuffer(trained.to_bytes(), np.uint8)
    return {
        "labels": map_like(signal, keep, labels, "Domains", fill=-1),
        "confidence": map_like(signal, keep, confidence, "Confidence"),
        "probabilities": vectors_like(
            signal, keep, probabilities, "domain", "Probabilities"
        ),
        "agreement": map_like(signal, keep, agreement.astype(np.float32), "Agreement"),
        "latent": vectors_like(signal, keep, latent, "coordinate", "Latent space"),
        "factors": patterns_like(signal, means, "domain", "Factors of domains"),
        "decoded": _images(decoded, "Decoded patterns"),
        "model": list_of(model, "byte", "Trained model"),
    }


def _images(images: np.ndarray, title: str) -> BaseSignal:
    """Return images on a grid of the latent space, (n | x, y)."""
    places, rows, columns = images.shape
    axes = [counting_axis("place", places, navigate=True)]
    axes += [counting_axis("y", rows), counting_axis("x", columns)]
    return wrap(images.astype(np.float32), title, axes)
