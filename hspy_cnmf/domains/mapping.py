"""Map the domains of a scan, with confidence."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hyperspy.exceptions import VisibleDeprecationWarning

from hspy_cnmf._hyperspy import bridge, masks
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf._hyperspy.types import BaseSignal, Diffraction2D
from hspy_cnmf.domains.answer import answer
from hspy_cnmf.domains.domain_map import AppliedModel, DomainMap
from hspy_cnmf.domains.rounds import n_steps_foreseen
from hspy_cnmf.domains.settings import Settings
from hspy_cnmf.domains.signal_view import treated, view_of
from hspy_cnmf.domains.trained import TrainedModel
from hspy_cnmf.operators.memory import memory_limit
from hspy_cnmf.progress import one_bar


def map_domains(
    signal: BaseSignal,
    n_domains: int | None = None,
    latent_dimension: int | None = None,
    n_repeats: int = 3,
    max_rounds: int = 3,
    target_consistency: float = 0.98,
    signal_mask: masks.Mask = None,
    navigation_mask: masks.Mask = None,
    rotation_invariant: bool = False,
    tilt_invariant: bool = True,
    *,
    pattern_size: int = 32,
    outer_radius: float | None = None,
    random_state: int | None = None,
    negative: str = "refuse",
    max_memory: int | str | None = None,
    print_info: bool = True,
    show_progressbar: bool | None = None,
    embedding: object = None,
    epochs: object = None,
    batch_size: object = None,
    device: object = None,
) -> DomainMap:
    r"""Map domains of a scan, with the confidence of every position's label.

    A part of the electrons is held out. Of the others, patterns are embedded and
    clustered in several ways; the way whose domains explain the held-out electrons
    best is repeated, and where repeats disagree confidence is low. The map says when
    the data do not tell. ``s.map_domains(...)`` does this with the same arguments and
    keeps the result in the signal.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        Electron counts, (x, y | kx, ky), in any number of navigation dimensions, lazy
        or not.
    n_domains : int, optional
        Number of domains, 2 or more. Default: components are merged until the next
        merge explains far less. It may miss the subtlest of the differences: give the
        number if you know it.
    latent_dimension : int, optional
        Coordinates of the embedding. Default: those of more than noise, 20 at most.
    n_repeats : int, default 3
        Clusterings of one round, of electrons parted in three ways in turn and with
        other seeds.
    max_rounds : int, default 3
        Ways of clustering that are repeated at most, where repeats of the first
        disagree and others explain as much.
    target_consistency : float, default 0.98
        Stop when repeats give a position its commonest label this often, in the mean
        over positions.
    signal_mask, navigation_mask : BaseSignal or numpy.ndarray, optional
        True excludes; as for ``decomposition``.
    rotation_invariant : bool, default False
        Crystals that are turned in the plane are of one domain.
    tilt_invariant : bool, default True
        Crystals that are bent, or thicker, are of one domain: patterns have an
        envelope of intensities, and a shift, of their own.
    pattern_size : int, default 32
        Cells that patterns are binned to along the shorter side of the detector; an
        even number. With `rotation_invariant`, half as many radii and twice as many
        azimuths.
    outer_radius : float, optional
        Crop at this distance from the centre, in units of the signal axes, to a square
        of `pattern_size` cells. Default: the whole detector; with `rotation_invariant`,
        the largest circle about the centre that fits on it.
    random_state : int, optional
        The same seed gives the same labels.
    negative : {"refuse", "clip", "shift"}, default "refuse"
        Negative values: see `hspy_cnmf.decompose`.
    max_memory : int or str, optional
        See `hspy_cnmf.decompose`.
    print_info : bool, default True
        Print what was found.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.
    embedding, epochs, batch_size, device : object, optional
        Without effect, and a `VisibleDeprecationWarning` says so: those of a neural
        network that embedded patterns before.

    Returns
    -------
    DomainMap
        Its `doubts` say where it is not to be trusted.

    Raises
    ------
    TypeError, ValueError
        If arguments or data do not make sense.

    Notes
    -----
    The data are read twice: to reduce the patterns to `pattern_size` cells, which are
    kept (in a temporary file above 512 MiB), and to average those of each domain.
    Positions without counts take no part, as if masked. `hspy_cnmf.domains` says where
    to read on.

    References
    ----------
    .. [1] A. Bridger, M. Danaie, K. Butler, T. Wood and W. I. F. David, Versatile
       automated domain mapping of 4D-STEM data utilizing ML algorithms and Bayesian
       statistics.
    """
    _say_without_effect(
        embedding=embedding, epochs=epochs, batch_size=batch_size, device=device
    )
    settings = Settings(
        n_domains=n_domains,
        latent_dimension=latent_dimension,
        n_repeats=n_repeats,
        max_rounds=max_rounds,
        target_consistency=target_consistency,
        rotation_invariant=rotation_invariant,
        tilt_invariant=tilt_invariant,
        pattern_size=pattern_size,
        outer_radius=outer_radius,
        random_state=random_state,
    )
    _check(signal)
    if max_memory is not None:
        memory_limit(max_memory)
    keep_positions = masks.select_positions(signal, navigation_mask)
    keep_pixels = masks.select_pixels(signal, signal_mask)
    settings.check_positions(int(np.count_nonzero(keep_positions)))
    signal = treated(signal, negative, keep_positions, keep_pixels, max_memory)
    view = view_of(signal, keep_pixels, settings)
    shown = bridge.wants_progressbar(show_progressbar)
    with one_bar("Mapping domains", 2 + n_steps_foreseen(settings), shown) as bar:
        with bar.task("reading patterns", 1):
            data = bridge.aligned_data(signal)
            patterns, keep = view.reduce(data, keep_positions, max_memory)
            settings.check_positions(len(patterns))
        found = answer(view, patterns, keep, settings, bar.task)
        with bar.task("averaging patterns", 1):
            domains = DomainMap.of(signal, keep, patterns, *found, max_memory)
    if print_info:
        print(domains.summary())
    return domains


def _say_without_effect(**arguments: object) -> None:
    """Warn of arguments that are given and mean nothing any more."""
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        warnings.warn(
            f"{', '.join(given)} of map_domains: without effect, as no neural network "
            "is trained any more. Leave out what a later version will refuse.",
            VisibleDeprecationWarning,
            stacklevel=3,
        )


def _check(signal: BaseSignal) -> None:
    """Raise unless a signal holds a scan of diffraction patterns."""
    if not isinstance(signal, Diffraction2D):  # as polar patterns are none
        raise TypeError(
            f"Domains are mapped from diffraction patterns, got {signal!r}: use "
            's.set_signal_type("electron_diffraction") first.'
        )
    check_signal(signal)


@dataclass(frozen=True, eq=False, repr=False)
class DomainModel(AppliedModel):
    """A trained model that maps the domains of other scans.

    Attributes
    ----------
    trained : TrainedModel
        Embedding, preprocessing, and classes in the latent space.
    """

    trained: TrainedModel


def load_domain_model(path: str | Path) -> DomainModel:
    """Return the model that `DomainMap.save_model` wrote to a file.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    DomainModel
        Its `apply` maps another scan.

    Raises
    ------
    ValueError
        If the file is no model, or of another version of the format. Nothing in the
        file is executed.
    """
    return DomainModel(TrainedModel.from_bytes(Path(path).read_bytes()))
