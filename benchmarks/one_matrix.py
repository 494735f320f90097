"""What putting the matrix into one component changes, in numbers and as a picture.

``python -m benchmarks.one_matrix FILE`` prints the cosines of crystals that have a
component, the lowest and the median, and the correlation of the matrix's map, without
(``matrix=None``) and with it, of a `metallic_glass` of 40 crystals and 50 components.
It draws the matrix and two crystals: the truth and both.
"""

import argparse
import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.likeness import cosines
from hspy_cnmf import data, structure_mask

_WAYS = {"matrix=None": {"matrix": None}, "default": {}}


def found(signal, mask, true, seed, **settings):
    """Return factors and maps, those of true components first, and their cosines."""
    result = signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=50,
        n_init=2,
        signal_mask=mask,
        random_state=seed,
        print_info=False,
        return_info=True,
        show_progressbar=False,
        **settings,
    )
    alike = cosines(true, result.factors.astype(float))
    rows, columns = linear_sum_assignment(-alike)
    return result.factors[columns], result.loadings[columns], alike[rows, columns]


def table_row(name, maps, loadings, alike):
    """Return a row of a table: of crystals with a component of their own, and maps."""
    own = alike[1:][loadings[1:].any(axis=1)]
    matrix = np.corrcoef(maps[0], loadings[0])[0, 1]
    values = f"{own.min():.3f} | {np.median(own):.4f} | {matrix:.3f}"
    return f"| {name} | {len(own)} | {values} |"


def draw(axes, mask, factor, loading, shape):
    """Draw the root of a factor and its map."""
    image = np.full(mask.shape, np.nan)
    image[~mask] = np.sqrt(factor / factor.max())
    axes[0].imshow(image, cmap="gray", vmin=0, vmax=1)
    axes[1].imshow(loading.reshape(shape), cmap="viridis")
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    seed = arguments.seed
    signal, truth = data.metallic_glass(
        n_precipitates=40, random_state=seed, return_truth=True
    )
    mask, shape = structure_mask(signal), signal.data.shape[:2]
    true = truth.factors.data[:, ~mask.data].astype(float)
    maps = truth.loadings.data.reshape(len(true), -1)
    print("| | crystals | lowest | median | map of the matrix |\n|---|---|---|---|---|")
    ways = {"truth": (true, maps, np.ones(len(true)))}
    for name, settings in _WAYS.items():
        ways[name] = found(signal, mask, true, seed, **settings)
        print(table_row(name, maps, *ways[name][1:]), flush=True)
    # Of crystals whose factors hold the matrix, the median one, and a worse one.
    order = 1 + np.argsort(ways["matrix=None"][2][1:])
    chosen = 0, order[len(order) // 2], order[len(order) // 4]
    figure, axes = plt.subplots(3, 6, figsize=(9, 4.6), layout="constrained")
    for row, (name, (factors, loadings, alike)) in zip(axes, ways.items(), strict=True):
        row[0].set_ylabel(name)
        for i, k in enumerate(chosen):
            draw(row[2 * i : 2 * i + 2], mask.data, factors[k], loadings[k], shape)
            likeness = np.corrcoef(maps[k], loadings[k])[0, 1]
            row[2 * i].set_title(f"cosine {alike[k]:.3f}", fontsize=8)
            row[2 * i + 1].set_title(f"correlation {likeness:.3f}", fontsize=8)
    figure.savefig(arguments.file, dpi=90)


if __name__ == "__main__":
    main()
