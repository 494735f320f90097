"""Counts of electrons: Poisson noise that does not depend on the chunking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import DTypeLike

from hspy_cnmf.data._checks import Chunks

NOISE_STREAM = 1
"""First spawn key of the noise; 0 is the specimen's, so that they differ."""

#: Positions whose expected patterns are made together, which bounds memory.
_BLOCK = 256


@dataclass(frozen=True)
class Recording:
    """How a specimen is scanned.

    Parameters
    ----------
    dose : float or None
        Mean electrons per pattern; None for the expectation of one electron.
    seed : numpy.random.SeedSequence
        Seed of the noise.
    lazy : bool, default False
        Lay the data out as a Dask array, whose chunks are drawn when computed.
    chunks : "auto", int or tuple, default "auto"
        Chunks of the two scan axes, lazy only. The detector is never chunked.
    """

    dose: float | None
    seed: np.random.SeedSequence
    lazy: bool = False
    chunks: Chunks = "auto"


def count_positions(
    expected: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, int],
    detector_shape: tuple[int, int],
    recording: Recording,
) -> np.ndarray | da.Array:
    """Draw, or only lay out, patterns that differ from position to position.

    Parameters
    ----------
    expected : callable
        Returns the expected patterns of one electron, (n, ky, kx), at n positions,
        counted row by row. It must give the same whatever the other positions are.
    shape, detector_shape : tuple of int
        Rows and columns of the scan and of the detector.
    recording : Recording

    Returns
    -------
    numpy.ndarray or dask.array.Array, shape (y, x, ky, kx)
        Counts in a type that holds all electrons of a pattern in one pixel; without
        a dose the expectation in float32.

    Notes
    -----
    Every position has a random generator of its own, as in `count_electrons`.
    """
    dose = recording.dose
    few = dose is not None and dose + 12 * np.sqrt(dose) + 20 < 2**16
    dtype = np.dtype("float32" if dose is None else "uint16" if few else "uint32")
    options: dict[str, Any] = {
        "expected": expected,
        "n_columns": shape[1],
        "detector_shape": detector_shape,
        "dose": dose,
        "seed": recording.seed,
        "sample_type": dtype,
    }
    rows, columns = (np.arange(size) for size in shape)
    if not recording.lazy:
        return _fill_positions(rows, columns, **options)
    sizes = _scan_chunks(recording.chunks, shape + detector_shape, dtype)
    return da.blockwise(
        _fill_positions,
        "yxvu",
        *(da.from_array(rows, chunks=(sizes[0],)), "y"),
        *(da.from_array(columns, chunks=(sizes[1],)), "x"),
        new_axes=dict(zip("vu", detector_shape, strict=True)),
        concatenate=True,
        meta=np.empty((0, 0, 0, 0), dtype),
        **options,
    )


def count_electrons(
    loadings: np.ndarray,
    patterns: np.ndarray,
    *,
    seed: np.random.SeedSequence | None,
    lazy: bool = False,
    chunks: Chunks = "auto",
) -> np.ndarray | da.Array:
    """Draw, or only lay out, the diffraction pattern at every probe position.

    Parameters
    ----------
    loadings : numpy.ndarray, shape (components, y, x)
        Expected electrons of each component at each position.
    patterns : numpy.ndarray, shape (components, ky, kx)
        Unit-sum pattern of each component.
    seed : numpy.random.SeedSequence or None
        Seed of the noise; None returns the expectation without noise.
    lazy : bool, default False
        Return a Dask array whose chunks are drawn when they are computed.
    chunks : "auto", int or tuple, default "auto"
        Chunks of the two scan axes, lazy only. The detector is never chunked.

    Returns
    -------
    numpy.ndarray or dask.array.Array, shape (y, x, ky, kx)
        The patterns: `count_dtype` with noise, float32 without.

    Notes
    -----
    Every probe position has a random generator of its own (SFC64, seeded with the
    row and the column as spawn keys), which costs about 20 microseconds a pattern.
    The data are therefore the same bit for bit, whatever the chunks are and
    whichever of them are computed. A chunk needs memory for its own patterns and
    those of the components, nothing else.
    """
    dtype = np.dtype("float32") if seed is None else count_dtype(loadings, patterns)
    options: dict[str, Any] = {"sample_type": dtype, "seed": seed}
    rows, columns = (np.arange(size) for size in loadings.shape[1:])
    if not lazy:
        return _fill(loadings, patterns, rows, columns, **options)
    shape = loadings.shape[1:] + patterns.shape[1:]
    rows_chunks, columns_chunks = _scan_chunks(chunks, shape, dtype)
    return da.blockwise(
        _fill,
        "yxvu",
        da.from_array(loadings, chunks=(-1, rows_chunks, columns_chunks)),
        "kyx",
        da.from_array(patterns, chunks=-1),
        "kvu",
        da.from_array(rows, chunks=(rows_chunks,)),
        "y",
        da.from_array(columns, chunks=(columns_chunks,)),
        "x",
        concatenate=True,
        meta=np.empty((0, 0, 0, 0), dtype),
        **options,
    )


def count_dtype(loadings: np.ndarray, patterns: np.ndarray) -> np.dtype:
    """Return the smallest unsigned type that holds the brightest pixel.

    Parameters
    ----------
    loadings : numpy.ndarray, shape (components, y, x)
        Expected electrons of each component at each position.
    patterns : numpy.ndarray, shape (components, ky, kx)
        Unit-sum pattern of each component.

    Returns
    -------
    numpy.dtype
        uint16, or uint32 where the expected maximum is within 12 standard
        deviations (and 20 electrons) of 65535.

    Raises
    ------
    ValueError
        If not even uint32 is enough.
    """
    peaks = patterns.max(axis=(1, 2))
    expected = np.einsum("kyx,k->yx", loadings, peaks).max()
    highest = expected + 12 * np.sqrt(expected) + 20
    for dtype in ("uint16", "uint32"):
        if highest <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(
        f"The dose puts {expected:.3g} electrons into one pixel, more than uint32 "
        "holds: give a lower dose, or dose=None for the noise-free expectation."
    )


def child_seed(seed: np.random.SeedSequence, *keys: int) -> np.random.SeedSequence:
    """Return the seed sequence with more spawn keys.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        The parent.
    *keys : int
        Spawn keys to append.

    Returns
    -------
    numpy.random.SeedSequence
        The child; unlike `SeedSequence.spawn`, asking twice gives the same one.
    """
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *keys))


def _fill(
    loadings: np.ndarray,
    patterns: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    sample_type: DTypeLike,
    seed: np.random.SeedSequence | None,
) -> np.ndarray:
    """Return the patterns of one block of the scan, (rows, columns, ky, kx)."""
    block = np.empty((rows.size, columns.size, *patterns.shape[1:]), sample_type)
    for i, j in np.ndindex(block.shape[:2]):
        expected = _expected_pattern(loadings[:, i, j], patterns)
        if seed is not None:
            expected = _noise(seed, rows[i], columns[j]).poisson(expected)
        block[i, j] = expected
    return block


def _fill_positions(
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    expected: Callable[[np.ndarray], np.ndarray],
    n_columns: int,
    detector_shape: tuple[int, int],
    dose: float | None,
    seed: np.random.SeedSequence,
    sample_type: DTypeLike,
) -> np.ndarray:
    """Return the patterns of one block of the scan, (rows, columns, ky, kx)."""
    positions = (rows[:, np.newaxis] * n_columns + columns).ravel()
    block = np.empty((len(positions), *detector_shape), sample_type)
    for start in range(0, len(positions), _BLOCK):
        some = positions[start : start + _BLOCK]
        for k, pattern in enumerate(expected(some)):
            if dose is not None:
                noise = _noise(seed, *divmod(some[k], n_columns))
                pattern = noise.poisson(dose * pattern)
            block[start + k] = pattern
    return block.reshape(rows.size, columns.size, *detector_shape)


def _noise(seed: np.random.SeedSequence, row: int, column: int) -> np.random.Generator:
    """Return the random generator of a position."""
    position = child_seed(seed, NOISE_STREAM, int(row), int(column))
    return np.random.Generator(np.random.SFC64(position))


def _expected_pattern(loadings: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """Return the sum of the components present, (ky, kx).

    Added one by one: a matrix product may round differently from chunk to chunk,
    and a last bit is enough to change a random count.
    """
    expected = np.zeros(patterns.shape[1:])
    for component in np.flatnonzero(loadings):
        expected += loadings[component] * patterns[component]
    return expected


def _scan_chunks(
    chunks: Chunks, shape: tuple[int, ...], dtype: DTypeLike
) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of the chunks along the rows and the columns of the scan."""
    pair = tuple(chunks) if isinstance(chunks, (tuple, list)) else (chunks, chunks)
    try:
        if len(pair) != 2 or any(size == 0 for size in pair):
            raise ValueError("not two positive sizes")
        normal = da.core.normalize_chunks((*pair, -1, -1), shape, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"chunks={chunks!r} does not divide the scan {shape[:2]} ({error}): give "
            "'auto', one size, or a pair of sizes for rows and columns."
        ) from error
    return normal[:2]
