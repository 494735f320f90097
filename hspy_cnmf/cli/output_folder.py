"""Folder that the command writes to, whose files appear once they are finished."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path

import psutil

from hspy_cnmf.cli.input_error import InputError
from hspy_cnmf.cli.interrupts import uninterrupted
from hspy_cnmf.whole_file import remove

_PREFIX = ".unfinished-"


class OutputFolder:
    """A folder for results, with a temporary one inside where they are written first.

    Parameters
    ----------
    path : pathlib.Path
        Where the results go; made if it is not there. Other files in it are left
        alone, those that earlier runs did not finish are removed.
    names : sequence of str
        Names that results may have: what there is of these is replaced as a whole.
    overwrite : bool
        Replace earlier results, and remove those that have no successor.
    """

    def __init__(self, path: Path, names: tuple[str, ...], overwrite: bool) -> None:
        self.path = path
        self.names = tuple(dict.fromkeys(names))
        self.overwrite = overwrite
        self.published: list[str] = []
        self.part = path

    def __enter__(self) -> OutputFolder:
        """Make the folder.

        Raises
        ------
        InputError
            If there are earlier results and `overwrite` is not set, or the folder
            cannot be written to.
        """
        existing = self._results_in(self.path)
        if existing and not self.overwrite:
            raise InputError(
                f"{self.path} already holds {', '.join(existing)}: add --overwrite to "
                "replace them, or give another folder with --output."
            )
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file: give a folder with --output.")
        self._is_new = not self.path.exists()
        try:
            with uninterrupted():
                self._make()
        except OSError as error:
            self._clean()
            raise InputError(
                f"cannot write to {self.path}: {error.strerror}"
            ) from error
        except BaseException:  # an interrupt that waited
            self._clean()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._clean()

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self.path)
        prefix = f"{_PREFIX}{platform.node()}-{os.getpid()}-"
        self.part = Path(tempfile.mkdtemp(prefix=prefix, dir=self.path))

    def _clean(self) -> None:
        """Remove what is not finished, and the folder if there is nothing else."""
        with uninterrupted():
            if self.part != self.path:
                shutil.rmtree(self.part, ignore_errors=True)
            if self._is_new and self.path.exists() and not any(self.path.iterdir()):
                self.path.rmdir()

    def publish(self) -> None:
        """Move what is written to where it belongs.

        The first time, all earlier results go: they do not belong to the new ones.
        """
        with uninterrupted():
            if not self.published:
                for name in self._results_in(self.path):
                    remove(self.path / name)
            for path in sorted(self.part.iterdir()):
                path.replace(self.path / path.name)
            self.published = self._results_in(self.path)

    def words(self) -> str:
        """Say what was written."""
        if not self.published:
            return "nothing was written."
        return f"written to {self.path.resolve()}: {', '.join(self.published)}"

    def _results_in(self, folder: Path) -> list[str]:
        return [name for name in self.names if (folder / name).exists()]


def _remove_abandoned(folder: Path) -> None:
    """Remove what runs left behind that were killed."""
    for path in folder.glob(f"{_PREFIX}*"):
        if path.is_dir() and not _is_in_use(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_in_use(path: Path) -> bool:
    """Tell whether the process that made a temporary folder may still be at work.

    Of a process on another machine that cannot be known.
    """
    node, _, process = path.name[len(_PREFIX) :].rpartition("-")[0].rpartition("-")
    if not process.isdigit():
        return False
    if node != platform.node():
        return True
    try:
        # A younger process only has the same number.
        return psutil.Process(int(process)).create_time() <= path.stat().st_ctime
    except (psutil.Error, OSError):
        return False
