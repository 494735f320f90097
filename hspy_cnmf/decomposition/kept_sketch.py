"""A sketch that is kept: one that was given, or the path where one is to be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hspy_cnmf.operators.sketch import Sketch, check_path
from hspy_cnmf.solver import ConstrainedNMF


def kept_sketch(
    given: Sketch | str | os.PathLike | None, estimator: ConstrainedNMF
) -> tuple[Sketch | None, Path | None]:
    """Return a sketch that is kept, or the path where one is to be kept.

    Parameters
    ----------
    given : Sketch, path or None
        The argument ``sketch``.
    estimator : ConstrainedNMF
        Parameters, checked.

    Raises
    ------
    ValueError
        If the sketch does not serve the parameters, or nothing can be written there.
    """
    if given is None:
        return None, None
    check_compression(estimator.compression)
    if isinstance(given, Sketch):
        sketch = given
    else:
        path = Path(given)
        if not path.exists():
            check_path(path)
            return None, path
        sketch = Sketch.load(path)
    _check_rank(sketch, estimator)
    return sketch, None


def check_compression(compression: Any) -> None:
    """Raise a ValueError if no sketch is wanted where there is one."""
    if compression is None:
        raise ValueError(
            "compression=None iterates on the data themselves, sketch=... does not: "
            "leave one of them out."
        )


def _check_rank(sketch: Sketch, estimator: ConstrainedNMF) -> None:
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
