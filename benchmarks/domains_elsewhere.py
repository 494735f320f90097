"""Maps of domains of scans with faults that no simulator of ours has.

``python -m benchmarks.domains_elsewhere`` prints one row for each kind: medians and
worst over seeds, as ``python -m benchmarks.domains`` does, where grains of one
hexagonal lattice are seen with cosmic rays, with pixels that flicker, while descan
moves patterns or rows jitter, on a pedestal of a camera, with a grain of a few
positions, in a wedge, as small as the steps of the scan, in stripes of one step, and as
particles in vacuum. Nothing of `hspy_cnmf.data` is used. With ``--numbers`` the
number of domains is sought, also by silhouettes of k-means and by the information
criterion of Gaussian mixtures, both of ten principal components.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from pyxem.signals import ElectronDiffraction2D

from benchmarks.domains import judged
from benchmarks.domains_bank import Case
from benchmarks.domains_peers import accuracy, peers, simple_numbers

#: Positions along each axis, pixels of the detector, and width of a spot, in pixels.
_SCAN, _SIZE, _WIDTH = 28, 64, 1.0

#: Shares of the electrons in the direct beam, and between spots.
_BEAM, _DIFFUSE = 0.3, 0.2


def _grains(
    generator: np.random.Generator,
    n_domains: int,
    shift: Callable | None = None,
    *,
    are_small: bool = False,
    labels: np.ndarray | None = None,
) -> tuple[np.ndarray, ...]:
    """Return labels, and shares of electrons: crystal, direct beam, and diffuse.

    Shares are (y, x, rows, columns), each of unit sum. Patterns of a position are
    shifted by `shift(row, column)` pixels. Small grains are of one position. Labels are
    drawn unless they are given.
    """
    n_grains = 2 * n_domains + 1
    places = generator.random((n_grains, 2)) * _SCAN
    grid = np.moveaxis(np.indices((_SCAN, _SCAN)), 0, -1)
    nearest = ((grid[..., np.newaxis, :] - places) ** 2).sum(axis=-1).argmin(axis=-1)
    labels = nearest % n_domains if labels is None else labels
    if are_small:
        labels = generator.integers(n_domains, size=labels.shape)
    crystals = [_crystal(generator) for _ in range(n_domains)]
    beam = np.zeros((1, 2)), np.ones(1)
    shape = _SCAN, _SCAN, _SIZE, _SIZE
    parts = np.empty((3, *shape))
    for position in np.ndindex(_SCAN, _SCAN):
        moved = np.zeros(2) if shift is None else shift(*position)
        radii = np.hypot(*(np.indices(shape[2:]) - _middle(moved)))
        images = _spots(*crystals[labels[position]], moved), _spots(*beam, moved)
        for part, image in zip(
            parts, (*images, np.exp(-5 * radii / _SIZE)), strict=True
        ):
            part[position] = image / image.sum()
    return labels, *parts


def _crystal(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return places of spots about the centre, (n, 2), and intensities of Friedel's."""
    h, k = (i.ravel() for i in np.mgrid[-6:7, -6:7])
    turn = generator.uniform(0, np.pi / 3)
    axes = [(np.sin(a), np.cos(a)) for a in (turn, turn + np.pi / 3)]
    places = 11 * np.stack([h, k], axis=1) @ np.array(axes)
    strengths = generator.lognormal(0, 0.7, len(h))
    strengths = strengths * strengths[::-1]
    strengths = strengths * np.exp(-(places**2).sum(axis=1) / 2 / (_SIZE / 5) ** 2)
    is_spot = (h != 0) | (k != 0)
    return places[is_spot], strengths[is_spot]


def _middle(moved: np.ndarray) -> np.ndarray:
    return (moved + (_SIZE - 1) / 2)[:, np.newaxis, np.newaxis]


def _spots(places: np.ndarray, strengths: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return an image of spots."""
    along = np.arange(_SIZE) - (_SIZE - 1) / 2
    rows, columns = (
        np.exp(-((along - place[:, np.newaxis]) ** 2) / 2 / _WIDTH**2)
        for place in (places + moved).T
    )
    return np.einsum("n,ni,nj->ij", strengths, rows, columns)


def _mixed(crystal: np.ndarray, beam: np.ndarray, diffuse: np.ndarray) -> np.ndarray:
    return (1 - _BEAM - _DIFFUSE) * crystal + _BEAM * beam + _DIFFUSE * diffuse


def _case(counts: np.ndarray, labels: np.ndarray, *, are_small: bool = False) -> Case:
    """Return a case; positions next to another label are boundary, but of small grains.

    Of these there would be no other positions.
    """
    signal = ElectronDiffraction2D(counts.astype(np.uint16))
    boundary = np.zeros(labels.shape, bool)
    if are_small:
        return Case(signal, labels, boundary)
    rows, columns = np.diff(labels, axis=0) != 0, np.diff(labels, axis=1) != 0
    for side in (slice(None, -1), slice(1, None)):
        boundary[side] |= rows
        boundary[:, side] |= columns
    return Case(signal, labels, boundary)


def with_rays(seed: int, per_pattern: float) -> Case:
    """Return grains of 300 electrons, with rays that leave 50 to 3000."""
    generator = np.random.default_rng(seed)
    labels, *parts = _grains(generator, 4)
    counts = generator.poisson(300 * _mixed(*parts))
    rays = generator.random(counts.shape) < per_pattern / _SIZE**2
    counts[rays] += generator.integers(50, 3000, np.count_nonzero(rays))
    return _case(counts, labels)


def with_flicker(seed: int) -> Case:
    """Return grains of 500 electrons, with four pixels that flicker."""
    generator = np.random.default_rng(seed)
    labels, *parts = _grains(generator, 4)
    counts = generator.poisson(500 * _mixed(*parts))
    for row, column in generator.integers(_SIZE, size=(4, 2)):
        is_on = generator.random(labels.shape) < 0.3
        counts[..., row, column] = generator.integers(50, 300) * is_on
    return _case(counts, labels)


def with_descan(seed: int, reach: float) -> Case:
    """Return grains of 1000 electrons whose patterns move over a scan, in pixels."""
    generator = np.random.default_rng(seed)

    def shift(row: int, column: int) -> np.ndarray:
        return np.array([row + column / 4, column]) * reach / _SCAN

    labels, *parts = _grains(generator, 3, shift)
    return _case(generator.poisson(1000 * _mixed(*parts)), labels)


def with_jitter(seed: int, jitter: float) -> Case:
    """Return grains of 500 electrons whose rows of a scan jitter, in pixels."""
    generator = np.random.default_rng(seed)
    shifts = generator.normal(0, jitter, (_SCAN, 2))
    labels, *parts = _grains(generator, 3, lambda row, _: shifts[row])
    return _case(generator.poisson(500 * _mixed(*parts)), labels)


def on_a_pedestal(seed: int) -> Case:
    """Return grains of 4000 counts, to which a camera adds 1000 a pixel, and noise."""
    generator = np.random.default_rng(seed)
    labels, *parts = _grains(generator, 3)
    counts = 8 * generator.poisson(500 * _mixed(*parts))
    added = generator.normal(1000, 10, counts.shape)
    return _case(np.rint(counts + added), labels)


def of_few_positions(seed: int) -> Case:
    """Return two grains of 600 electrons, and a third of eight positions."""
    generator = np.random.default_rng(seed)
    labels = (np.mgrid[:_SCAN, :_SCAN][1] > generator.integers(9, 18)).astype(int)
    row, column = generator.integers(4, _SCAN - 6, 2)
    labels[row : row + 2, column : column + 4] = 2
    labels, *parts = _grains(generator, 3, labels=labels)
    counts = generator.poisson(600 * _mixed(*parts))
    return _case(counts, labels, are_small=True)


def of_one_position(seed: int) -> Case:
    """Return grains of 300 electrons that are as small as the steps of a scan."""
    generator = np.random.default_rng(seed)
    labels, *parts = _grains(generator, 3, are_small=True)
    counts = generator.poisson(300 * _mixed(*parts))
    return _case(counts, labels, are_small=True)


def in_a_wedge(seed: int) -> Case:
    """Return grains of up to 400 electrons, 0 to 2 extinction lengths thick."""
    generator = np.random.default_rng(seed)
    labels, crystal, beam, diffuse = _grains(generator, 3)
    thick = np.linspace(0.05, 2.05, _SCAN)[:, np.newaxis, np.newaxis]
    bragg, left = np.sin(1.7 * thick) ** 2 * np.exp(-thick / 3), np.exp(-thick / 3)
    counts = 600 * (bragg * crystal + 0.7 * (left - bragg).clip(0) * beam)
    counts += 360 * (1 - np.exp(-thick / 2)) * diffuse
    return _case(generator.poisson(counts), labels)


def in_stripes(seed: int) -> Case:
    """Return stripes of one position of 300 electrons, beside a grain."""
    labels = np.mgrid[:_SCAN, :_SCAN][1] % 2
    labels[:8] = 2
    labels, *parts = _grains(np.random.default_rng(seed), 3, labels=labels)
    counts = np.random.default_rng(seed).poisson(300 * _mixed(*parts))
    return _case(counts, labels, are_small=True)


def in_vacuum(seed: int) -> Case:
    """Return particles of three kinds in vacuum, of 300 electrons."""
    generator = np.random.default_rng(seed)
    labels, places = np.zeros((_SCAN, _SCAN), int), np.indices((_SCAN, _SCAN))
    for k in range(6):
        middle = generator.uniform(3, _SCAN - 3, (2, 1, 1))
        labels[np.hypot(*(places - middle)) < generator.uniform(1.5, 2.8)] = 1 + k % 3
    _, crystal, beam, diffuse = _grains(generator, 4, labels=labels)
    expected = _mixed(crystal, beam, diffuse)
    vacuum = labels == 0
    expected[vacuum] = 0.99 * beam[vacuum] + 0.01 * diffuse[vacuum]
    return _case(generator.poisson(300 * expected), labels)


#: Kinds by name.
KINDS: dict[str, Callable[[int], Case]] = {
    "a ray in 12 patterns": lambda seed: with_rays(seed, 0.08),
    "0.8 rays a pattern": lambda seed: with_rays(seed, 0.8),
    "pixels that flicker": with_flicker,
    "descan of 3 pixels": lambda seed: with_descan(seed, 3.0),
    "descan of 6 pixels": lambda seed: with_descan(seed, 6.0),
    "rows that jitter": lambda seed: with_jitter(seed, 1.6),
    "pedestal": on_a_pedestal,
    "grain of a few positions": of_few_positions,
    "wedge": in_a_wedge,
    "grains of one position": of_one_position,
    "stripes of one position": in_stripes,
    "particles in vacuum": in_vacuum,
}


def row(kind: str, seeds: list[int], has_peers: bool) -> str:
    """Return the row of a kind."""
    cells, maps = [], []
    for seed in seeds:
        case = KINDS[kind](seed)
        ours = judged(case, seed)
        maps.append(f"{ours['accuracy']:.3f}" + "*" * ours["doubted"])
        cells.append((ours["sure"], ours["error"]))
        if has_peers:
            simple = peers(case, case.n_domains, seed).values()
            maps[-1] += f" ({max(accuracy(labels, case) for labels in simple):.3f})"
    sure, error = np.array(cells).T
    least = np.nanmin(sure) if np.isfinite(sure).any() else np.nan
    return f"{kind} | {', '.join(maps)} | {least:.3f} | {error.max():.3f}"


def numbers(kind: str, seeds: list[int]) -> str:
    """Return the numbers of domains that are found of a kind."""
    cells = []
    for seed in seeds:
        case = KINDS[kind](seed)
        sought = {"print_info": False, "show_progressbar": False, "random_state": seed}
        domains = case.signal.map_domains(**sought)
        found = f"{domains.n_domains}" + "*" * bool(domains.doubts)
        true = len(np.unique(case.labels))
        cells.append(f"{found} of {true} ({', '.join(map(str, simple_numbers(case)))})")
    return f"{kind} | {', '.join(cells)}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, nargs="*", default=[100, 101])
    add("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    add("--no-peers", action="store_true", help="leave out the simple methods")
    add("--numbers", action="store_true", help="seek the number of domains, only")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    head = "kind | right (best simple method); * doubted | where sure | error"
    if arguments.numbers:
        head = "kind | number found (by silhouettes, by mixtures); * doubted"
    print(head, flush=True)
    for kind in arguments.kinds:
        if arguments.numbers:
            text = numbers(kind, arguments.seeds)
        else:
            text = row(kind, arguments.seeds, not arguments.no_peers)
        print(text, flush=True)


if __name__ == "__main__":
    main()
