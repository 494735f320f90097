"""Signals that the command analyses: embedded data sets and measured files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hspy_cnmf import data
from hspy_cnmf._hyperspy.negative import without_negative
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D, PolarDiffraction2D
from hspy_cnmf.cli.files import has_positions, load, words_on_signals
from hspy_cnmf.cli.input_error import InputError, input_errors
from hspy_cnmf.plain_text import plain_text

#: The embedded data sets and how many components each holds.
DATA_SETS = {
    "four_phases": 4,
    "metallic_glass": 21,
    "twinned_silver": 6,
    "layered_domains": 5,
}

#: The one that is quickly factorised, and the one that has domains to be mapped.
DEFAULT_DATA_SET = "four_phases"
DOMAIN_DATA_SET = "layered_domains"

#: Width in pixels (standard deviation) to which patterns are blurred to find the beam.
_BLUR = 2.0

#: Bytes of a title, of which file systems take 255 for a name.
_LONGEST_TITLE = 200

_MASK = "direct beam and corners are masked"
_DIFFRACTION = "add --signal-type electron_diffraction"


def open_signal(options: argparse.Namespace) -> BaseSignal:
    """Return what is to be analysed, with all that the options ask for done to it.

    Parameters
    ----------
    options : argparse.Namespace
        From `hspy_cnmf.cli.arguments.parse`.

    Raises
    ------
    InputError
        If there is no such signal, or it is not of the kind that the options want.
    """
    if options.file is None:
        signal = simulate(options)
    else:
        signal = load(options)
        if options.scan_shape is not None:
            signal = _reshape_scan(signal, tuple(options.scan_shape))
        _require_positions(signal, options.file)
    _shorten_title(signal)
    if options.center:
        signal = _center(signal)
    if signal.data.dtype.kind == "c":  # refused in words later
        return signal
    return without_negative(signal, options.negative)


def _shorten_title(signal: BaseSignal) -> None:
    """Leave of a title what can be the name of a folder, as a .zspy file has it."""
    title = signal.metadata.get_item("General.title", "")
    name = plain_text(title)
    while len(name.encode()) > _LONGEST_TITLE:
        name = f"{name[:-2]}…"
    if not name.strip("."):
        name = ""
    if name != title:
        signal.metadata.set_item("General.title", name)


def simulate(options: argparse.Namespace) -> BaseSignal:
    """Return an embedded data set, generated chunk by chunk if it is to be lazy."""
    shape = {}
    if options.scan_shape is not None:
        shape["shape"] = tuple(options.scan_shape)
    with input_errors():
        make = getattr(data, options.data)
        return make(**shape, lazy=options.lazy, random_state=options.seed)


def _require_positions(signal: BaseSignal, path: Path) -> None:
    if not has_positions(signal):
        raise InputError(
            f"{words_on_signals(path, [signal], [])} If it is a stack of patterns, "
            "or does not tell axes of the scan from those of the detector, add "
            "--scan-shape ROWS COLUMNS."
        )


def _reshape_scan(signal: BaseSignal, shape: tuple[int, int]) -> BaseSignal:
    """Return a stack of patterns as a scan; steps of the scan are not known then.

    Of four axes, those of the scan are the first ones, or the last ones backwards.
    """
    manager = signal.axes_manager
    if manager.navigation_dimension == 0 and manager.signal_dimension == 4:
        signal = _scan_of_four_axes(signal, shape)
    elif manager.navigation_dimension == 0 and manager.signal_dimension == 3:
        signal = signal.transpose(signal_axes=2)
    n_positions = signal.axes_manager.navigation_size
    if n_positions != np.prod(shape):
        raise InputError(
            f"--scan-shape {shape[0]} {shape[1]}: the file holds {n_positions} "
            f"positions, these are {np.prod(shape)}."
        )
    if signal.axes_manager.navigation_shape[::-1] == shape:
        return signal
    kept = [axis.get_axis_dictionary() for axis in signal.axes_manager.signal_axes]
    scan = [
        {"size": size, "name": name, "navigate": True}
        for size, name in zip(shape, "yx", strict=True)
    ]
    pattern = signal.axes_manager.signal_shape[::-1]
    return type(signal)(
        signal.data.reshape(*shape, *pattern),
        axes=[*scan, *kept[::-1]],
        metadata=signal.metadata.as_dictionary(),
        original_metadata=signal.original_metadata.as_dictionary(),
    )


def _scan_of_four_axes(signal: BaseSignal, shape: tuple[int, int]) -> BaseSignal:
    """Return a signal that does not tell which of its axes are those of the scan."""
    found = signal.data.shape
    if found[:2] == shape:
        return signal.transpose(signal_axes=2)
    if found[:1:-1] == shape:  # the first index runs fastest, as EMD of NCEM has it
        # Of the axes (3, 2 | 1, 0), counted as HyperSpy counts signal axes.
        return signal.transpose(signal_axes=(3, 2), navigation_axes=(1, 0))
    raise InputError(
        f"--scan-shape {shape[0]} {shape[1]}: the file holds an array of shape "
        f"{found}, of which these are neither the first two sides nor the last two."
    )


def _center(signal: BaseSignal) -> BaseSignal:
    """Return patterns moved, by whole pixels, so that the direct beam is in the middle.

    Counts stay counts; what comes in from beyond the detector is zero.
    """
    if not isinstance(signal, Diffraction2D):
        raise InputError(f"--center is for diffraction patterns: {_DIFFRACTION}.")
    with input_errors():
        shifts = signal.get_direct_beam_position(method="blur", sigma=_BLUR)
        shifts.data = np.floor(shifts.data)
        moved = signal.center_direct_beam(shifts=shifts, subpixel=False, inplace=False)
        moved.calibration.center = [n // 2 for n in moved.axes_manager.signal_shape]
    return moved


def assumptions(signal: BaseSignal, mask_structure: bool) -> str:
    """Say in words what the factorisation takes for granted about a signal."""
    line = _line(signal)
    if isinstance(signal, PolarDiffraction2D):
        text = "Polar patterns: factors are constrained along the azimuth; no mask."
        return text + line
    if isinstance(signal, Diffraction2D):
        mask = _MASK if mask_structure else "no mask"
        return f"Diffraction patterns: factors are constrained on rings; {mask}.{line}"
    if signal.axes_manager.signal_dimension == 1:
        return "Spectra: no constraint on factors; no mask."
    return (
        "Plain images: no constraint on factors; no mask. If these are diffraction "
        f"patterns, {_DIFFRACTION}.{line}"
    )


def _line(signal: BaseSignal) -> str:
    """Say that patterns are taken for a line, as readers have files that are cut."""
    manager = signal.axes_manager
    if manager.navigation_dimension != 1 or manager.signal_dimension != 2:
        return ""
    return (
        f" The {manager.navigation_size} positions are taken for one line: if they are "
        "rows and columns, add --scan-shape ROWS COLUMNS."
    )


def assumptions_on_domains(signal: BaseSignal, mask_structure: bool) -> str:
    """Say what maps of domains take for granted, or raise if these are no patterns.

    Raises
    ------
    InputError
        If the signal is not one of diffraction patterns.
    """
    if not isinstance(signal, Diffraction2D):  # as polar patterns are none
        raise InputError(
            "domains are mapped from diffraction patterns that are not polar; if these "
            f"are such, {_DIFFRACTION}."
        )
    mask = _MASK if mask_structure else "no mask"
    return f"Diffraction patterns of counts; {mask}.{_line(signal)}"
