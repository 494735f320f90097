"""The pipeline behind ``python -m hspy_cnmf``: open, factorise, cluster, measure."""

import hyperspy.api as hs
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf import data
from hspy_cnmf.decomposition import decompose
from hspy_cnmf.inspection import check_signal
from hspy_cnmf.masks import structure_mask

#: The embedded data sets and how many components each holds.
DATA_SETS = {"four_phases": 4, "metallic_glass": 21, "twinned_silver": 6}

#: The one that is quickly done.
DEFAULT_DATA_SET = "four_phases"

#: What is measured in a clustering, by methods of these names.
TABLES = ("lattice_distances", "particle_diameters", "mean_particle_diameters")


class InputError(ValueError):
    """What the user gave cannot be analysed; the message says why."""


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
        mask = "direct beam and corners are masked" if mask_structure else "no mask"
        return f"Diffraction patterns: factors are constrained on rings; {mask}."
    if signal.axes_manager.signal_dimension == 1:
        return "Spectra: no constraint on factors; no mask."
    return (
        "Plain images: no constraint on factors; no mask. If these are diffraction "
        "patterns, add --signal-type electron_diffraction."
    )


def analyse(signal, mask_structure, **arguments):
    """Decompose a signal, diffraction patterns without beam and corners.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        The results go to its ``learning_results``.
    mask_structure : bool
        Use `structure_mask` on diffraction patterns.
    **arguments
        For `hspy_cnmf.decompose`.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        If the signal or an argument does not make sense.
    """
    try:
        check_signal(signal)
        mask = None
        if mask_structure and isinstance(signal, Diffraction2D):
            mask = structure_mask(signal)
        return decompose(
            signal, signal_mask=mask, print_info=False, return_info=True, **arguments
        )
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def reason_not_to_cluster(signal, n_components):
    """Return why the components of a signal of this kind are not grouped, or None.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Not yet decomposed.
    n_components : int
        How many components it will have.

    Returns
    -------
    str or None
    """
    if not isinstance(signal, (Diffraction2D, PolarDiffraction2D)):
        reason = "only diffraction patterns are compared whichever way they are turned"
        if signal.axes_manager.signal_dimension == 2:
            reason += " (add --signal-type electron_diffraction if these are some)"
        return reason
    return "there is only one" if n_components == 1 else None


def cluster(signal, **arguments):
    """Group the components of decomposed diffraction patterns.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        The result is kept in it.
    **arguments
        For its method ``cluster_diffraction``.

    Returns
    -------
    DiffractionClusters

    Raises
    ------
    InputError
        If these patterns cannot be compared.
    """
    try:
        return signal.cluster_diffraction(
            print_info=False, show_progressbar=True, **arguments
        )
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def measure(clusters, blur):
    """Measure lattice distances and particles where that is possible.

    Parameters
    ----------
    clusters : DiffractionClusters
        Groups to measure.
    blur : float
        Full width at half maximum of what blurred the maps, in the units of the scan.

    Returns
    -------
    tables : dict of str to Table
        Those of `TABLES` that can be measured, by name.
    reasons : dict of str to str
        Why the others cannot.
    """
    arguments = {"particle_diameters": (blur,), "mean_particle_diameters": (blur,)}
    tables, reasons = {}, {}
    for name in TABLES:
        try:
            tables[name] = getattr(clusters, name)(*arguments.get(name, ()))
        except ValueError as error:
            reasons[name] = str(error)
    return tables, reasons
