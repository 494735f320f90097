"""Make a sketch of a signal, or take one that was kept."""

import os
from pathlib import Path

from hspy_cnmf._hyperspy import bridge
from hspy_cnmf._hyperspy.checks import check_counts, check_signal
from hspy_cnmf._hyperspy.masks import kept_pixels, kept_positions
from hspy_cnmf.operators import StreamedOperator, scheduling
from hspy_cnmf.operators import range_finder as compress
from hspy_cnmf.operators.sketch import Sketch, check_path, noise_of
from hspy_cnmf.solver import ConstrainedNMF
from hspy_cnmf.solver.factorise import changed, random_patterns_of, with_seed
from hspy_cnmf.solver.parameters import check_parameters


def make_sketch(
    signal,
    rank=64,
    *,
    normalize_poissonian_noise=False,
    navigation_mask=None,
    signal_mask=None,
    random_state=None,
    show_progressbar=None,
    scheduler=None,
    max_memory=None,
):
    """Read a signal three times and return a sketch of it to keep.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    rank : int, default 64
        At least twice, better four times the largest number of components that will
        be asked for; not more than positions or pixels are taken.
    normalize_poissonian_noise, navigation_mask, signal_mask, random_state
        See `hspy_cnmf.decompose`; the first three must be the same where the sketch is
        used.
    show_progressbar, scheduler, max_memory
        See `hspy_cnmf.decompose`.

    Returns
    -------
    Sketch

    Raises
    ------
    ValueError, TypeError
        If arguments or data do not make sense.

    Examples
    --------
    >>> import hspy_cnmf
    >>> s = hspy_cnmf.data.four_phases()
    >>> sketch = hspy_cnmf.make_sketch(s, rank=64, random_state=0)
    >>> for n in (3, 4, 5):
    ...     s.decomposition(
    ...         algorithm="constrained_nmf", output_dimension=n, sketch=sketch,
    ...         n_init=1, max_iter=5, random_state=0, print_info=False,
    ...     )
    """
    estimator = ConstrainedNMF(1, compression=rank, random_state=random_state)
    if rank is None or isinstance(rank, str):
        raise ValueError(f"rank must be an integer of at least 1, got {rank!r}.")
    with scheduling.scheduler(scheduler):
        operator = masked_operator(
            signal, navigation_mask, signal_mask, show_progressbar, max_memory
        )
        check_parameters(estimator, operator.keep_positions, operator.keep_pixels)
        estimator = with_seed(estimator)
        return sketch_of(operator, estimator, normalize_poissonian_noise)


def masked_operator(
    signal, navigation_mask, signal_mask, show_progressbar, max_memory=None
):
    """Check a signal and return the operator of what the masks leave."""
    check_signal(signal)
    return StreamedOperator(
        bridge.aligned_data(signal),
        kept_positions(signal, navigation_mask),
        kept_pixels(signal, signal_mask),
        show_progressbar=bridge.wants_progressbar(show_progressbar),
        max_memory=max_memory,
    )


def sketch_of(operator, estimator, normalized):
    """Return the sketch of an estimator with a seed; three readings, data checked."""
    if compress.rank_of(estimator.compression, estimator.n_components, operator.shape):
        rank = estimator.compression
    else:
        # Asked for all the same: where it saves little, it costs little.
        rank = compress.automatic_rank(estimator.n_components)
    estimator = changed(estimator, compression=rank)
    inspection, images = checked_inspection(
        operator, random_patterns_of(estimator, operator.shape)
    )
    scales = noise_of(inspection, normalized)
    if scales[0] is not None:
        images = images / scales[0]
    return Sketch(
        compress.sketch(operator.divided(*scales), images),
        inspection,
        operator.keep_positions,
        operator.keep_pixels,
        operator.data.dtype.name,
        bool(normalized),
        estimator.random_state,
    )


def checked_inspection(operator, patterns=None):
    """Read the data once, raise if they are not counts; images of patterns, too."""
    inspection, images = operator.inspect(patterns)
    check_counts(inspection, operator.keep_positions, operator.keep_pixels)
    return inspection, images


def check_rank(sketch, estimator):
    """Raise if a sketch has not the rank that the parameters ask for."""
    n, compression = estimator.n_components, estimator.compression
    largest = min(sketch.operator.shape)
    needed = min(2 * n if compression == "auto" else compression, largest)
    if sketch.rank < needed:
        raise ValueError(
            f"The sketch has rank {sketch.rank}, but {n} components "
            f"(output_dimension) with compression={compression!r} need at least "
            f"{needed}. Make one with hspy_cnmf.make_sketch(s, rank={4 * n}), or ask "
            "for fewer components."
        )


def check_compression(compression):
    """Raise a ValueError if no sketch is wanted where there is one."""
    if compression is None:
        raise ValueError(
            "compression=None iterates on the data themselves, sketch=... does not: "
            "leave one of them out."
        )


def kept_sketch(given, operator, estimator, normalized):
    """Return the sketch that the argument ``sketch`` means, and where to save one.

    Parameters
    ----------
    given : Sketch, path-like or None
    operator : StreamedOperator
    estimator : ConstrainedNMF
    normalized : bool

    Returns
    -------
    sketch : Sketch or None
        Checked.
    path : Path or None
        Where a sketch is to be saved once it is made.
    """
    if given is None:
        return None, None
    check_compression(estimator.compression)
    if not isinstance(given, Sketch):
        if not isinstance(given, (str, os.PathLike)):
            raise TypeError(
                "sketch must be a hspy_cnmf.Sketch, a path or None, "
                f"not {type(given).__name__}."
            )
        path = Path(given)
        if not path.exists():
            check_path(path)
            return None, path
        given = Sketch.load(path)
    check_rank(given, estimator)
    given.check(operator, normalized)
    return given, None


def check_choices(reproject, last_iteration):
    """Raise a ValueError if one of these arguments is not among its values."""
    if reproject not in (None, "navigation", "signal", "both"):
        raise ValueError(
            "reproject must be None, 'navigation', 'signal' or 'both', "
            f"not {reproject!r}."
        )
    if last_iteration not in ("data", "sketch"):
        raise ValueError(
            f"last_iteration must be 'data' or 'sketch', not {last_iteration!r}."
        )
