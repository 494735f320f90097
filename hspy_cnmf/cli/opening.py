"""Where ``python -m hspy_cnmf`` takes signals from."""

import hyperspy.api as hs
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf import data
from hspy_cnmf.cli.input_error import InputError

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

_MASK = "direct beam and corners are masked"


def simulate(name, lazy, scan_shape, random_state):
    """Return an embedded data set.

    Parameters
    ----------
    name : str
        One of `DATA_SETS`.
    lazy : bool
        Generate it chunk by chunk.
    scan_shape : tuple of int or None
        Rows and columns of the scan, None for the data set's own.
    random_state : int or None
        Seed.

    Returns
    -------
    pyxem.signals.ElectronDiffraction2D or its lazy counterpart

    Raises
    ------
    InputError
        If the data set cannot have this size or seed.
    """
    shape = {} if scan_shape is None else {"shape": tuple(scan_shape)}
    try:
        return getattr(data, name)(**shape, lazy=lazy, random_state=random_state)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def load(path, lazy, signal_type):
    """Return the one signal in a file that can be decomposed.

    Parameters
    ----------
    path : pathlib.Path
        Anything that `hyperspy.api.load` opens.
    lazy : bool
        Leave the data in the file.
    signal_type : str or None
        Signal type to set, such as "electron_diffraction"; None keeps the file's.

    Returns
    -------
    hyperspy.signal.BaseSignal

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or does not hold exactly one signal
        with navigation and signal axes.
    """
    try:
        signals = hs.load(str(path), lazy=lazy)
    except MemoryError:
        raise
    except Exception as error:  # a reader may raise anything
        message = f"{type(error).__name__}: {error}"
        raise InputError(f"HyperSpy cannot read {path}. {message}") from error
    signals = signals if isinstance(signals, list) else [signals]
    found = [signal for signal in signals if _has_positions(signal)]
    if len(found) != 1:
        listed = "".join(f"\n  {signal!r}" for signal in signals)
        raise InputError(
            f"{path} should hold one signal with navigation axes and signal axes, "
            f"(x, y | kx, ky) or (x, y | E), but holds {len(found)} such:{listed}\n"
            "Open it with hyperspy.api.load, save the one you want (after "
            "s.transpose, if its axes are in the wrong place), and give that file."
        )
    if signal_type is not None:
        found[0].set_signal_type(signal_type)
    return found[0]


def _has_positions(signal):
    manager = signal.axes_manager
    return manager.navigation_dimension > 0 and manager.signal_dimension in (1, 2)


def assumptions(signal, mask_structure):
    """Say in words what `analyse` takes for granted about a signal of this kind."""
    if isinstance(signal, PolarDiffraction2D):
        return "Polar patterns: factors are constrained along the azimuth; no mask."
    if isinstance(signal, Diffraction2D):
        mask = _MASK if mask_structure else "no mask"
        return f"Diffraction patterns: factors are constrained on rings; {mask}."
    if signal.axes_manager.signal_dimension == 1:
        return "Spectra: no constraint on factors; no mask."
    return (
        "Plain images: no constraint on factors; no mask. If these are diffraction "
        "patterns, add --signal-type electron_diffraction."
    )


def assumptions_on_domains(signal, mask_structure):
    """Say what `map_domains` takes for granted, or raise if these are no patterns.

    Raises
    ------
    InputError
        If the signal is not one of diffraction patterns.
    """
    if not isinstance(signal, Diffraction2D):  # as polar patterns are none
        raise InputError(
            "domains are mapped from diffraction patterns that are not polar; if these "
            "are such, add --signal-type electron_diffraction."
        )
    return f"Diffraction patterns of counts; {_MASK if mask_structure else 'no mask'}."
