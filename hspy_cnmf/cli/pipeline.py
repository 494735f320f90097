"""Steps of ``python -m hspy_cnmf``: scan, factorise, cluster, verify; map domains."""

import inspect

import numpy as np
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.masks import kept_pixels, structure_mask
from hspy_cnmf.cli.input_error import InputError, input_errors
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.decomposition.sketching import make_sketch
from hspy_cnmf.domains.settings import require_torch
from hspy_cnmf.operators.range_finder import automatic_rank
from hspy_cnmf.selection import scan_output_dimension


def signal_mask(signal, mask_structure):
    """Return the mask of direct beam and corners, or None where there is none.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Read once for the mask of diffraction patterns.
    mask_structure : bool
        Use `structure_mask` on diffraction patterns.

    Returns
    -------
    hyperspy.signals.Signal2D or None

    Raises
    ------
    InputError
        If the signal is of a kind that cannot be decomposed, or has no such mask.
    """
    with input_errors():
        check_signal(signal)
        masked = mask_structure and isinstance(signal, Diffraction2D)
        return structure_mask(signal) if masked else None


def suggest(signal, most_components, compression, n_init, max_iter, **arguments):
    """Scan the number of components from 1 on, and sketch the data for it.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        The scan is kept in it.
    most_components : int
        Largest number, if the data have room for it.
    compression : "auto" or int
        Rank of the sketch.
    n_init, max_iter : int
        Starts and iterations of the factorisation to come; the scan has no more.
    **arguments
        For ``scan_output_dimension``, with ``signal_mask`` and ``random_state``.

    Returns
    -------
    scan : OutputDimensionScan
    sketch : Sketch
        For the factorisation, of the same masks and weights.

    Raises
    ------
    InputError
        If the signal or an argument does not make sense.
    """
    defaults = inspect.signature(scan_output_dimension).parameters
    with input_errors():
        most = min(most_components, _room(signal, arguments["signal_mask"]))
        rank = automatic_rank(most) if compression == "auto" else compression
        names = (
            "signal_mask",
            "random_state",
            "normalize_poissonian_noise",
            "max_memory",
        )
        sketch = make_sketch(
            signal,
            rank,
            show_progressbar=True,
            **{name: arguments[name] for name in names},
        )
        scan = signal.scan_output_dimension(
            range(1, most + 1),
            n_init=min(n_init, defaults["n_init"].default),
            max_iter=min(max_iter, defaults["max_iter"].default),
            compression=compression,
            sketch=sketch,
            show_progressbar=True,
            print_info=False,
            **arguments,
        )
    return scan, sketch


def _room(signal, mask):
    """Return the largest number of components that data have room for."""
    used = np.count_nonzero(kept_pixels(signal, mask))
    room = min(signal.axes_manager.navigation_size, used)
    if room < 2:
        raise ValueError(
            f"The data have room for {room} component: there is nothing to scan."
        )
    return room


def analyse(signal, **arguments):
    """Decompose a signal.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        The results go to its ``learning_results``.
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
    with input_errors():
        return decompose(signal, print_info=False, return_info=True, **arguments)


def is_diffraction(signal):
    """Return whether the patterns of a signal have rings and spots, as pyxem's have."""
    return isinstance(signal, (Diffraction2D, PolarDiffraction2D))


def reason_not_to_cluster(signal, n_components):
    """Return why the components of a signal of this kind are not grouped, or None.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
    n_components : int or "auto"
        How many components it has or will have.

    Returns
    -------
    str or None
    """
    if not is_diffraction(signal):
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
    with input_errors():
        return signal.cluster_diffraction(
            print_info=False, show_progressbar=True, **arguments
        )


def find_residual(signal):
    """Find what the components leave unexplained, and return it in words.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal; the residual is kept in it, computed.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the noise of these data is not that of counts.
    """
    with input_errors():
        return signal.get_decomposition_residual().summary()


def check_components(signal):
    """Check maps by virtual dark-field images, and return in words what was found.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D or PolarDiffraction2D
        Decomposed signal; the check is kept in it.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If these components cannot be checked.
    """
    with input_errors():
        return str(signal.check_components().table)


def find_overlap(signal):
    """Find where components overlap, and return it in words.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Decomposed signal, read once; the fractions are kept in it.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the noise of these data is not that of counts.
    """
    with input_errors():
        return signal.get_component_fractions().summary()


def map_domains(signal, **arguments):
    """Map the domains of diffraction patterns.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        The map is kept in it.
    **arguments
        For its method ``map_domains``.

    Returns
    -------
    DomainMap

    Raises
    ------
    InputError
        If the signal or an argument does not make sense, or the training diverged.
    """
    require_torch()
    from hspy_cnmf.domains.training import TrainingDiverged

    try:
        with input_errors():
            return signal.map_domains(
                print_info=False, show_progressbar=True, **arguments
            )
    except TrainingDiverged as error:
        raise InputError(str(error)) from error
