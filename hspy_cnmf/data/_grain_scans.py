"""Scans over grains: counted, with their truth."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pyxem.signals import ElectronDiffraction2D
from scipy.ndimage import gaussian_filter

from hspy_cnmf.data._counting import Recording, count_positions
from hspy_cnmf.data._domain_maps import smooth_field
from hspy_cnmf.data._grain_patterns import Drawing, Scene
from hspy_cnmf.data._simulation import (
    Calibration,
    DomainTruth,
    diffraction_signal,
    domain_truth,
    microscope,
)


@dataclass(frozen=True, eq=False)
class GrainScan:
    """A scene, as a detector sees it.

    Parameters
    ----------
    scene : Scene
    detector_shape : tuple of int
        Detector rows and columns.
    """

    scene: Scene
    detector_shape: tuple[int, int]

    @property
    def title(self) -> str:
        """Title of the data set."""
        return f"{self.scene.title} (simulated)"

    @property
    def calibration(self) -> Calibration:
        """Units of the scan, in steps of 1 nm, and of the detector."""
        return microscope(self.detector_shape, 1.0)

    @cached_property
    def drawing(self) -> Drawing:
        """What its patterns are drawn from."""
        return Drawing.of(self.scene, self.detector_shape)

    def record(self, recording: Recording) -> ElectronDiffraction2D:
        """Return the scan over it."""
        data = count_positions(
            self.drawing.expected,
            self.scene.shares.shape[1:],
            self.detector_shape,
            recording,
        )
        return diffraction_signal(data, self.title, self.calibration)

    def truth(self, recording: Recording) -> DomainTruth:
        """Return its domains."""
        scene = self.scene
        of_domain = np.stack(
            [
                scene.shares[scene.domains == k].sum(axis=0)
                for k in range(len(scene.names))
            ]
        )
        labels = of_domain.argmax(axis=0) if scene.labels is None else scene.labels
        turns = np.array([grain.orientation for grain in scene.grains])
        maps = {
            "labels": labels,
            "share": np.take_along_axis(of_domain, labels[np.newaxis], axis=0)[0],
            "orientations": turns[scene.shares.argmax(axis=0)],
        }
        if scene.boundary is not None:
            maps["boundary"] = scene.boundary
        patterns = _domain_patterns(scene, self.drawing)
        return domain_truth(maps, scene.names, patterns, self.title, self.calibration)


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


def gentle_bending(
    shape: tuple[int, int], amount: float, generator: np.random.Generator
) -> np.ndarray:
    """Return a tilt times a thickness that vary smoothly over a scan, (y, x, 2)."""
    return np.stack(
        [amount * smooth_field(shape, 0.25, generator) for _ in range(2)], axis=-1
    )
