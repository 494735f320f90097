"""Scans of one series: on the same detector, each once, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dask.base import is_dask_collection

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.scales import contradiction
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.plain_text import plain_text

#: Where metadata tell the energy of the beam.
_ENERGY = "Acquisition_instrument.TEM.beam_energy"

#: Steps after which the search for shared memory is given up.
_MAX_WORK = 10_000


def check_scans(signals: Any) -> list[BaseSignal]:
    """Return scans as a list, or raise if they are not of one detector.

    Raises
    ------
    TypeError
        If this is no sequence of signals.
    ValueError
        If it is empty, positions are there twice, detectors differ in shape, units,
        scale or offset, beams in energy, or the scans in units.
    """
    if isinstance(signals, (BaseSignal, str)) or not isinstance(signals, Sequence):
        raise TypeError(
            f"signals must be a list of signals, such as [s1, s2], not {signals!r:.60} "
            f"of type {type(signals).__name__}."
        )
    scans = list(signals)
    if not scans:
        raise ValueError("signals is empty: give at least one scan.")
    for i, scan in enumerate(scans):
        _check_scan(scan, i)
        _check_detector(scan, scans[0], i)
        _check_alike(scan, scans[0], i)
        for j in range(i):
            if scan is scans[j] or _overlap(scan.data, scans[j].data):
                raise ValueError(
                    f"Scans {j} and {i} share data: give each scan once, and parts of "
                    "one that do not overlap."
                )
    return scans


def scan_names(signals: list[BaseSignal], names: Any = None) -> list[str]:
    """Return a name for each scan: those given, their titles, or numbers.

    Raises
    ------
    ValueError
        If there are more or fewer names, or two the same.
    """
    if names is None:
        titles = [s.metadata.get_item("General.title", "") for s in signals]
        found = [plain_text(title or "") for title in titles]
        different = len(set(found)) == len(found) and all(found)
        return found if different else [f"scan {i}" for i in range(len(signals))]
    given = [names] if isinstance(names, str) else [plain_text(name) for name in names]
    if len(given) != len(signals) or len(set(given)) != len(given):
        raise ValueError(
            f"names must be {len(signals)} different ones, one for each scan, not "
            f"{names!r:.100}."
        )
    return given


def _overlap(data: Any, other: Any) -> bool:
    """Return whether two arrays hold the same values in memory, or are read as one."""
    if is_dask_collection(data) or is_dask_collection(other):
        same = getattr(data, "name", None) == getattr(other, "name", "")
        return data is other or same
    try:
        return bool(np.shares_memory(data, other, _MAX_WORK))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return False


def _check_scan(scan: Any, i: int) -> None:
    try:
        check_signal(scan)
    except (TypeError, ValueError) as error:
        raise type(error)(f"Scan {i}: {error}") from error


def _check_detector(scan: BaseSignal, first: BaseSignal, i: int) -> None:
    """Raise a ValueError if a scan was taken on another detector than the first."""
    pattern, expected = shapes(scan)[1], shapes(first)[1]
    if pattern != expected:
        raise ValueError(
            f"Scan {i} has patterns of shape {pattern}, scan 0 of {expected}: a series "
            "is of one detector. Crop or rebin them alike."
        )
    for axis, own in zip(
        scan.axes_manager.signal_axes, first.axes_manager.signal_axes, strict=True
    ):
        reason = contradiction(axis, own)
        if reason:
            raise ValueError(
                f"Scan {i} is calibrated otherwise than scan 0: {reason}. A series is "
                "of one detector and camera length; if it is, calibrate them alike."
            )


def _check_alike(scan: BaseSignal, first: BaseSignal, i: int) -> None:
    """Raise a ValueError if beams are of different energy, or scans in other units."""
    energies = [s.metadata.get_item(_ENERGY) for s in (scan, first)]
    if None not in energies and not np.isclose(energies[0], energies[1], rtol=1e-3):
        raise ValueError(
            f"Scan {i} is of {energies[0]:g} keV, scan 0 of {energies[1]:g} keV: the "
            "patterns of a phase differ. Decompose them apart, or, if metadata are "
            f"wrong, mend metadata.{_ENERGY}."
        )
    units = [
        tuple(str(axis.units) for axis in s.axes_manager.navigation_axes)
        for s in (scan, first)
    ]
    if len(units[0]) == len(units[1]) and units[0] != units[1]:
        raise ValueError(
            f"Scan {i} has axes in {units[0]}, scan 0 in {units[1]}: densities and "
            "diameters would not compare. Convert them, as by s.axes_manager."
            "convert_units('navigation', 'nm')."
        )
