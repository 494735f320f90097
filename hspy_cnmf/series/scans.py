"""Scans of one series: on the same detector, each once, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.scales import contradiction
from hspy_cnmf._hyperspy.types import BaseSignal


def check_scans(signals: Any) -> list[BaseSignal]:
    """Return scans as a list, or raise if they are not of one detector.

    Raises
    ------
    TypeError
        If this is no sequence of signals.
    ValueError
        If it is empty, a scan is there twice, or detectors differ in shape, units,
        scale or offset.
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
        for j in range(i):
            if scan is scans[j] or scan.data is scans[j].data:
                raise ValueError(
                    f"Scans {j} and {i} are the same object: give each scan once."
                )
        _check_detector(scan, scans[0], i)
    return scans


def scan_names(signals: list[BaseSignal], names: Any = None) -> list[str]:
    """Return a name for each scan: those given, their titles, or numbers.

    Raises
    ------
    ValueError
        If there are more or fewer names, or two the same.
    """
    if names is None:
        found = [str(s.metadata.get_item("General.title", "") or "") for s in signals]
        different = len(set(found)) == len(found) and all(found)
        return found if different else [f"scan {i}" for i in range(len(signals))]
    given = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(given) != len(signals) or len(set(given)) != len(given):
        raise ValueError(
            f"names must be {len(signals)} different ones, one for each scan, not "
            f"{names!r:.100}."
        )
    return given


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
