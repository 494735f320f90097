"""Main calls in Python, each with a fault on the way, and once more without."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hyperspy.api as hs

import hspy_cnmf
from tests.helpers.snapshots import note

QUICK = {"n_init": 2, "max_iter": 5, "random_state": 0}
DECOMPOSITION = QUICK | {
    "algorithm": "constrained_nmf",
    "output_dimension": 3,
    "print_info": False,
}


def _decomposed(lazy: bool = False) -> Any:
    signal = hs.load("scan.zspy", lazy=lazy)
    signal.decomposition(**DECOMPOSITION)
    return signal


def _decomposition() -> tuple[Any, list[Callable]]:
    signal = _decomposed(lazy=True)
    again = DECOMPOSITION | {"output_dimension": 2, "sketch": "sketch.npz"}
    return signal, [lambda: signal.decomposition(**again)]


def _analysis() -> tuple[Any, list[Callable]]:
    signal = _decomposed(lazy=True)
    return signal, [
        lambda: signal.get_decomposition_residual(gain=1),
        lambda: hspy_cnmf.get_residual(signal).compute(),
        lambda: signal.get_component_fractions(gain=1),
        lambda: signal.check_components(),
        lambda: signal.cluster_diffraction(print_info=False),
    ]


def _number() -> tuple[Any, list[Callable]]:
    signal = hs.load("scan.zspy", lazy=True)
    scan = {"output_dimensions": (1, 2), "print_info": False, "held_out": False}
    return signal, [
        lambda: signal.scan_output_dimension(**scan, **QUICK),
        lambda: hspy_cnmf.get_scan(signal).save("scan.hspy"),
        lambda: hspy_cnmf.make_sketch(signal, 6, random_state=0).save("sketch.npz"),
    ]


def _files() -> tuple[Any, list[Callable]]:
    signal = _decomposed()
    signal.cluster_diffraction(print_info=False)
    signal.get_component_fractions(gain=1)
    return signal, [
        lambda: hspy_cnmf.get_clusters(signal).lattice_distances().save("d.csv"),
        lambda: hspy_cnmf.write_report(signal, "report.html"),
    ]


def _domains() -> tuple[Any, list[Callable]]:
    signal = hs.load("scan.zspy", lazy=True)
    settings = {"max_rounds": 1, "random_state": 0}
    return signal, [
        lambda: signal.map_domains(2, print_info=False, **settings),
        lambda: hspy_cnmf.get_domains(signal).save_model("model.pt"),
    ]


#: Signals, and what is called in turn.
JOBS = {
    "decomposition": _decomposition,
    "analysis": _analysis,
    "number": _number,
    "files": _files,
    "domains": _domains,
}

#: How what may be written is read.
READ = {
    "sketch.npz": hspy_cnmf.Sketch.load,
    "scan.hspy": hspy_cnmf.load_scan,
    "model.pt": hspy_cnmf.load_domain_model,
    "report.html": lambda path: Path(path).read_text().rindex("</html>"),
    "d.csv": lambda path: Path(path).read_text().index("\n"),
}


def run(job: str, fault: Any) -> int:
    """Do a job with a fault; raise if anything is left of the call that failed.

    Returns
    -------
    int
        1 if a call failed, 0 if the fault was too late or did no harm.
    """
    signal, calls = JOBS[job]()
    failed = 0
    for call in calls:
        before = note(signal)
        start = time.process_time()
        try:
            with fault:
                call()
        except (Exception, KeyboardInterrupt) as error:
            failed = 1
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            fault.mend()
            _check(signal, before)
            call()
        fault.after -= time.process_time() - start
        if failed or fault.has_happened:
            fault.kind = "none"
    return failed


def _check(signal: Any, before: dict) -> None:
    """Raise if a signal is not what it was, or a file is neither whole nor absent."""
    assert note(signal) == before, "The signal is not what it was."
    left = list(Path().glob(".*"))
    assert not left, f"{left} are left."
    for name, read in READ.items():
        if Path(name).exists():
            read(name)
