"""A cluster of two processes against the threads of one, on the same file.

``python -m benchmarks.distributed`` runs both in turn and prints medians, their ratio,
readings, and the bytes that workers send; ``--quick`` does so on little data, only to
see that it runs.
"""

import argparse
import tempfile
import warnings
from pathlib import Path
from statistics import median

import dask
import hyperspy.api as hs
from dask.distributed import Client, LocalCluster
from dask.distributed import get_worker as worker_here
from dask.utils import format_bytes

import hspy_cnmf
from benchmarks.speed.timing import QUIET, timed
from hspy_cnmf import data

N_WORKERS = 2


def make_file(folder, shape, detector_shape):
    """Write simulated 16-bit counts in 4 x 4 chunks of whole patterns."""
    path = str(Path(folder) / "scan.zspy")
    chunks = tuple(n // 4 for n in shape)
    scan = data.four_phases(
        shape, detector_shape=detector_shape, random_state=0, lazy=True, chunks=chunks
    )
    scan.save(path, chunks=(*chunks, *detector_shape), show_progressbar=False)
    return path


def runs_of(path, n_components):
    """Return what is timed, by name: three readings alone, and a whole run."""

    def sketch():
        hspy_cnmf.make_sketch(
            hs.load(path, lazy=True), random_state=0, show_progressbar=False
        )

    def decompose():
        hs.load(path, lazy=True).decomposition(
            algorithm="constrained_nmf",
            output_dimension=n_components,
            random_state=0,
            **QUIET,
        )

    return {"sketch": sketch, "decomposition": decompose}


def bytes_sent(client):
    """Return the bytes that workers have sent: to each other and to the client."""

    def sent(dask_worker):
        return sum(entry["total"] for entry in dask_worker.transfer_outgoing_log)

    return sum(client.run(sent).values())


def count(block):
    """Note on the worker that a chunk was read."""
    worker = worker_here()
    worker.hspy_cnmf_reads = getattr(worker, "hspy_cnmf_reads", 0) + block.nbytes
    return block


def readings(client, path, n_components):
    """Return how often a run reads the data on the cluster, by bytes."""
    scan = hs.load(path, lazy=True)
    n_bytes = scan.data.nbytes
    scan.data = scan.data.map_blocks(count, dtype=scan.data.dtype, meta=scan.data._meta)
    short = {"n_init": 1, "max_iter": 2, "output_dimension": n_components}
    scan.decomposition(algorithm="constrained_nmf", **short, **QUIET)
    read = client.run(lambda dask_worker: getattr(dask_worker, "hspy_cnmf_reads", 0))
    return sum(read.values()) / n_bytes


def compare(client, path, n_components, repeats):
    """Print the table."""
    n_bytes = hs.load(path, lazy=True).data.nbytes
    print("| | threads | cluster | ratio | sent by workers |\n|---|---|---|---|---|")
    for name, run in runs_of(path, n_components).items():
        times = {"threads": [], "cluster": []}
        for _ in range(repeats + 1):  # the first warms up
            with dask.config.set(scheduler="threads", num_workers=N_WORKERS):
                times["threads"].append(timed(run))
            before = bytes_sent(client)
            times["cluster"].append(timed(run))
            sent = bytes_sent(client) - before
        threads, cluster = (median(values[1:]) for values in times.values())
        cells = f"{threads:.2f} s | {cluster:.2f} s | {cluster / threads:.2f}"
        share = sent / n_bytes
        print(f"| {name} | {cells} | {format_bytes(sent)}, {share:.2f} of the data |")
    print(f"\nreadings on the cluster: {readings(client, path, n_components):g}")


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    shape, repeats = (128, 128), arguments.repeats
    if arguments.quick:
        shape, repeats = (32, 32), 1
    with tempfile.TemporaryDirectory() as folder:
        path = make_file(folder, shape, shape)
        local = {"local_directory": folder, "dashboard_address": None}
        with (
            LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, **local) as cluster,
            Client(cluster) as client,
        ):
            print(f"{shape} positions x {shape} pixels, {N_WORKERS} workers\n")
            compare(client, path, 10 if not arguments.quick else 3, repeats)


if __name__ == "__main__":
    main()
