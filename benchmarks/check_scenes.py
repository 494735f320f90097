"""How often the check of components is right, by a simulation of another kind.

``python -m benchmarks.check_scenes`` counts, of the scenes of `benchmarks.scenes`, how
many components that are right it says to look at again, and how many that are wrong: of
decompositions with as many components as there are, and with one and two too few. And
in how many of these the result says that its components leave over more than noise.
"""

import argparse
import warnings

import numpy as np

from benchmarks.likeness import correlations, cosines
from benchmarks.scenes import KINDS, decomposed
from hspy_cnmf import get_result

#: Likeness to a true component from which on one is right, and below which it is wrong.
_RIGHT, _WRONG = 0.95, 0.85


def likeness(true, found, n_amorphous):
    """Return how alike each component found is to the nearest true one.

    The lower of the cosine of patterns and the correlation of maps. Amorphous maps may
    be the same all over: their cosine.
    """
    of_maps = correlations(true[1], found[1])
    of_maps[:n_amorphous] = cosines(true[1][:n_amorphous], found[1])
    return np.minimum(cosines(true[0], found[0]), of_maps).max(axis=0)


def counted(kind, seed, n_missing):
    """Return the likeness of components, which are doubted, and if more is left."""
    signal, _, true, found, n_amorphous = decomposed(
        kind, seed, 3, n_missing, bad_pixels=None
    )
    alike = likeness(true, found, n_amorphous)
    doubted = np.isin(np.arange(len(alike)), signal.check_components().to_look_at)
    return alike, doubted, [bool(get_result(signal).left_over)]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(35, 40))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "| too few | right, of these doubted | wrong, of these doubted | scenes, "
        "of which more is left over |\n|---|---|---|---|"
    )
    for n_missing in (0, 1, 2):
        counts = []
        for kind in options.kinds:
            for seed in options.seeds:
                try:
                    counts.append(counted(kind, seed, n_missing))
                except ValueError:  # the centre of some cannot be told
                    continue
        columns = zip(*counts, strict=True)
        alike, doubted, more = map(np.concatenate, columns)
        right, wrong = alike > _RIGHT, alike < _WRONG
        print(
            f"| {n_missing} | {right.sum()}, {doubted[right].sum()} "
            f"| {wrong.sum()}, {doubted[wrong].sum()} | {len(more)}, {more.sum()} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
