"""Scans and spectra of other kinds than those of `benchmarks.scenes`.

``python -m benchmarks.other_scenes`` prints, of seeds 0 to 2, the lowest cosine of
crystals' patterns (or spectra) and the lowest correlation of their maps with the truth:
of the default, of the same without smoothing of maps, and of scikit-learn's NMF, by
squares. In a convergent probe's discs intensities vary; oblong scans and detectors have
dead rows; a wedge grows twentyfold; grains fill the scan or lie beside a vacuum.
"""

import argparse
import warnings

import hyperspy.api as hs
import numpy as np
from pyxem.signals import ElectronDiffraction2D
from scipy.ndimage import gaussian_filter

from benchmarks.scenes import found_in, of_scikit_learn, score
from hspy_cnmf import structure_mask

_DIFFRACTION = "probe", "vacuum", "wedge", "oblong", "glasses", "grains"
KINDS = (*_DIFFRACTION, "edx", "raman")

_SPOTS, _N_CHANNELS = 5, 300


def areas(rng, shape, n, softness):
    """Return maps of areas that smooth noise lies high in, from 0 to 1."""
    fields = [gaussian_filter(rng.standard_normal(shape), min(shape) / 8)
              for _ in range(n)]  # fmt: skip
    levels = [np.quantile(field, rng.uniform(0.7, 0.85)) for field in fields]
    off = [(f - q) / (softness * f.std()) for f, q in zip(fields, levels, strict=True)]
    return 1 / (1 + np.exp(-np.clip(off, -50, 50)))


def glass(radii, largest, times):
    """Return an amorphous pattern of unit sum with two rings."""
    pattern = 0.5 * np.exp(-radii / (0.4 * largest))
    for place, width, height in ((0.45, 0.08, 1), (0.8, 0.1, 0.4)):
        off = (radii - times * place * largest) / (width * largest)
        pattern = pattern + height * np.exp(-0.5 * off**2)
    return pattern / pattern.sum()


def discs(rng, dy, dx, radius, spacing, varies):
    """Return a pattern of discs on a lattice, in which intensities vary or do not."""
    angle, between = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.55) * np.pi
    angles, lengths = (angle, angle + between), spacing * rng.uniform(0.9, 1.2, 2)
    basis = (lengths * [np.sin(angles), np.cos(angles)]).T
    pattern, reach = np.zeros(dx.shape), 0.35 * max(dx.shape)
    for h in range(-_SPOTS, _SPOTS + 1):
        for k in range(-_SPOTS, _SPOTS + 1):
            place = h * basis[0] + k * basis[1]
            off = dy - place[0], dx - place[1]
            if h == k == 0 or np.hypot(*off).min() > radius:
                continue
            disc = np.clip(radius - np.hypot(*off) + 0.5, 0, 1)
            if varies:
                turn, line = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
                along = (off[0] * np.sin(turn) + off[1] * np.cos(turn)) / radius
                disc = disc * np.clip(1 + 0.7 * along, 0, None)
                disc *= 1 - 0.7 * np.exp(-0.5 * ((along - line) / 0.25) ** 2)
            fall = np.exp(-((np.hypot(*place) / reach) ** 2))
            pattern += disc * rng.exponential() * fall
    return pattern / pattern.sum()


def diffraction(kind, seed):
    """Return counts, true patterns and maps, how many are amorphous, and the centre."""
    rng = np.random.default_rng([seed, 77, KINDS.index(kind)])
    scan, detector = ((9, 70), (40, 76)) if kind == "oblong" else ((26, 22), (60, 52))
    dose = float(np.exp(rng.uniform(np.log(500), np.log(20000))))
    n = int(rng.integers(3, 6))
    center = np.array(detector) / 2 - 0.5 + rng.normal(0, 0.7, 2)
    dy, dx = np.indices(detector) - center[:, np.newaxis, np.newaxis]
    radii, largest = np.hypot(dy, dx), min(detector) / 2
    radius = rng.uniform(3, 4.5) if kind == "probe" else rng.uniform(1.2, 2.5)
    spacing = max(rng.uniform(8, 12), 2.2 * radius)
    varies = kind == "probe"
    crystals = [discs(rng, dy, dx, radius, spacing, varies) for _ in range(n)]
    maps = areas(rng, scan, n, 0.02 if kind == "vacuum" else 0.25)
    y, x = np.indices(scan) / np.reshape(scan, (2, 1, 1))
    waves = rng.uniform(0.3, 1, 2)
    thickness = 1 + 0.2 * np.cos(2 * np.pi * (x * waves[0] + y * waves[1]))
    amorphous, matrix = [], []
    if kind in ("probe", "wedge", "oblong"):
        amorphous = [glass(radii, largest, 1)]
        matrix = [np.full(scan, rng.uniform(0.5, 1.5))]
    if kind == "wedge":
        thickness = 0.15 + 2.5 * x
    if kind == "glasses":
        (part,) = areas(rng, scan, 1, 0.25)
        amorphous, matrix = (
            [glass(radii, largest, t) for t in (1, 1.3)],
            [part, 1 - part],
        )
    if kind == "vacuum":
        maps[..., : scan[1] // 3] = 0
    if kind == "grains":
        noise = rng.standard_normal((n, *scan))
        own = gaussian_filter(noise, (0, 3, 3)).argmax(axis=0)
        grains = (own == np.arange(n)[:, np.newaxis, np.newaxis]).astype(float)
        maps = gaussian_filter(grains, (0, 0.6, 0.6))
    factors = np.array([*amorphous, *crystals])
    loadings = np.array([*matrix, *maps]) * thickness
    mean = np.tensordot(loadings, factors, (0, 0))
    mean *= dose / mean.sum(axis=(2, 3)).mean()
    beam = np.clip(radius - radii + 0.5, 0, 1)
    counts = rng.poisson(mean + dose * rng.uniform(0.5, 2) * beam / beam.sum())
    if kind == "oblong":
        counts[..., rng.integers(4, 36), :] = 0
        counts[..., rng.integers(4, 70)] = 0
    return counts.astype(np.uint16), factors, loadings, len(amorphous), center


def spectra(kind, seed):
    """Return spectra, the true ones and maps, and how many are a background."""
    rng = np.random.default_rng([seed, 78, KINDS.index(kind)])
    scan, channels = (28, 24), np.arange(_N_CHANNELS)
    n, lines, factors = int(rng.integers(3, 6)), rng.uniform(20, 280, 10), []
    for _ in range(n):
        spectrum = np.zeros(_N_CHANNELS)
        for place in rng.choice(lines, rng.integers(2, 6), replace=False):
            off, height = channels - place, rng.uniform(0.3, 1)
            if kind == "edx":
                spectrum += height * np.exp(-0.5 * (off / 3) ** 2)
            else:
                spectrum += height / (1 + (off / rng.uniform(2, 6)) ** 2)
        if kind == "edx":
            slope = (_N_CHANNELS - channels) / (channels + 15)
            absorbed = 1 - np.exp(-channels / 20)
            spectrum += rng.uniform(0.02, 0.1) * slope * absorbed
        factors.append(spectrum / spectrum.sum())
    fields = gaussian_filter(rng.standard_normal((n, *scan)), (0, 3, 3))
    maps = np.exp(2.5 * fields / fields.std(axis=(1, 2), keepdims=True))
    maps /= maps.sum(axis=0)
    y, x = np.indices(scan)
    if kind == "edx":
        maps = maps * (0.5 + x / scan[1])
        dose = np.exp(rng.uniform(np.log(50), np.log(2000)))
        counts = rng.poisson(dose * np.tensordot(maps, factors, (0, 0)))
        return counts.astype(np.uint16), np.array(factors), maps, 0
    maps = maps * np.exp(1.5 * gaussian_filter(rng.standard_normal(scan), 2))
    glow = np.exp(-channels / 150)
    factors = np.array([glow / glow.sum(), *factors])
    maps = np.array([rng.uniform(0.5, 2) * (1 + 0.5 * np.sin(y / 5)), *maps])
    mean = 1e4 * np.tensordot(maps, factors, (0, 0))
    noisy = rng.normal(mean, np.sqrt(mean) + rng.uniform(0.5, 3))
    return np.maximum(noisy, 0).astype(np.float32), factors, maps, 1


def signal_of(kind, seed):
    """Return a signal, its mask, pixels that take part, and what is true of it.

    That are patterns, maps, and how many of them are amorphous or a background.
    """
    if kind in _DIFFRACTION:
        data, *truth, center = diffraction(kind, seed)
        signal = ElectronDiffraction2D(data)
        signal.calibration.center = tuple(center[::-1])
        mask = structure_mask(signal)
        return signal, mask, ~mask.data, *truth
    data, *truth = spectra(kind, seed)
    return hs.signals.Signal1D(data), None, np.ones(_N_CHANNELS, bool), *truth


def row(kind, seed):
    """Return scores of the default, of it without smoothing, and of scikit-learn."""
    signal, mask, pixels, factors, loadings, n_rest = signal_of(kind, seed)
    data = signal.data
    n = len(factors)
    true = factors[:, pixels], loadings.reshape(n, -1)
    ways = [
        found_in(signal, mask, n, 2, **settings)
        for settings in ({}, {"loading_constraint": None})
    ]
    ways.append(of_scikit_learn(data, pixels, n))
    return [score(true, way, n_rest) for way in ways]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = "default", "no smoothing", "scikit-learn"
    print(f"| kind | seed | {' | '.join(heads)} |\n|---|---{'|---' * len(heads)}|")
    for kind in options.kinds:
        for seed in options.seeds:
            pairs = (f"{s[0]:.3f}, {s[2]:.3f}" for s in row(kind, seed))
            print(f"| {kind} | {seed} | {' | '.join(pairs)} |", flush=True)


if __name__ == "__main__":
    main()
