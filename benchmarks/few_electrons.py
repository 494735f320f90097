"""Which components are found where patterns have few electrons.

``python -m benchmarks.few_electrons`` prints, for each scene, dose and seed, the
correlations of maps with the truth, the cosines of factors, what maps are over the true
ones, in electrons, by least squares, and the relative distance of the map of the matrix
from the true one, which is nearly flat: of the default, without
the summing of pixels, with Poisson weights, of square roots of counts, of the default
on summed pixels, whose maps are then kept on all pixels, and of scikit-learn, by
squares and by the Kullback-Leibler divergence, this on summed pixels, too. Scenes are
``four_phases``, and six crystals in an amorphous matrix on 256 x 256 pixels, of spots
that are ``wide``, ``middling`` or ``narrow``.
"""

import argparse
import warnings
from itertools import product

import numpy as np
from pyxem.signals import ElectronDiffraction2D
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF

from benchmarks.likeness import correlations, cosines
from hspy_cnmf import data

#: Components that are asked for beyond those that are there.
_TOO_MANY = 2

#: Standard deviations of spots, in pixels.
WIDTHS = {"wide": 5.0, "middling": 2.5, "narrow": 1.0}

#: Positions and pixels along each axis, crystals, and their share at the most.
_POSITIONS, _PIXELS, _CRYSTALS, _SHARE = 32, 256, 6, 0.4


def crystals(width, dose, seed):
    """Return counts of crystals of random lattices, true factors and true maps."""
    rng, n = np.random.default_rng(seed), _PIXELS
    axis = np.arange(n) - n / 2
    rows, columns = np.meshgrid(axis, axis, indexing="ij")
    radii = np.hypot(rows, columns)
    rings = np.exp(-0.5 * ((radii - 0.2 * n) / (0.03 * n)) ** 2)
    rings += 0.5 * np.exp(-radii / (0.2 * n))
    factors = [rings / rings.sum()]
    maps, places = [], np.indices((_POSITIONS, _POSITIONS))
    for _ in range(_CRYSTALS):
        lengths, turn = n * rng.uniform(0.12, 0.22, 2), rng.uniform(0, 2 * np.pi)
        angles = turn + np.array([0, rng.uniform(1, 2)])
        basis = lengths[:, np.newaxis] * np.stack([np.cos(angles), np.sin(angles)], 1)
        pattern = np.zeros((n, n))
        for index in np.ndindex(9, 9):
            spot = (np.array(index) - 4) @ basis
            if not spot.any() or np.abs(spot).max() > n / 2 - 4:
                continue
            far = (rows - spot[0]) ** 2 + (columns - spot[1]) ** 2
            height = rng.gamma(1.5) * np.exp(-np.hypot(*spot) / (0.3 * n))
            pattern += height * np.exp(-0.5 * far / width**2)
        factors.append(pattern / pattern.sum())
        center = rng.uniform(4, _POSITIONS - 5, (2, 1, 1))
        far = ((places - center) ** 2).sum(axis=0) / rng.uniform(3, 5.5) ** 2
        maps.append(_SHARE * np.sqrt(np.clip(1 - far, 0, None)))
    maps = np.array(maps) / np.maximum(np.sum(maps, axis=0) / _SHARE, 1)
    maps = np.concatenate([1 - maps.sum(axis=0, keepdims=True), maps])
    maps, factors = maps.reshape(len(maps), -1), np.reshape(factors, (len(maps), -1))
    counts = rng.poisson(dose * maps.T @ factors).astype(np.uint16)
    shape = 2 * (_POSITIONS,) + 2 * (n,)
    return ElectronDiffraction2D(counts.reshape(shape)), factors, maps


def scene(name, dose, seed):
    """Return the signal of a scene, true factors and true maps."""
    if name in WIDTHS:
        signal, factors, maps = crystals(WIDTHS[name], dose, seed)
        return signal, factors, dose * maps
    signal, truth = data.four_phases(dose=dose, random_state=seed, return_truth=True)
    return signal, *(s.data.reshape(4, -1) for s in (truth.factors, truth.loadings))


def decompose(signal, n_components, **settings):
    """Decompose; return the factors and the maps that are not empty."""
    signal.decomposition(
        algorithm="constrained_nmf",
        output_dimension=n_components,
        random_state=0,
        print_info=False,
        show_progressbar=False,
        **settings,
    )
    found = signal.learning_results
    full = found.loadings.any(axis=0)
    return np.nan_to_num(found.factors.T[full]), found.loadings.T[full]


def not_summed(signal, n_components):
    """Decompose floats, which are not taken for counts: their pixels are not summed."""
    floats = signal.deepcopy()
    floats.change_dtype(np.float32)
    return decompose(floats, n_components)


def summed(signal, n_components, binning):
    """Decompose summed pixels, then all pixels with the maps of that."""
    coarse = signal.rebin(scale=(1, 1, binning, binning))
    _, maps = decompose(coarse, n_components)
    maps = maps.reshape(-1, *signal.data.shape[:2])
    return decompose(signal, len(maps), fixed_loadings=maps)


def stabilised(signal, n_components):
    """Decompose square roots, of one variance; then the counts, with those maps."""
    roots = signal.deepcopy()
    roots.data = np.sqrt(signal.data + 0.375) - np.sqrt(0.375)
    _, maps = decompose(roots, n_components)
    maps = maps.reshape(-1, *signal.data.shape[:2])
    return decompose(signal, len(maps), fixed_loadings=maps)


def peer(signal, n_components, **settings):
    """Factorise with scikit-learn; return factors and maps."""
    counts = signal.data.reshape(-1, signal.data[0, 0].size)
    return peer_of_counts(counts, n_components, **settings)


def peer_of_counts(counts, n_components, **settings):
    """Factorise counts, (n_positions, n_pixels), likewise."""
    settings = {"init": "nndsvda", "max_iter": 300, "random_state": 0} | settings
    model = NMF(n_components, **settings)
    maps = model.fit_transform(counts.astype(float))
    return model.components_, maps.T


def divergence(signal, n_components, binning):
    """Factorise summed pixels by their divergence, and solve for all pixels."""
    coarse = signal.rebin(scale=(1, 1, binning, binning))
    _, maps = peer(coarse, n_components, solver="mu", beta_loss="kullback-leibler")
    counts = signal.data.reshape(maps.shape[1], -1).astype(float)
    factors = np.linalg.lstsq(maps @ maps.T, maps @ counts, rcond=None)[0]
    return np.maximum(factors, 0), maps


def ways(signal, n_true, binnings):
    """Return what factorises the signal, by name."""
    n_asked = n_true + _TOO_MANY
    normalized = {"normalize_poissonian_noise": True}
    methods = {
        "default": lambda: decompose(signal, n_asked),
        "not summed": lambda: not_summed(signal, n_asked),
        "Poisson weights": lambda: decompose(signal, n_asked, **normalized),
        "square roots": lambda: stabilised(signal, n_asked),
        "scikit-learn": lambda: peer(signal, n_true),
    }
    for n in binnings:
        methods[f"{n} x {n} pixels summed"] = lambda n=n: summed(signal, n_asked, n)
        methods[f"divergence, {n} x {n}"] = lambda n=n: divergence(signal, n_true, n)
    return methods


def measure(name, dose, seed, binnings, chosen):
    """Print a row for each method whose name begins with one of those chosen."""
    signal, factors, maps = scene(name, dose, seed)
    for way, run in ways(signal, len(maps), binnings).items():
        if not way.startswith(tuple(chosen)):
            continue
        found = run()
        electrons = found[1] * found[0].sum(axis=1, keepdims=True)
        likeness = correlations(maps, electrons)
        true, own = linear_sum_assignment(-likeness)
        likely = np.zeros((3, len(maps)))
        likely[0, true] = likeness[true, own]
        likely[1, true] = cosines(factors, found[0])[true, own]
        likely[2, true] = np.einsum("ij,ij->i", electrons[own], maps[true])
        likely[2] /= np.square(maps).sum(axis=1)
        matrix = electrons[own[0]] if true[0] == 0 else np.zeros(maps.shape[1])
        off_by = np.linalg.norm(matrix - maps[0]) / np.linalg.norm(maps[0])
        cells = [" ".join(f"{v:.2f}" for v in row) for row in likely]
        row = f"| {name} | {dose:g} | {seed} | {way} | {len(found[1])} |"
        print(row, " | ".join(cells), f"| {off_by:.3f} |", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", nargs="+", default=["four_phases"])
    parser.add_argument("--doses", type=float, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--binnings", type=int, nargs="+", default=[2, 4])
    parser.add_argument(
        "--methods", nargs="+", default=[""], help="beginnings of names"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "| scene | electrons | seed | | found | maps: matrix, crystals | factors | "
        "amounts | matrix off by |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, dose, seed in product(options.scenes, options.doses, options.seeds):
        measure(name, dose, seed, options.binnings, options.methods)


if __name__ == "__main__":
    main()
