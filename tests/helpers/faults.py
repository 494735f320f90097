"""A process that runs the command, or a job in Python, with a fault at a drawn step.

``python -m tests.helpers.faults`` reads trials from the standard input, one in JSON a
line, and answers each with a line. Every trial is a process of its own, forked once
all is imported: signals and limits reach nothing else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

#: Faults, and what they are told by.
INTERRUPTS = ("SIGINT", "SIGTERM")

#: Seconds after which a trial hangs.
_PATIENCE = 120

_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextlib.contextmanager
def server() -> Iterator[Callable[[dict], dict]]:
    """Start the process; give the function that has it try one trial."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.faults"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )

    def run(trial: dict) -> dict:
        process.stdin.write(json.dumps(trial) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield run
        process.stdin.close()


class Fault:
    """What goes wrong once a run has used so much of the processor's time.

    Parameters
    ----------
    kind : {"SIGINT", "SIGTERM", "disk", "storage", "none"}
    after : float, optional
        Seconds of the processor.
    size : int, optional
        Bytes that a file may have once the disk is full, or of a chunk that are left.
    chunk : str, optional
        File of a chunk that is damaged.
    """

    def __init__(
        self, kind: str, after: float = 1.0, size: int = 0, chunk: str | None = None
    ) -> None:
        self.kind, self.after, self.size, self.chunk = kind, after, size, chunk
        self.place = "no place"
        self._whole: bytes | None = None

    def __enter__(self) -> Fault:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        signal.signal(signal.SIGPROF, self._happen)
        if self.kind != "none":
            signal.setitimer(signal.ITIMER_PROF, max(self.after, 1e-4))
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_FSIZE, _UNLIMITED)

    @property
    def has_happened(self) -> bool:
        """Whether it was not too late."""
        return self.place != "no place"

    def _happen(self, _: int, frame: FrameType) -> None:
        name = Path(frame.f_code.co_filename).name
        self.place = f"{name}:{frame.f_lineno} {frame.f_code.co_name}"
        if self.kind in INTERRUPTS:
            os.kill(os.getpid(), getattr(signal, self.kind))
        elif self.kind == "disk":
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, hard))
        elif self.kind == "storage":
            self._whole = Path(self.chunk).read_bytes()
            Path(self.chunk).write_bytes(self._whole[: self.size] + b"damaged")

    def mend(self) -> None:
        """Make what was damaged whole."""
        if self._whole is not None:
            Path(self.chunk).write_bytes(self._whole)


def _command(fault: Fault, arguments: list[str]) -> int:
    """Run the command as a shell does; return its exit code."""
    from hspy_cnmf.cli import command

    sys.argv = ["hspy-cnmf", *arguments]
    try:
        with fault:
            command.run()
    except SystemExit as end:
        return end.code
    return 0


def _child(trial: dict, told: int) -> None:
    """Do what a trial asks for, in a process that ends with it."""
    code = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(trial["folder"])
        os.dup2(told, 2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        fault = Fault(**trial["fault"])
        if "arguments" in trial:
            code = _command(fault, trial["arguments"])
        else:
            from tests.helpers import fault_jobs

            code = fault_jobs.run(trial["job"], fault)
        sys.stdout.flush()
        print(f"\n@{fault.place}", file=sys.stderr, flush=True)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else 98)


def _try(trial: dict) -> dict[str, Any]:
    """Fork, and tell how the trial ended and what it said."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(read)
        _child(trial, write)
    os.close(write)
    said, end = b"", time.monotonic() + _PATIENCE
    while True:
        ready, _, _ = select.select([read], [], [], max(end - time.monotonic(), 0))
        part = os.read(read, 65536) if ready else b""
        if not part:
            break
        said += part
    if time.monotonic() > end:
        os.kill(process, signal.SIGKILL)
    os.close(read)
    _, status, usage = os.wait4(process, 0)
    words, mark, place = said.decode(errors="replace").rpartition("\n@")
    return {
        "code": os.waitstatus_to_exitcode(status),
        "said": words if mark else place,
        "seconds": usage.ru_utime + usage.ru_stime,
        "place": place.strip() if mark else "",
    }


def main() -> None:
    """Import all that is used, then try what is asked for."""
    import hyperspy.api as hs
    import matplotlib as mpl

    mpl.use("Agg")
    import tests.helpers.fault_jobs  # noqa: F401

    hs.preferences.General.show_progressbar = False
    logging.disable(logging.ERROR)
    for line in sys.stdin:
        print(json.dumps(_try(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
