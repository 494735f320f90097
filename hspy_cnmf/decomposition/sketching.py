"""Sketches of signals, made to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf.arguments import with_shared_parameters
from hspy_cnmf.decomposition.first_reading import sketch_data
from hspy_cnmf.decomposition.options import select
from hspy_cnmf.decomposition.plan import make_plan
from hspy_cnmf.operators import scheduling
from hspy_cnmf.operators.range_finder import sketch_readings
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.progress import one_bar

if TYPE_CHECKING:
    from hspy_cnmf._hyperspy.types import BaseSignal

#: Basis patterns for each component that a sketch is taken to be made for.
_FOR_EACH = 4


@with_shared_parameters(
    select(
        "normalize_poissonian_noise",
        "navigation_mask",
        "signal_mask",
        "bad_pixels",
        "negative",
        "random_state",
        "show_progressbar",
        "scheduler",
        "max_memory",
    )
)
def make_sketch(signal: BaseSignal, rank: int = 64, **shared: Any) -> Sketch:
    """Read a signal two to seven times and return a sketch of it to keep.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        Real, non-negative data with at least one navigation axis, lazy or not.
    rank : int, default 64
        At least twice, better four times the largest number of components that will
        be asked for; not more than positions or pixels are taken.
    **shared
        See `hspy_cnmf.decomposition.options`.

    Returns
    -------
    Sketch

    Raises
    ------
    ValueError, TypeError
        If arguments or data do not make sense.

    Notes
    -----
    Masks, `negative` and `normalize_poissonian_noise` must be the same where the
    sketch is used.

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
    if rank is None or isinstance(rank, str):
        raise ValueError(f"rank must be an integer of at least 1, got {rank!r}.")
    plan = make_plan(signal, 1, compression=rank, **shared)
    with (
        scheduling.scheduler(plan.scheduler),
        one_bar("Sketch", sketch_readings(plan.shape), plan.show_progressbar),
    ):
        plan, data = plan.with_remedy(aligned_data(signal))
        rank = min(rank, *plan.shape)
        return sketch_data(plan, plan.operator(data), rank, rank // _FOR_EACH)[0]
