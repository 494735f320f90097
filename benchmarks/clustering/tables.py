"""The tables of ``python -m benchmarks.clustering``.

All of them take an hour or so, most of it for decompositions. These are done anew
unless ``--cache`` names a folder to keep them in.
"""

import argparse
import logging
import warnings
from pathlib import Path

import numpy as np

from benchmarks.clustering.cases import FACTORS, Case
from benchmarks.clustering.cost import SIZES, costs
from benchmarks.clustering.scores import (
    BLUR,
    score_amorphous,
    score_diameters,
    score_distances,
    score_groups,
    score_rotations,
)
from benchmarks.clustering.truth import EXPLAINED

#: Decompositions as published, that docs/benchmarks.md compares.
PAPER = ("constrained", "primitive")

TABLES = ("groups", "treatments", "silver", "cost")

TREATMENTS = {
    "default": {},
    "pattern as it is": {"similarity": "cross-correlation"},
    "ring means taken off only": {"noise_threshold": 0, "background_weight": 0},
    "no noise treatment": {"noise_threshold": 0},
    "no rings": {"background_weight": 0},
    **{f"noise_threshold={k}": {"noise_threshold": k} for k in (3, 4, 6, 8)},
    **{
        f"background_weight={k}": {"background_weight": k}
        for k in (0.05, 0.1, 0.2, 0.3)
    },
    **{f'linkage="{k}"': {"linkage": k} for k in ("average", "complete", "single")},
    "pattern as it is, average": {
        "similarity": "cross-correlation",
        "linkage": "average",
    },
    "cosine, average": {"similarity": "cosine", "linkage": "average"},
    "euclidean, average": {"similarity": "euclidean", "linkage": "average"},
}


def glass(arguments, factors, n_precipitates):
    """Print the tables of one kind of decomposition of `metallic_glass`."""
    groups, measures, treated = {}, {}, []
    for seed in range(arguments.seeds):
        decomposition = {
            "output_dimension": arguments.components,
            "n_init": arguments.starts,
            "max_iter": arguments.iterations,
        }
        case = Case.make(
            "metallic_glass",
            seed,
            arguments.simulation | {"n_precipitates": n_precipitates},
            decomposition | FACTORS[factors],
            arguments.cache,
            explained=arguments.explained,
        )
        if "groups" in arguments.tables:
            clusters = case.cluster()
            groups[seed] = score_groups(case, clusters)
            measures[seed] = {
                **score_amorphous(case, clusters),
                **score_distances(case, clusters),
                **score_diameters(case, clusters, BLUR[factors]),
                **score_rotations(case, clusters),
            }
        if "treatments" in arguments.tables:
            treated.append([_treat(case, settings) for settings in TREATMENTS.values()])
    title = f"metallic_glass, {n_precipitates} precipitates, "
    title += f"{arguments.components} {factors} components"
    if groups:
        print_table(f"{title}: groups", "seed", groups, "median")
        print_table(f"{title}: what they measure", "seed", measures, "median")
    if treated:
        rows = [
            _over_seeds(of_treatment) for of_treatment in zip(*treated, strict=True)
        ]
        rows = dict(zip(TREATMENTS, rows, strict=True))
        print_table(f"{title}: treatments, median and worst", "treatment", rows)


def _treat(case, settings):
    """Return indices as proposed, with the true number, and how many groups more."""
    clusters = case.cluster(**settings)
    known = case.agreement(clusters.dendrogram.cut(case.n_families))
    proposed = case.agreement(clusters.labels.data)
    return *proposed, *known, clusters.n_clusters - case.n_families


def _over_seeds(results):
    *indices, extra = np.transpose(results)
    names = ("wARI", "ARI", "of crystals")
    names = (*names, *(f"{name}, n known" for name in names))
    cells = {
        name: f"{np.median(x):.2f} ({x.min():.2f})"
        for name, x in zip(names, indices, strict=True)
    }
    low, high = extra.min(), extra.max()
    return cells | {"groups too many": f"{np.median(extra):+g} ({low:+g} to {high:+g})"}


def silver(arguments):
    """Print the table of `twinned_silver`."""
    rows = {}
    decomposition = {"output_dimension": 6, "normalize_poissonian_noise": True}
    for seed in range(arguments.seeds):
        case = Case.make("twinned_silver", seed, {}, decomposition, arguments.cache)
        clusters = case.cluster()
        rows[seed] = score_groups(case, clusters) | score_rotations(case, clusters)
    print_table("twinned_silver, 6 components", "seed", rows, "median")


def print_costs(arguments):
    """Print the table of time and memory."""
    rows = {
        f"{n} of {detector[0]} x {detector[1]}, maps {scan[0]} x {scan[1]}": {
            "seconds": seconds,
            "held before / GB": held,
            "peak above it / GB": peak,
        }
        for n, detector, scan, seconds, held, peak in costs(arguments.sizes)
    }
    print_table("Time and memory", "components", rows)


def print_table(title, first, rows, *summary):
    """Print dictionaries of the same keys as a table in Markdown.

    Parameters
    ----------
    title : str
        Heading.
    first : str
        What the keys of `rows` are.
    rows : dict of dict
        Numbers or strings.
    *summary : str
        "median" for a last row with the medians of the numbers.
    """
    names = list(next(iter(rows.values())))
    if summary:
        median = {}
        for name in names:
            values = [row[name] for row in rows.values()]
            is_text = isinstance(values[0], str)
            median[name] = "" if is_text else float(np.nanmedian(values))
        rows = rows | {summary[0]: median}
    print(f"\n### {title}\n\n| {first} | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for key, row in rows.items():
        print(f"| {key} | {' | '.join(_cell(row[name]) for name in names)} |")
    print(flush=True)


def _cell(value):
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.3g}"
    return str(value)


def run(arguments):
    """Print the tables that are asked for."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    if {"groups", "treatments"} & set(arguments.tables):
        for factors in arguments.factors:
            for n_precipitates in arguments.precipitates:
                glass(arguments, factors, n_precipitates)
    if "silver" in arguments.tables:
        silver(arguments)
    if "cost" in arguments.tables:
        print_costs(arguments)


def main(argv=None):
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="*", default=TABLES, choices=TABLES)
    parser.add_argument("--factors", nargs="*", default=PAPER, choices=list(FACTORS))
    parser.add_argument("--precipitates", nargs="*", type=int, default=(20, 40))
    parser.add_argument("--components", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--starts", type=int, default=2, help="of a decomposition")
    parser.add_argument("--iterations", type=int, default=200, help="at most, each")
    parser.add_argument(
        "--explained",
        type=float,
        default=EXPLAINED,
        help="part of a map that crystals explain in components of crystals",
    )
    parser.add_argument("--cache", type=Path, help="folder to keep decompositions in")
    parser.add_argument(
        "--quick", action="store_true", help="a small scan, only to see that it runs"
    )
    arguments = parser.parse_args(argv)
    arguments.simulation, arguments.sizes = {}, SIZES
    if arguments.quick:
        arguments.tables = ("groups", "treatments", "cost")
        arguments.factors, arguments.precipitates = ("constrained",), (4,)
        arguments.seeds, arguments.components, arguments.iterations = 1, 6, 30
        arguments.simulation = {"shape": (20, 20), "detector_shape": (64, 64)}
        arguments.sizes = ((5, (64, 64), (20, 20)),)
    run(arguments)
