"""Counts of electrons: Poisson noise that does not depend on the chunking."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import DTypeLike

from hspy_cnmf.data._checks import Chunks

NOISE_STREAM = 1
"""First spawn key of the noise; 0 is the specimen's, so that they differ."""


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
    options: dict[str, Any] = {"sample_type": dtype, "entropy": None, "spawn_key": ()}
    if seed is not None:
        options.update(entropy=seed.entropy, spawn_key=tuple(seed.spawn_key))
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
    entropy: Any,
    spawn_key: tuple[int, ...],
) -> np.ndarray:
    """Return the patterns of one block of the scan, (rows, columns, ky, kx)."""
    block = np.empty((rows.size, columns.size, *patterns.shape[1:]), sample_type)
    for i, j in np.ndindex(block.shape[:2]):
        expected = _expected_pattern(loadings[:, i, j], patterns)
        if entropy is None:
            block[i, j] = expected
            continue
        position = (NOISE_STREAM, int(rows[i]), int(columns[j]))
        seed = np.random.SeedSequence(entropy, spawn_key=(*spawn_key, *position))
        block[i, j] = np.random.Generator(np.random.SFC64(seed)).poisson(expected)
    return block


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
