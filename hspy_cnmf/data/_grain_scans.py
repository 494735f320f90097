"""Scans over grains: counted, with their truth."""

from typing import Any

import dask.array as da
import numpy as np
from hyperspy.signals import Signal2D
from pyxem.signals import ElectronDiffraction2D
from scipy.ndimage import gaussian_filter

from hspy_cnmf.data._checks import check_positive, check_shape, seed_sequence
from hspy_cnmf.data._counting import NOISE_STREAM, _scan_chunks, child_seed
from hspy_cnmf.data._domain_maps import smooth_field
from hspy_cnmf.data._grain_patterns import Drawing, Scene
from hspy_cnmf.data._layered_domains import DomainTruth
from hspy_cnmf.data._simulation import (
    Recorded,
    _calibrate_scan,
    _diffraction_signal,
    microscope,
)

#: Positions whose patterns are drawn together, which bounds memory.
_BLOCK = 256

#: Share of the electrons below which a domain does not stand for a position.
_CLEAR = 0.9


def record_scene(
    scene: Scene,
    detector_shape: tuple[int, int],
    *,
    dose: float | None,
    seed: np.random.SeedSequence,
    lazy: bool,
    chunks: Any,
    return_truth: bool,
) -> ElectronDiffraction2D | tuple[ElectronDiffraction2D, DomainTruth]:
    """Return the signal of a scene, and the truth where that is asked for.

    Notes
    -----
    Every position has a random generator of its own, as in `count_electrons`.
    """
    dose = None if dose is None else check_positive("dose", dose)
    drawing = Drawing.of(scene, detector_shape)
    dtype = np.dtype(np.float32 if dose is None else _count_dtype(dose))
    options: dict[str, Any] = {
        "drawing": drawing,
        "dose": dose,
        "seed": seed,
        "sample_type": dtype,
    }
    rows, columns = (np.arange(size) for size in scene.shares.shape[1:])
    if lazy:
        shape = scene.shares.shape[1:] + detector_shape
        sizes = _scan_chunks(chunks, shape, dtype)
        data = da.blockwise(
            _fill,
            "yxvu",
            *(da.from_array(rows, chunks=(sizes[0],)), "y"),
            *(da.from_array(columns, chunks=(sizes[1],)), "x"),
            new_axes=dict(zip("vu", detector_shape, strict=True)),
            concatenate=True,
            meta=np.empty((0, 0, 0, 0), dtype),
            n_columns=columns.size,
            **options,
        )
    else:
        data = _fill(rows, columns, n_columns=columns.size, **options)
    specimen = Recorded(f"{scene.title} (simulated)", microscope(detector_shape, 1.0))
    signal = _diffraction_signal(data, specimen)
    return (signal, _truth(scene, drawing, specimen)) if return_truth else signal


def _count_dtype(dose: float) -> type:
    """Return a type that holds all electrons of a pattern in one pixel."""
    return np.uint16 if dose + 12 * np.sqrt(dose) + 20 < 2**16 else np.uint32


def _fill(
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    drawing: Drawing,
    n_columns: int,
    dose: float | None,
    seed: np.random.SeedSequence,
    sample_type: np.dtype,
) -> np.ndarray:
    """Return the patterns of one block of the scan, (rows, columns, ky, kx)."""
    positions = (rows[:, np.newaxis] * n_columns + columns).ravel()
    block = np.empty((len(positions), *drawing.shape), sample_type)
    for start in range(0, len(positions), _BLOCK):
        some = positions[start : start + _BLOCK]
        expected = drawing.expected(some)
        for k, (place, pattern) in enumerate(zip(some, expected, strict=True)):
            if dose is not None:
                row, column = divmod(int(place), n_columns)
                key = (*seed.spawn_key, NOISE_STREAM, row, column)
                sequence = np.random.SeedSequence(seed.entropy, spawn_key=key)
                generator = np.random.Generator(np.random.SFC64(sequence))
                pattern = generator.poisson(dose * pattern)
            block[start + k] = pattern
    return block.reshape(rows.size, columns.size, *drawing.shape)


def _truth(scene: Scene, drawing: Drawing, specimen: Recorded) -> DomainTruth:
    """Return the domains of a scene as signals."""
    n_domains = len(scene.names)
    of_domain = np.stack(
        [scene.shares[scene.domains == k].sum(axis=0) for k in range(n_domains)]
    )
    labels = of_domain.argmax(axis=0) if scene.labels is None else scene.labels
    share = np.take_along_axis(of_domain, labels[np.newaxis], axis=0)[0]
    boundary = share < _CLEAR if scene.boundary is None else scene.boundary
    turns = np.array([grain.orientation for grain in scene.grains])
    maps = {
        "labels": labels,
        "boundary": boundary,
        "share": share,
        "orientations": turns[scene.shares.argmax(axis=0)],
    }
    signals = {}
    for name, values in maps.items():
        signals[name] = Signal2D(values)
        _calibrate_scan(signals[name].axes_manager.signal_axes, specimen.calibration)
        title = f"{name.capitalize()} of {specimen.title}"
        signals[name].metadata.General.title = title
    factors = _diffraction_signal(_domain_patterns(scene, drawing), specimen)
    factors.metadata.General.title = f"Factors of {specimen.title}"
    factors.axes_manager.navigation_axes[0].name = "Domain"
    return DomainTruth(**signals, names=scene.names, factors=factors)


def _domain_patterns(scene: Scene, drawing: Drawing) -> np.ndarray:
    """Return the pattern of the largest grain of each domain, of unit sum."""
    still = Drawing(
        **{
            **drawing.__dict__,
            "shares": np.eye(len(scene.grains)),
            "variation": np.tile([0.0, 1.0, 0.0, 0.0], (len(scene.grains), 1)),
            "bending": np.zeros((len(scene.grains), 2)),
        }
    )
    sizes = scene.shares.sum(axis=(1, 2))
    largest = [
        int(np.argmax(np.where(scene.domains == k, sizes, -1)))
        for k in range(len(scene.names))
    ]
    patterns = still.expected(np.array(largest))
    return patterns / patterns.sum(axis=(1, 2), keepdims=True)


def voronoi(
    shape: tuple[int, int], n_cells: int, generator: np.random.Generator
) -> np.ndarray:
    """Return the cell of each position of a tessellation, (y, x), all of them there."""
    points = generator.uniform(size=(1, 2))
    while len(points) < n_cells:  # the candidate that is furthest from the others
        candidates = generator.uniform(size=(10, 2))
        gaps = np.linalg.norm(candidates[:, np.newaxis] - points, axis=-1).min(axis=1)
        points = np.concatenate([points, candidates[[gaps.argmax()]]])
    places = [(np.arange(n) + 0.5) / n for n in shape]
    y, x = np.meshgrid(*places, indexing="ij")
    squares = (y[..., np.newaxis] - points[:, 0]) ** 2
    squares += (x[..., np.newaxis] - points[:, 1]) ** 2
    return squares.argmin(axis=-1)


def shares_of(cells: np.ndarray, n_cells: int, probe: float) -> np.ndarray:
    """Return shares of cells as a probe sees them, (n_cells, y, x).

    Parameters
    ----------
    cells : numpy.ndarray of int, shape (y, x)
    n_cells : int
    probe : float
        Standard deviation of the probe in positions; 0 for sharp boundaries.
    """
    maps = (cells == np.arange(n_cells)[:, np.newaxis, np.newaxis]).astype(float)
    if probe:
        maps = gaussian_filter(maps, (0, probe, probe), mode="nearest", truncate=3)
        maps = np.where(maps < 1e-3, 0, maps)
    return maps / maps.sum(axis=0)


def checked(
    shape: Any, detector_shape: Any, random_state: Any, least: int
) -> tuple[tuple[int, int], tuple[int, int], np.random.SeedSequence]:
    """Return the arguments that all these scans share, once checked."""
    return (
        check_shape("shape", shape, least),
        check_shape("detector_shape", detector_shape, 32),
        seed_sequence(random_state),
    )


def specimen_generator(seed: np.random.SeedSequence) -> np.random.Generator:
    """Return the random numbers of the specimen, not those of the noise."""
    return np.random.default_rng(child_seed(seed, 0))


def gentle_bending(
    shape: tuple[int, int], amount: float, generator: np.random.Generator
) -> np.ndarray:
    """Return a tilt times a thickness that vary smoothly over a scan, (y, x, 2)."""
    return np.stack(
        [amount * smooth_field(shape, 0.25, generator) for _ in range(2)], axis=-1
    )
