"""Data sets: functions that make a specimen, which is then scanned."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

import numpy as np
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf.arguments import bound
from hspy_cnmf.data._checks import Chunks, RandomState, check_positive, seed_sequence
from hspy_cnmf.data._counting import Recording, child_seed
from hspy_cnmf.docstrings import Documentation


class Specimen(Protocol):
    """All that a data set is but the dose and the noise."""

    def record(self, recording: Recording) -> ElectronDiffraction2D:
        """Return the scan over it."""
        ...

    def truth(self, recording: Recording) -> Any:
        """Return what it is made of."""
        ...


def data_set(
    dose: float | None, truth: str, also: Callable[..., Any] | None = None
) -> Callable[[Callable[..., Specimen]], Callable[..., Any]]:
    """Make a function that returns a specimen one that returns a scan over it.

    Parameters
    ----------
    dose : float or None
        Default of the argument `dose`.
    truth : str
        Name of the class that tells what a specimen is made of.
    also : callable, optional
        Documents further arguments, those that several data sets have.

    Returns
    -------
    callable
        Decorator. The function that it returns has the arguments of the one that it is
        given and those of `recorded`, also in its signature and its docstring. An
        argument ``generator`` is drawn from the seed instead, not as the noise is: the
        same seed gives the same specimen at any dose.
    """

    def decorate(make: Callable[..., Specimen]) -> Callable[..., Any]:
        """Return the function that makes a specimen and scans it."""
        own = inspect.signature(make)
        drawn = "generator" in own.parameters

        @wraps(make)
        def simulate(*args: Any, **kwargs: Any) -> Any:
            given = bound(make.__name__, signature, args, kwargs)
            given.apply_defaults()
            recording, return_truth = _recording(given.arguments)
            if drawn:
                generator = np.random.default_rng(child_seed(recording.seed, 0))
                given.arguments["generator"] = generator
            specimen = make(**given.arguments)
            signal = specimen.record(recording)
            return (signal, specimen.truth(recording)) if return_truth else signal

        ours = inspect.signature(recorded).parameters
        parameters = [p for p in own.parameters.values() if p.name != "generator"]
        parameters += [
            p.replace(default=dose) if p.name == "dose" else p for p in ours.values()
        ]
        signature = own.replace(
            parameters=parameters, return_annotation=inspect.Signature.empty
        )
        simulate.__signature__ = signature  # type: ignore[attr-defined]
        simulate.__doc__ = _documented(make, also, dose, truth)
        return simulate

    return decorate


def recorded(
    *,
    dose: float | None,
    random_state: RandomState = None,
    lazy: bool = False,
    chunks: Chunks = "auto",
    return_truth: bool = False,
) -> tuple[Recording, bool]:
    """Arguments that all data sets have, once checked.

    Parameters
    ----------
    dose : float or None, default {dose}
        Mean electrons per pattern, in total on the detector. None returns the
        noise-free expectation of one electron.
    random_state : int, numpy.random.SeedSequence or None, default None
        Seed of {seeded}.
        The same seed gives the same data, lazy or not and in any chunks (within one
        version of NumPy).
    lazy : bool, default False
        Return a lazy signal, whose chunks are drawn when they are computed.
    chunks : "auto", int or tuple, default "auto"
        Chunks of the scan, (rows, columns); ignored unless `lazy`. The detector is
        never chunked.
    return_truth : bool, default False
        Return the truth too.

    Returns
    -------
    signal : pyxem.signals.ElectronDiffraction2D or its lazy counterpart
        Electron counts (uint16, or uint32 where a pixel may exceed it; float32 where
        `dose` is None), (x, y | kx, ky).
    truth : {truth}
        Only where `return_truth` is set.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range, or if what is asked for
        does not fit into the scan.
    """
    dose = None if dose is None else check_positive("dose", dose)
    recording = Recording(dose, seed_sequence(random_state), bool(lazy), chunks)
    return recording, bool(return_truth)


def _recording(arguments: dict[str, Any]) -> tuple[Recording, bool]:
    """Take the arguments of `recorded` out of all."""
    names = inspect.signature(recorded).parameters
    return recorded(**{name: arguments.pop(name) for name in names})


def _documented(
    make: Callable[..., Specimen],
    also: Callable[..., Any] | None,
    dose: float | None,
    truth: str,
) -> str:
    """Return the docstring of a data set, with those of the arguments it shares."""
    arguments = inspect.signature(make).parameters
    seeded = (
        "the specimen and of the noise" if "generator" in arguments else "the noise"
    )
    last = Documentation.parse(
        str(recorded.__doc__).format(dose=dose, truth=truth, seeded=seeded)
    )
    own = Documentation.parse(make.__doc__)
    entries = own.entries
    if also is not None:
        entries += tuple(
            entry.with_default(arguments[entry.names[0]].default)
            for entry in Documentation.parse(also.__doc__).entries
        )
    after = "\n\n".join(part for part in (last.after.rstrip(), own.after) if part)
    return str(Documentation(own.before, entries + last.entries, after))
