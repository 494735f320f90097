"""Which components are found where positions differ in brightness.

``python -m benchmarks.uneven`` prints, for each scene, ratio and seed, the median and
the lowest correlation of maps with the true ones, and how many are below a half: of the
default, of equal weights, with Poisson noise normalised, and of scikit-learn. Scenes
are those of `benchmarks.few_electrons`, of which all patterns right of the middle keep
each electron with the probability of the ratio; of ``several``, three scans of other
crystals are decomposed together, and the second one is the dim one.
"""

import argparse
import warnings

import numpy as np

import hspy_cnmf
from benchmarks.few_electrons import decompose, peer_of_counts, scene
from benchmarks.likeness import map_correlations

#: Weights by what is asked for.
WEIGHTS = {"default": "auto", "equal weights": False, "normalised": True}

#: How many pixels are summed along each axis of a scene of this size.
_SUMMED = 4


def dimmed(name, dose, ratio, seed):
    """Return a scan with a dim half, and its true maps in electrons."""
    signal, _, maps = scene(name, dose, seed)
    if signal.data.shape[-1] > 128:
        signal = signal.rebin(scale=(1, 1, _SUMMED, _SUMMED))
    rows, columns = signal.data.shape[:2]
    share = np.where(np.arange(columns) < columns // 2, 1.0, ratio)
    rng = np.random.default_rng(seed)
    signal.data = rng.binomial(
        signal.data.astype(int), share[:, np.newaxis, np.newaxis]
    ).astype(np.uint16)
    return signal, maps * np.tile(share, rows)


def of_one(name, dose, ratio, seed):
    """Return the correlations of each method, of a scan with a dim half."""
    signal, true = dimmed(name, dose, ratio, seed)
    result = {}
    for method, asked in WEIGHTS.items():
        settings = {"normalize_poissonian_noise": asked}
        result[method] = decompose(signal, len(true), **settings)[1]
    return _beside_peer(result, true, signal.data.reshape(true.shape[1], -1))


def of_several(dose, ratio, seed):
    """Return the correlations of each method, of three scans of which one is dim."""
    scenes = [scene("wide", dose, 3 * seed + i) for i in range(3)]
    rng = np.random.default_rng(seed)
    scans = [s.rebin(scale=(1, 1, _SUMMED, _SUMMED)) for s, _, _ in scenes]
    scans[1].data = rng.binomial(scans[1].data.astype(int), ratio).astype(np.uint16)
    true = _side_by_side([maps for _, _, maps in scenes], ratio)
    result = {}
    for method, asked in WEIGHTS.items():
        hspy_cnmf.decompose_series(
            scans,
            len(true),
            random_state=0,
            print_info=False,
            normalize_poissonian_noise=asked,
        )
        result[method] = np.hstack([s.learning_results.loadings.T for s in scans])
    counts = np.vstack([s.data.reshape(-1, s.data[0, 0].size) for s in scans])
    return _beside_peer(result, true, counts)


def _side_by_side(maps, ratio):
    """Return maps of the matrix and of all crystals, over all scans."""
    n = [m.shape[1] for m in maps]
    ends = np.cumsum([0, *n])
    result = [np.hstack([maps[0][0], ratio * maps[1][0], maps[2][0]])]
    for i, share in enumerate((1, ratio, 1)):
        for crystal in maps[i][1:]:
            row = np.zeros(sum(n))
            row[ends[i] : ends[i + 1]] = share * crystal
            result.append(row)
    return np.array(result)


def _beside_peer(found, true, counts):
    """Return the correlations of maps of each method, and of scikit-learn's."""
    _, peer = peer_of_counts(counts, len(true), max_iter=500)
    found = found | {"scikit-learn": peer}
    return {method: map_correlations(true, maps) for method, maps in found.items()}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", nargs="+", default=["wide", "several"])
    parser.add_argument("--dose", type=float, default=3000)
    parser.add_argument("--ratios", nargs="+", type=float, default=[1, 0.3, 0.1])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    methods = (*WEIGHTS, "scikit-learn")
    print(*("scene", "ratio", "seed", *methods), sep=" | ")
    for name in given.scenes:
        for ratio in given.ratios:
            for seed in given.seeds:
                if name == "several":
                    found = of_several(given.dose, ratio, seed)
                else:
                    found = of_one(name, given.dose, ratio, seed)
                told = (
                    f"{np.median(c):.2f} ({c.min():.2f}), {np.sum(c < 0.5)} lost"
                    for c in (found[method] for method in methods)
                )
                print(name, ratio, seed, *told, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
