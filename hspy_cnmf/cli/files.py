"""Files that the command reads: one signal of each."""

from __future__ import annotations

import argparse
import importlib
import inspect
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hyperspy.api as hs
from dask.base import is_dask_collection
from rsciio import IO_PLUGINS

from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.cli.input_error import InputError, input_errors

#: Folders that are files to HyperSpy.
_STORES = (".zspy", ".zarr")


def load(options: argparse.Namespace) -> BaseSignal:
    """Return the signal in a file that can be decomposed, or the only one there is.

    Parameters
    ----------
    options : argparse.Namespace
        With ``file``, anything that `hyperspy.api.load` opens, and how: ``lazy`` (of
        readers that cannot do that, the data are in memory), ``reader``,
        ``signal_type`` and ``scan_shape``, as far as readers ask for it.

    Raises
    ------
    InputError
        If the file cannot be read, or holds several that can be decomposed.
    """
    path = options.file
    if path.is_dir() and path.suffix not in _STORES:
        raise InputError(_words_on_folder(path))
    if not (path.is_dir() or path.is_file()):
        raise InputError(f"{path} is a device or a pipe: give a file.")
    takes = _parameters_of_reader(path, options.reader)
    settings: dict[str, Any] = {}
    if options.scan_shape and "navigation_shape" in takes:  # would be guessed otherwise
        settings["navigation_shape"] = tuple(options.scan_shape)[::-1]
    signals = _read(path, options.lazy, options.reader, **settings)
    if "chunks" in takes and len(signals) == 1:
        chunks = _whole_patterns(signals[0], options.scan_shape)
        if chunks is not None:
            signals = _read(path, True, options.reader, chunks=chunks, **settings)
    found = [signal for signal in signals if has_positions(signal)]
    if len(signals) > 1 and len(found) != 1:
        raise InputError(words_on_signals(path, signals, found))
    signal = found[0] if found else signals[0]
    _try_the_end(path, signal)
    if options.signal_type is not None:
        with input_errors():
            signal.set_signal_type(options.signal_type)
    return signal


def _read(
    path: Path, lazy: bool, reader: str | None, **settings: Any
) -> list[BaseSignal]:
    """Return all signals in a file; settings are those of its reader."""
    logger = logging.getLogger("hyperspy.io")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it would say is in our message
    try:
        signals = hs.load(str(path), lazy=lazy, file_format=reader, **settings)
    except MemoryError:
        raise
    except NotImplementedError:
        return [s.as_lazy() for s in _read(path, False, reader, **settings)]
    except Exception as error:  # a reader may raise anything
        raise InputError(_words_on_failure(path, reader, error)) from error
    finally:
        logger.setLevel(level)
    return signals if isinstance(signals, list) else [signals]


def _try_the_end(path: Path, signal: BaseSignal) -> None:
    """Raise before any work if the last value of a lazy signal cannot be read."""
    if not is_dask_collection(signal.data) or not signal.data.size:
        return
    try:
        signal.data[(-1,) * signal.data.ndim].compute()
    except MemoryError:
        raise
    except Exception as error:  # a reader may raise anything
        raise InputError(
            f"HyperSpy cannot read the end of {path}: it is cut short, or damaged. "
            f"({type(error).__name__}: {error})"
        ) from error


def _parameters_of_reader(path: Path, reader: str | None) -> set[str]:
    """Return what the readers that may be meant can be asked for."""
    extension = path.suffix[1:].lower()
    takes: set[str] = set()
    for plugin in IO_PLUGINS:
        names = [name.lower() for name in (plugin["name"], *plugin["name_aliases"])]
        is_meant = extension in plugin["file_extensions"]
        if is_meant if reader is None else reader.lower() in names:
            try:
                read = importlib.import_module(plugin["api"]).file_reader
            except ImportError:  # of what only that format needs
                continue
            takes |= set(inspect.signature(read).parameters)
    return takes


def _whole_patterns(
    signal: BaseSignal, scan_shape: Sequence[int] | None
) -> tuple[int | str, ...] | None:
    """Return chunks that hold whole patterns, None where those of a signal do.

    Of a file that is mapped into memory chunks are what is asked for, and readers may
    divide all four axes alike: each reading would then take as many as there are parts.
    """
    if not is_dask_collection(signal.data):
        return None
    manager, shape = signal.axes_manager, signal.data.shape
    whole = sorted(axis.index_in_array for axis in manager.signal_axes)
    if scan_shape and len(whole) > 2:  # all axes of the file
        is_last = len(whole) == 4 and shape[:2] != tuple(scan_shape)
        whole = [0, 1] if is_last else whole[-2:]
    if len(whole) > 2 or all(len(signal.data.chunks[i]) == 1 for i in whole):
        return None
    return tuple(-1 if i in whole else "auto" for i in range(len(shape)))


def _words_on_folder(path: Path) -> str:
    """Say that a folder is no file, and what in it may be meant."""
    names = sorted(entry.name for entry in path.iterdir() if entry.name[0] != ".")
    if not names:
        return f"{path} is an empty folder: give a file."
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"{path} is a folder: give one of the files in it ({shown})."


def _words_on_failure(path: Path, reader: str | None, error: Exception) -> str:
    if reader is not None:
        why = f"with the reader {reader!r}. {type(error).__name__}: {error}"
        return f"HyperSpy cannot read {path} {why}"
    if "backend" in str(error) or path.suffix.lower() in (".txt", ".csv", ".log", ""):
        return (
            f"HyperSpy cannot read {path}: it has no reader for files that end in "
            f"{path.suffix or 'nothing'!r}. If this is a file of another format, name "
            "its reader with --reader, such as --reader quantumdetector."
        )
    if "multiple file readers" in str(error):
        listed = str(error).partition("your file:")[2].strip() or "see HyperSpy's"
        return (
            f"HyperSpy cannot tell which format {path} is of: files that end in "
            f"{path.suffix!r} may be of several. Name the reader, such as --reader EMD "
            f"(py4DSTEM) or --reader HSPY; those for this ending are {listed}."
        )
    return (
        f"HyperSpy cannot read {path}: it is damaged, or of another format than its "
        f"name says. ({type(error).__name__}: {error})"
    )


def words_on_signals(path: Path, signals: list, found: list) -> str:
    """Say what a file should hold, and what it does."""
    listed = "".join(f"\n  {signal!r}" for signal in signals)
    return (
        f"{path} should hold one signal with navigation axes and signal axes, "
        f"(x, y | kx, ky) or (x, y | E), but holds {len(found)} such:{listed}\n"
        "Open it with hyperspy.api.load, save the one you want (after s.transpose, if "
        "its axes are in the wrong place), and give that file."
    )


def has_positions(signal: BaseSignal) -> bool:
    """Return whether a signal has both navigation axes and one or two signal axes."""
    manager = signal.axes_manager
    return manager.navigation_dimension > 0 and manager.signal_dimension in (1, 2)
