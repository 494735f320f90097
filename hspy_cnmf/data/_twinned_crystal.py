"""A face-centred crystal with lamellae of two twins."""

import numpy as np

from hspy_cnmf.data._checks import check_count, check_shape
from hspy_cnmf.data._data_set import data_set
from hspy_cnmf.data._grain_patterns import Grain, Jitter, Scene
from hspy_cnmf.data._grain_scans import (
    GrainScan,
    gentle_bending,
    shares_of,
)

#: Reciprocal lengths (1/nm) along [00-2] and [1-10]* of a face-centred crystal.
_LONG, _SHORT = 4.9, 3.46


@data_set(dose=1000.0, truth="DomainTruth")
def twinned_crystal(
    generator: np.random.Generator,
    shape: tuple[int, int] = (32, 32),
    *,
    detector_shape: tuple[int, int] = (64, 64),
    n_lamellae: int = 5,
) -> GrainScan:
    """Simulate a face-centred crystal with lamellae of two twins, gently bent.

    The crystal is seen along [110]. Twins on both edge-on planes share a row of spots
    with it each, and differ in the others.

    Parameters
    ----------
    shape : tuple of int, default (32, 32)
        Rows and columns of the scan, at least (16, 16), in steps of 1 nm.
    detector_shape : tuple of int, default (64, 64)
        Detector rows and columns, at least (32, 32). Its nearest edge is at 8 1/nm.
    n_lamellae : int, default 5
        Lamellae of the two twins in turn, 2 or more, 1.5 to 4 positions wide in a scan
        of 32.
    """
    shape = check_shape("shape", shape, 16)
    detector_shape = check_shape("detector_shape", detector_shape, 32)
    n_lamellae = check_count("n_lamellae", n_lamellae)
    names = ("matrix", "first twin", "second twin")
    grains = [_face_centred(name, k, generator) for k, name in enumerate(names)]
    cells = _lamellae(shape, max(2, n_lamellae), generator)
    scene = Scene(
        title="Twinned crystal",
        grains=grains,
        shares=shares_of(cells, 3, probe=0.5),
        domains=np.arange(3),
        names=names,
        variation=Jitter(mosaic=0.2, scale=0.003, center=0.2).draw(shape, generator),
        bending=gentle_bending(shape, 0.1, generator),
    )
    return GrainScan(scene, detector_shape)


def _face_centred(name: str, twin: int, generator: np.random.Generator) -> Grain:
    """Return a face-centred crystal along [110], or one of its twins."""
    indices = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 2), axis=-1).reshape(-1, 2)
    indices = indices[(indices.sum(axis=1) % 2 == 0) & indices.any(axis=1)]
    vectors = indices * np.array([_SHORT, _LONG / 2])
    if twin:  # a mirror that keeps the row of (1, 1), or of (1, -1)
        normal = np.array([_SHORT, (-1) ** twin * _LONG / 2])
        normal /= np.linalg.norm(normal)
        vectors = 2 * np.outer(vectors @ normal, normal) - vectors
    lengths = np.hypot(*vectors.T)
    inside = lengths < 7.5
    intensities = np.exp(-lengths[inside] / 3)
    return Grain(
        name,
        vectors[inside],
        intensities / intensities.sum(),
        beam=0.5,
        spots=0.2,
        orientation=0.0,
    )


def _lamellae(
    shape: tuple[int, int], n_lamellae: int, generator: np.random.Generator
) -> np.ndarray:
    """Return where the matrix (0) and lamellae of two twins (1, 2) are, (y, x)."""
    y, x = np.meshgrid(*((np.arange(n) + 0.5) / n for n in shape), indexing="ij")
    cells = np.zeros(shape, int)
    # Twins of one kind are parallel; each kind begins in a part of its own.
    slots = generator.permutation(n_lamellae)
    for k, slot in enumerate(slots):
        twin = 1 + k % 2
        angle = np.deg2rad(20 if twin == 1 else -20)
        across = x * np.cos(angle) + y * np.sin(angle)
        low, high = across.min(), across.max()
        middle = (
            low + (high - low) * (slot + generator.uniform(0.35, 0.65)) / n_lamellae
        )
        width = generator.uniform(1.5, 4) / 32
        cells[np.abs(across - middle) < width / 2] = twin
    return cells
