"""Map the domains of a scan, with confidence."""

from dataclasses import asdict
from importlib.metadata import version

import numpy as np
from pyxem.signals import Diffraction2D

from hspy_cnmf._hyperspy import bridge, masks
from hspy_cnmf._hyperspy.checks import check_signal
from hspy_cnmf.domains.domain_map import DomainMap
from hspy_cnmf.domains.neighbourhood import Neighbourhood
from hspy_cnmf.domains.settings import Settings, chosen_device, require_torch
from hspy_cnmf.progress import one_bar


def map_domains(
    signal,
    n_domains=None,
    latent_dimension=3,
    n_repeats=15,
    max_rounds=4,
    target_consistency=0.99,
    signal_mask=None,
    navigation_mask=None,
    rotation_invariant=False,
    tilt_invariant=True,
    *,
    pattern_size=32,
    outer_radius=None,
    epochs=10,
    batch_size=128,
    random_state=None,
    device="auto",
    print_info=True,
    show_progressbar=None,
):
    r"""Map domains of a scan, with the confidence of every position's label.

    Patterns are embedded in a latent space by a variational autoencoder; copies of it,
    each distorted another way, are clustered; where the clusterings disagree, training
    goes on; until they agree [1]_. ``s.map_domains(...)`` does this with the same
    arguments and keeps the result in the signal.

    Parameters
    ----------
    signal : pyxem.signals.Diffraction2D
        Electron counts, (x, y | kx, ky), in any number of navigation dimensions, lazy
        or not. Mask the direct beam (`structure_mask`) and centre the patterns.
    n_domains : int, optional
        Number of domains, 2 or more. Default: components of Bayesian mixtures are
        merged until the next merge loses far more than the last. It may miss the
        subtlest of the differences: give the number if you know it.
    latent_dimension : int, default 3
        Coordinates of the latent space. In a plane the patterns of a bent domain may
        lie around those of another, which training then cannot part.
    n_repeats : int, default 15
        Clusterings of one round, each with its own distortion and seed; by Gaussian
        mixtures, Bayesian Gaussian mixtures and HDBSCAN in turn.
    max_rounds : int, default 4
        Rounds of training and clustering at most.
    target_consistency : float, default 0.99
        Stop when repeats give a position its commonest label this often, in the mean
        over positions. It also stops when two rounds have not improved that.
    signal_mask, navigation_mask : BaseSignal or numpy.ndarray, optional
        True excludes; as for ``decomposition``.
    rotation_invariant : bool, default False
        Crystals that are turned in the plane are of one domain.
    tilt_invariant : bool, default True
        Crystals that are bent, or thicker, are of one domain: patterns have an
        envelope of intensities, and a shift, that the latent space need not tell. With
        `rotation_invariant` an envelope along the radius only.
    pattern_size : int, default 32
        Patterns are cropped to a square of this many cells, binned; a multiple of 8.
        With `rotation_invariant`, half as many radii and twice as many azimuths.
    outer_radius : float, optional
        Crop at this distance from the centre, in units of the signal axes. Default:
        the largest circle about the centre that fits on the detector.
    epochs : int, default 10
        Of the first round; later rounds have 0.8 times as many, by which the first is
        longer where `n_domains` is not given.
    batch_size : int, default 128
        Patterns of a step of training.
    random_state : int, optional
        The same seed gives the same labels on the CPU.
    device : str, default "auto"
        "auto" takes a GPU where torch sees one.
    print_info : bool, default True
        Print what was found.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.

    Returns
    -------
    DomainMap

    Raises
    ------
    ImportError
        Without PyTorch: ``pip install "hspy-cnmf[domains]"``.
    TypeError, ValueError
        If arguments or data do not make sense.
    TrainingDiverged
        If the autoencoder's loss is not finite; the signal is not changed.

    Notes
    -----
    The data are read twice: once to reduce the patterns to `pattern_size` cells, which
    are kept (in a temporary file above 512 MiB), so that training
    can draw them in any order; and once to average the patterns of each domain. Input
    to the encoder are the square roots of counts (Anscombe 1948), scaled to one total;
    the likelihood is multinomial (`hspy_cnmf.domains.network.PatternVAE`).

    References
    ----------
    .. [1] A. Bridger, M. Danaie, K. Butler, T. Wood and W. I. F. David, Versatile
       automated domain mapping of 4D-STEM data utilizing ML algorithms and Bayesian
       statistics.
    """
    settings = Settings(
        n_domains=n_domains,
        latent_dimension=latent_dimension,
        n_repeats=n_repeats,
        max_rounds=max_rounds,
        target_consistency=target_consistency,
        rotation_invariant=bool(rotation_invariant),
        tilt_invariant=bool(tilt_invariant),
        pattern_size=pattern_size,
        outer_radius=outer_radius,
        epochs=epochs,
        batch_size=batch_size,
        random_state=random_state,
    )
    _check(signal)
    require_torch()
    device = chosen_device(device)
    keep_positions = masks.select_positions(signal, navigation_mask)
    keep_pixels = masks.select_pixels(signal, signal_mask)
    settings.check_positions(np.count_nonzero(keep_positions))

    from hspy_cnmf.domains.rounds import Scan
    from hspy_cnmf.domains.trained import TrainedModel
    from hspy_cnmf.domains.view import View, mean_electrons

    view = View.of(signal, keep_pixels, settings)
    total = 1 + settings.first_epochs + n_repeats
    total += (max_rounds - 1) * (settings.later_epochs + n_repeats)
    shown = bridge.wants_progressbar(show_progressbar)
    name = "Mapping domains"
    with one_bar(name, 1, shown) as bar, bar.task("", total) as advance:
        patterns = view.reduce(signal, keep_positions)
        advance()
        scan = Scan(patterns, mean_electrons(patterns), Neighbourhood(keep_positions))
        trained, *found, run = TrainedModel.fit(view, scan, settings, device, advance)
    run |= {"parameters": asdict(settings), "hspy_cnmf": version("hspy-cnmf")}
    domains = DomainMap.of(signal, keep_positions, patterns, trained, *found, run)
    if print_info:
        print(domains.summary())
    return domains


def _check(signal):
    """Raise unless a signal holds a scan of diffraction patterns."""
    if not isinstance(signal, Diffraction2D):  # as polar patterns are none
        raise TypeError(
            f"Domains are mapped from diffraction patterns, got {signal!r}: use "
            's.set_signal_type("electron_diffraction") first.'
        )
    check_signal(signal)
