"""Arguments that the ways to decompose a signal share, each documented here once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hspy_cnmf._hyperspy.negative import NEGATIVE
from hspy_cnmf.arguments import parameters_of
from hspy_cnmf.operators.memory import memory_limit
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.solver import ConstrainedNMF

if TYPE_CHECKING:
    import dask.array as da
    import numpy as np

    from hspy_cnmf._hyperspy.types import BaseSignal

    Mask: TypeAlias = BaseSignal | np.ndarray | da.Array | None

#: Parameters of the estimator that a signal answers, or names otherwise.
_OF_THE_SIGNAL = ("n_components", "factor_shape", "loading_shape")


@dataclass(frozen=True)
class Constraints:
    """What factors and maps of a signal are known to look like.

    Parameters
    ----------
    factor_constraint : "auto", None, constraint, callable or list, default "auto"
        What a factor is known to look like. "auto": `RadialFloor` on pyxem's
        diffraction patterns, `AzimuthalFloor` on polar ones, None on other signals.
        A callable takes and returns a stack of patterns, shape (n, *signal_shape),
        NaN where masked. Those of a list are applied in order, "auto" among them.
    loading_constraint : "auto", None, constraint, callable or list, default "auto"
        The same for maps. "auto": `GaussianSmoothing` over 3 points along the
        axes of the scan, the last two of the array (not along time), unless the data
        contradict that neighbours are alike; then None, and `Result.summary` says so.
    volume_weight : float or "auto", default "auto"
        Weight of the volume between the factors; see `hspy_cnmf.ConstrainedNMF`. "auto"
        is 0 but for spectra, signals of one dimension.
    """

    factor_constraint: Any = "auto"
    loading_constraint: Any = "auto"
    volume_weight: float | Literal["auto"] = "auto"


@dataclass(frozen=True, eq=False)
class Options:
    """How a signal is read, weighted and masked, and what a run ends with.

    Parameters
    ----------
    sketch : Sketch or path-like, optional
        A sketch to use again, of the same data, masks and `normalize_poissonian_noise`
        (see `hspy_cnmf.make_sketch`), or a file to keep it in: one that is there is
        used, otherwise the sketch is made and saved there before the iterations begin,
        so that an interrupted run leaves it. With `compression` "auto" it may have any
        rank from twice the number of components. The data are then read once or twice,
        for the last iteration, and a sample of five patterns to see that the sketch is
        theirs.
    last_iteration : {"data", "sketch"}, default "data"
        "sketch" leaves out the iteration on the data that ends a run, so that with a
        kept sketch nothing is read but the sample. Factors then are mixtures of the
        sketch's basis patterns, made non-negative, and the error is that of the sketch.
    show_progressbar : bool, optional
        Default: HyperSpy's preference.
    normalize_poissonian_noise : bool or "auto", default "auto"
        Weight positions and pixels by one over the square root of their counts while
        fitting (Keenan & Kotula 2004). "auto": only where few bright pixels, such as a
        direct beam that is not masked, would hide what the others tell (see
        `hspy_cnmf.patterns.bright_pixels`), or where more components stand out of the
        noise of counts so (see `hspy_cnmf.decomposition.weights`). A note of the result
        then says so; with a kept `sketch`, as for that.
    navigation_mask, signal_mask : BaseSignal, numpy.ndarray or dask.array.Array
        True excludes. An array of positions is in HyperSpy's order (x, y). Masks leave
        the map a grid, in whose smoothing masked positions take no part.
    bad_pixels : "auto", BaseSignal, numpy.ndarray or None, default "auto"
        Pixels of the detector that do not count electrons: they take no part, as if
        masked, and are not filled in. "auto": dead, stuck, hot and flickering pixels,
        and uneven rows and columns, of patterns of two dimensions are found in the
        first reading (see `hspy_cnmf.patterns.bad_pixels` and
        `hspy_cnmf.patterns.flicker`), which is done again without them if there are
        any. A mask says where they are, True excludes.
        None: all pixels are good.
    negative : {"refuse", "clip", "shift"}, default "refuse"
        Negative values, as of detectors whose offset was subtracted: refuse them, set
        them to zero, or subtract the lowest value that takes part from all, which
        costs one reading more. The signal keeps its data, of which a copy is made if
        they are in memory; residuals, fractions and checks are of what was decomposed.
        Neither leaves the noise that of counts.
    missing : "refuse", "ignore", BaseSignal, numpy.ndarray or dask.array.Array
        Single values that are missing. "refuse", the default: data with NaN are
        refused. "ignore": what is NaN is left out, as mosaics and dead frames have it.
        A mask of the shape of the data, True where a value is missing (saturated ones,
        for example; arrays have navigation axes first): those are left out, too.
        Positions and pixels without any value are masked. The others' values are
        replaced by those of the model, again and again, which takes one reading more,
        and two for each of some 5 to 10 rounds.
    reproject : {None, "navigation", "signal", "both"}, default None
        Fill in loadings at masked positions, or factors in masked pixels, from the
        data there; they are NaN otherwise. Each costs two more readings.
    scheduler : str, callable or dask.distributed.Client, optional
        Dask scheduler for lazy signals (HyperSpy's argument ``get``). Default: the
        cluster that is active, otherwise threads.
    max_memory : int or str, optional
        What chunks of a lazy signal may take while they are read in this process, in
        bytes or as "2 GB": as many are read at a time as fit. A sketch of more than a
        quarter of it, and 16 MiB, is in a file in the folder of temporary files, not in
        memory. It does not change the result. Default: three quarters of what is free.
        On a cluster, the workers' own limits hold instead.
    """

    sketch: Sketch | str | os.PathLike | None = None
    last_iteration: Literal["data", "sketch"] = "data"
    show_progressbar: bool | None = None
    normalize_poissonian_noise: bool | Literal["auto"] = "auto"
    navigation_mask: Mask = None
    signal_mask: Mask = None
    bad_pixels: Mask | Literal["auto"] = "auto"
    negative: Literal["refuse", "clip", "shift"] = "refuse"
    missing: Any = "refuse"
    reproject: Literal["navigation", "signal", "both"] | None = None
    scheduler: Any = None
    max_memory: int | str | None = None

    @property
    def normalized(self) -> bool | None:
        """Whether Poisson noise is normalised; None where that is left open."""
        given = self.normalize_poissonian_noise
        return None if isinstance(given, str) else bool(given)

    def check(self) -> None:
        """Raise a ValueError or TypeError for what does not depend on the signal."""
        for name, known in (
            ("reproject", (None, "navigation", "signal", "both")),
            ("last_iteration", ("data", "sketch")),
            ("negative", NEGATIVE),
        ):
            value = getattr(self, name)
            if not (value is None or isinstance(value, str)) or value not in known:
                *others, last = map(repr, known)
                raise ValueError(
                    f"{name} must be {', '.join(others)} or {last}, not {value!r}."
                )
        if isinstance(self.bad_pixels, str) and self.bad_pixels != "auto":
            raise ValueError(
                "bad_pixels must be 'auto', a mask of the pixels of a pattern or None, "
                f"not {self.bad_pixels!r}."
            )
        self._check_missing()
        normalized = self.normalize_poissonian_noise
        is_known = isinstance(normalized, int) and normalized in (False, True)
        if not is_known and not (isinstance(normalized, str) and normalized == "auto"):
            raise ValueError(
                "normalize_poissonian_noise must be 'auto', True or False, not "
                f"{normalized!r}."
            )
        if self.sketch is not None and not isinstance(
            self.sketch, (Sketch, str, os.PathLike)
        ):
            raise TypeError(
                "sketch must be a hspy_cnmf.Sketch, a path or None, "
                f"not {type(self.sketch).__name__}."
            )
        if self.max_memory is not None:
            memory_limit(self.max_memory)

    def _check_missing(self) -> None:
        """Raise a ValueError if what is missing does not go with other arguments."""
        if isinstance(self.missing, str) and self.missing == "refuse":
            return
        for name in ("sketch", "reproject"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{name}=... does not go with values that are missing: leave it "
                    "out, or replace them beforehand and leave out missing=..."
                )
        if self.negative == "shift":
            raise ValueError(
                "negative='shift' subtracts the lowest of all values, but some are "
                "missing: clip negative values instead (negative='clip')."
            )


#: The estimator's own parameters, as a signal takes them.
ESTIMATOR = {
    name: shared
    for name, shared in parameters_of(ConstrainedNMF).items()
    if name not in _OF_THE_SIGNAL
} | parameters_of(Constraints)

#: The others.
OPTIONS = parameters_of(Options)

#: All parameters that a decomposition shares with others.
SHARED = ESTIMATOR | OPTIONS


def select(*names: str) -> dict[str, Any]:
    """Return some of the shared parameters, in this order."""
    return {name: SHARED[name] for name in names}
