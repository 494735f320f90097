"""Mean patterns of many kinds whose centre is known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hspy_cnmf.constraints.rings import pixel_radii

Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A mean pattern and its centre, (row, column) in pixels; None: not to be told."""

    kind: str
    pattern: np.ndarray
    center: tuple[float, float] | None


def _place(rng: Rng, shape: tuple[int, int], reach: float) -> np.ndarray:
    """Return a centre up to `reach` half widths from the middle of the detector."""
    middle = (np.array(shape) - 1) / 2
    return middle * (1 + rng.uniform(-reach, reach, 2))


def _shape(rng: Rng) -> tuple[int, int]:
    return int(rng.choice([64, 96, 128])), int(rng.choice([64, 96, 128]))


def _beam(rng: Rng, radii: np.ndarray, tail: float = 1.0) -> np.ndarray:
    width = rng.uniform(1.2, 4)
    disc = 1 / (1 + np.exp(np.clip((radii - width) / 0.4, -50, 50)))
    gaussian = np.exp(-((radii / width) ** 2))
    core = disc if rng.random() < 0.5 else gaussian
    height = 10 ** rng.uniform(2, 4)
    return height * core + tail * 60 * np.exp(-radii / rng.uniform(6, 14))


def _rings(rng: Rng, radii: np.ndarray) -> np.ndarray:
    first, width = rng.uniform(10, 22), rng.uniform(1.5, 6)
    level = sum(
        height * np.exp(-(((radii - place) / width) ** 2) / 2)
        for place, height in ((first, 30), (1.7 * first, 12), (2.3 * first, 6))
    )
    return level * rng.uniform(0.3, 2)


def _spots(rng: Rng, offsets: np.ndarray, friedel: float = 0.8) -> np.ndarray:
    """Return a lattice of spots; intensities at g and -g differ by 1 - `friedel`."""
    length, angle = rng.uniform(9, 20), rng.uniform(0, np.pi)
    other = angle + rng.uniform(1.0, 2.0)
    basis = length * np.array(
        [[np.cos(angle), np.sin(angle)], [np.cos(other), np.sin(other)]]
    )
    basis[1] *= rng.uniform(0.7, 1.4)
    pattern, width = np.zeros(offsets.shape[:2]), rng.uniform(0.8, 2)
    decay, shared = rng.uniform(12, 40), np.random.default_rng(int(rng.integers(1e9)))
    for h, k in np.ndindex(17, 17):
        index = np.array([h - 8, k - 8])
        if tuple(index) <= (0, 0):
            continue
        g = index @ basis
        height = 300 * np.exp(-np.hypot(*g) / decay) * shared.gamma(1.0)
        for sign in (1, -1):
            square = ((offsets - sign * g) ** 2).sum(axis=-1)
            change = friedel + (1 - friedel) * shared.gamma(1.0)
            pattern += change * height * np.exp(-square / (2 * width**2))
    return pattern


def _grid(rng: Rng, reach: float = 0.1, affine: np.ndarray | None = None):
    """Return a centre, and offsets and radii of the pixels about it."""
    shape = _shape(rng)
    center = _place(rng, shape, reach)
    offsets = np.stack(np.indices(shape), axis=-1) - center
    return center, offsets, pixel_radii(shape, center, affine)


def _counted(rng: Rng, expected: np.ndarray, dose: float | None = None) -> np.ndarray:
    n = 10 ** rng.uniform(0.5, 3) if dose is None else dose / expected.sum()
    return rng.poisson(n * expected) / n


def _content(rng: Rng, offsets: np.ndarray, radii: np.ndarray) -> np.ndarray:
    parts = rng.integers(1, 4)
    pattern = np.full(radii.shape, rng.uniform(0.1, 5))
    if parts & 1:
        pattern = pattern + _rings(rng, radii)
    if parts & 2:
        pattern = pattern + _spots(rng, offsets)
    return pattern


def _with_beam(rng: Rng, reach: float) -> tuple[np.ndarray, np.ndarray]:
    center, offsets, radii = _grid(rng, reach)
    return center, _counted(rng, _beam(rng, radii) + _content(rng, offsets, radii))


def _centred(rng):
    return _with_beam(rng, 0.1)


def _quarter(rng):
    return _with_beam(rng, 0.5)


def _outer(rng):
    return _with_beam(rng, 0.85)


def _masked(rng, reach=0.3):
    """Return what `structure_mask` leaves."""
    center, offsets, radii = _grid(rng, reach)
    pattern = _counted(rng, _beam(rng, radii) + _content(rng, offsets, radii))
    outer = min(min(c, n - 1 - c) for c, n in zip(center, radii.shape, strict=True))
    covered = (radii < rng.uniform(5, 9)) | (radii > outer + 0.5)
    return center, np.where(covered, np.nan, pattern)


def _masked_by_hand(rng):
    """Return a pattern whose beam is masked, not quite in the middle of the mask."""
    center, offsets, radii = _grid(rng, 0.3)
    pattern = _counted(rng, _beam(rng, radii) + _content(rng, offsets, radii))
    around = np.hypot(*(np.moveaxis(offsets, -1, 0) - rng.normal(0, 1.5, (2, 1, 1))))
    return center, np.where(around < rng.uniform(7, 11), np.nan, pattern)


def _stopped(rng):
    """Return a pattern with a beam stop, counts of nearly 0 that are not masked."""
    center, offsets, radii = _grid(rng, 0.3)
    pattern = _beam(rng, radii) + _content(rng, offsets, radii)
    aside = rng.normal(0, 1.0, 2)
    rows, columns = np.moveaxis(offsets, -1, 0) - aside[:, np.newaxis, np.newaxis]
    pattern[np.hypot(rows, columns) < rng.uniform(7, 10)] = 0.01
    pattern[(abs(rows) < 2) & (columns > 0)] = 0.01
    return center, _counted(rng, pattern)


def _saturated(rng):
    center, offsets, radii = _grid(rng, 0.6)
    expected = _beam(rng, radii, rng.uniform(0.5, 3)) + _content(rng, offsets, radii)
    limit = 2.0 ** rng.choice([6, 8, 12]) - 1
    single = np.minimum(rng.poisson(rng.uniform(0.5, 3) * expected, (6, *radii.shape)),
                        limit)  # fmt: skip
    return center, single.mean(axis=0)


def _rings_only(rng):
    center, _, radii = _grid(rng, 0.3)
    return center, _counted(rng, _rings(rng, radii) + rng.uniform(0.1, 3))


def _spots_only(rng):
    center, offsets, radii = _grid(rng, 0.3)
    diffuse = rng.uniform(1, 8) * np.exp(-radii / rng.uniform(15, 40))
    return center, _counted(rng, _spots(rng, offsets) + diffuse + 0.2)


def _elliptical(rng):
    affine = np.array([[1.0, 0.0], [rng.uniform(-0.1, 0.1), rng.uniform(0.8, 1.2)]])
    center, offsets, radii = _grid(rng, 0.4, affine)
    return center, _counted(rng, _beam(rng, radii) + _content(rng, offsets, radii))


def _low_dose(rng):
    center, offsets, radii = _grid(rng, 0.4)
    expected = _beam(rng, radii) + _content(rng, offsets, radii)
    return center, _counted(rng, expected, 10 ** rng.uniform(3, 4))


def _bad_pixels(rng):
    center, pattern = _with_beam(rng, 0.4)
    for _ in range(rng.integers(1, 6)):
        place = tuple(rng.integers(0, n) for n in pattern.shape)
        pattern[place] = pattern.max() * rng.uniform(0.5, 20)
    gap = rng.integers(10, min(pattern.shape) - 10)
    pattern[gap : gap + 2] = 0
    return center, pattern


def _sloping(rng):
    """Return a pattern with a slope over the detector, as of scattered light."""
    center, pattern = _with_beam(rng, 0.4)
    rows, columns = np.indices(pattern.shape) / max(pattern.shape)
    slope = 10 * (rows * rng.uniform(-1, 1) + columns * rng.uniform(-1, 1))
    return center, pattern + slope - slope.min()


def _discs(rng):
    """Return overlapping-free discs of a convergent beam, with lines across them."""
    center, offsets, radii = _grid(rng, 0.4)
    radius = rng.uniform(4, 8)
    pattern, length = np.full(radii.shape, 0.5), 2.4 * radius
    turn = rng.uniform(0, np.pi)
    axes = length * np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    for h, k in np.ndindex(9, 9):
        place = np.array([h - 4, k - 4]) @ axes
        apart = offsets - place
        inside = 1 / (
            1
            + np.exp(
                np.clip((np.hypot(*np.moveaxis(apart, -1, 0)) - radius) * 3, -50, 50)
            )
        )
        lines = 1 + 0.6 * np.sin(apart @ rng.normal(0, 0.5, 2) + rng.uniform(0, 6))
        height = (
            400
            if (h, k) == (4, 4)
            else 120 * np.exp(-np.hypot(*place) / 25) * rng.gamma(2) / 2
        )
        pattern += height * inside * lines
    return center, _counted(rng, pattern)


def _nothing(rng):
    """Return counts that are the same everywhere, or slope: no centre is to be told."""
    shape = _shape(rng)
    rows, columns = np.indices(shape) / max(shape)
    slope = rng.uniform(0, 1) * (rows + columns)
    return None, _counted(rng, 1 + slope)


def _off_detector(rng):
    """Return rings whose centre is off the detector."""
    shape = _shape(rng)
    turn = rng.uniform(0, 2 * np.pi)
    middle = (np.array(shape) - 1) / 2
    center = middle + 1.6 * max(middle) * np.array([np.cos(turn), np.sin(turn)])
    radii = pixel_radii(shape, center)
    rings = sum(np.exp(-(((radii - place) / 5) ** 2)) for place in (60, 90, 120))
    return None, _counted(rng, 20 * rings + 30 * np.exp(-radii / 40) + 1)


KINDS: dict[str, Callable] = {
    "beam in the middle": _centred,
    "beam in any quarter": _quarter,
    "beam near the edge": _outer,
    "what structure_mask leaves": _masked,
    "beam masked by hand": _masked_by_hand,
    "beam stop": _stopped,
    "saturated at 6, 8, 12 bits": _saturated,
    "rings only": _rings_only,
    "spots only": _spots_only,
    "elliptical": _elliptical,
    "1,000 to 10,000 electrons": _low_dose,
    "hot pixels and a gap": _bad_pixels,
    "sloping background": _sloping,
    "discs": _discs,
    "nothing": _nothing,
    "centre off the detector": _off_detector,
}


def bank(n_each: int, seed: int) -> Iterator[Case]:
    """Yield `n_each` patterns of each kind."""
    for number, (kind, make) in enumerate(KINDS.items()):
        for case in range(n_each):
            rng = np.random.default_rng([seed, number, case])
            center, pattern = make(rng)
            yield Case(
                kind, pattern, None if center is None else tuple(map(float, center))
            )
