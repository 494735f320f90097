"""The SLURM recipe of docs/cluster.md, run on a scheduler of this one machine.

``python -m benchmarks.slurm`` starts munged, slurmctld and slurmd on the loopback, all
in a folder of their own, submits workers through ``dask-jobqueue``, compares the result
with that of threads, and ends what it has started. It needs Debian's packages munge,
slurmctld, slurmd and slurm-client, the package dask-jobqueue, and root.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep, time

import dask.system
import hyperspy.api as hs
import numpy as np
from dask.distributed import Client

import hspy_cnmf

PROGRAMS = "munged", "slurmctld", "slurmd", "sinfo", "sbatch", "scancel"

#: Seconds that a service, or a worker, may take to be there.
PATIENCE = 120

#: Memory of a job, in MB.
MEMORY = 2000

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=compute Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def service(*command: str) -> Iterator[None]:
    """Run a service in the foreground, and end it."""
    with subprocess.Popen(command, stdout=sys.stderr, stderr=sys.stderr) as process:
        try:
            yield
        finally:
            process.terminate()


def wait_until(is_so, what: str) -> None:
    """Wait for something that a service does, but not for ever."""
    end = monotonic() + PATIENCE
    while not is_so():
        if monotonic() > end:
            raise SystemExit(f"{what}: not in {PATIENCE} s.")
        sleep(0.5)


def ready() -> bool:
    """Return whether the only node takes jobs."""
    told = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True
    )
    return told.stdout.strip() in ("idle", "mixed", "allocated")


@contextmanager
def slurm(folder: Path) -> Iterator[None]:
    """Run a scheduler of one node, this machine, whose files are in a folder."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    key, munge = folder / "munge.key", folder / "munge.socket"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(
            host=socket.gethostname().split(".")[0],
            user=getpass.getuser(),
            folder=folder,
            cpus=dask.system.CPU_COUNT,
            memory=dask.system.CPU_COUNT * MEMORY,
        )
    )
    os.environ["SLURM_CONF"] = str(configuration)
    files = (
        f"--{name}-file={folder}/munge.{end}"
        for name, end in (("log", "log"), ("pid", "pid"), ("seed", "seed"))
    )
    with ExitStack() as services:
        munged = "munged", "--foreground", "--force", f"--socket={munge}"
        services.enter_context(service(*munged, f"--key-file={key}", *files))
        wait_until(munge.exists, "munged")
        for daemon in ("slurmctld", "slurmd"):
            services.enter_context(service(daemon, "-D", "-f", str(configuration)))
        wait_until(ready, "The node is to be idle")
        yield


def run_recipe(folder: Path, n_jobs: int) -> None:
    """Decompose a file with threads, then on jobs of one core, and compare."""
    from dask_jobqueue import SLURMCluster

    path = folder / "scan.zspy"
    made = hspy_cnmf.data.four_phases((64, 64), detector_shape=(64, 64), random_state=0)
    made.save(path, chunks=(16, 16, 64, 64), show_progressbar=False)

    def decomposed():
        s = hs.load(path, lazy=True)
        s.decomposition(
            algorithm="constrained_nmf",
            output_dimension=4,
            signal_mask=hspy_cnmf.structure_mask(s),
            random_state=0,
            print_info=False,
            show_progressbar=False,
        )
        return s.learning_results

    by_threads = decomposed()
    began = time()
    with (
        SLURMCluster(
            queue="compute",
            cores=1,
            processes=1,
            memory=f"{MEMORY} MB",
            walltime="00:10:00",
            interface="lo",
            python=sys.executable,
            local_directory=str(folder / "dask"),
            log_directory=str(folder / "logs"),
        ) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(jobs=n_jobs)
        client.wait_for_workers(n_jobs, timeout=PATIENCE)
        print(f"{n_jobs} workers after {time() - began:.0f} s, in jobs")
        queue = ["squeue", "--noheader", "--format=%i %j %T %N"]
        print(subprocess.run(queue, capture_output=True, text=True).stdout, end="")
        on_cluster = decomposed()
    for name in ("factors", "loadings"):
        ours, theirs = (getattr(r, name) for r in (on_cluster, by_threads))
        differ = np.nanmax(np.abs(ours - theirs)) / np.nanmax(theirs)
        print(f"{name} differ from those of threads by {differ:.1e} of the largest")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=dask.system.CPU_COUNT)
    options = parser.parse_args()
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"Not installed: {', '.join(missing)}.")
    with tempfile.TemporaryDirectory() as folder, slurm(Path(folder)):
        run_recipe(Path(folder), options.jobs)


if __name__ == "__main__":
    main()
