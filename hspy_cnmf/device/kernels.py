r"""What loops, on a GPU: sweeps over components, and levels of rings.

Each does what the compiled function of the host does that it is named for, so that
results differ by rounding alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

#: Threads of a block; a power of two, by which sums over a block are halved.
_THREADS = 128

#: Bytes that the threads of a block share on any GPU.
_SHARED = 48 * 1024

#: Blocks along the second axis of a grid, at most.
_MOST_BLOCKS = 65535

_SOURCE = r"""
// One thread a column, which it keeps over all sweeps beside those of its block.
template <typename T>
__global__ void sweep(const T* products, const T* gram, T* updated, int n,
                      long long n_columns, int n_sweeps) {
  extern __shared__ double shared[];
  T* column = reinterpret_cast<T*>(shared) + threadIdx.x;
  const int step = blockDim.x;
  const long long c = blockIdx.x * (long long)step + threadIdx.x;
  if (c >= n_columns) return;
  for (int k = 0; k < n; ++k) column[k * step] = updated[k * n_columns + c];
  for (int s = 0; s < n_sweeps; ++s)
    for (int k = 0; k < n; ++k) {
      const T* row = gram + k * n;
      if (row[k] <= 0) continue;
      T target = products[k * n_columns + c] + row[k] * column[k * step];
      for (int j = 0; j < n; ++j) target -= row[j] * column[j * step];
      target *= 1 / row[k];
      column[k * step] = target > 0 ? target : 0;
    }
  for (int k = 0; k < n; ++k) updated[k * n_columns + c] = column[k * step];
}

__device__ double sum_of_block(double value) {
  __shared__ double terms[THREADS];
  terms[threadIdx.x] = value;
  __syncthreads();
  for (int half = THREADS / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) terms[threadIdx.x] += terms[threadIdx.x + half];
    __syncthreads();
  }
  const double total = terms[0];
  __syncthreads();
  return total;
}

// Values that are not negative are in the order of their bits.
__device__ unsigned long long bits(float value) { return __float_as_uint(value); }
__device__ unsigned long long bits(double value) {
  return (unsigned long long)__double_as_longlong(value);
}
__device__ void from_bits(unsigned long long b, float& value) {
  value = __uint_as_float((unsigned int)b);
}
__device__ void from_bits(unsigned long long b, double& value) {
  value = __longlong_as_double((long long)b);
}

// One block a ring of an image.
template <typename T>
__global__ void ring_levels(const T* images, const long long* order,
                            const long long* edges, double outlier_ratio,
                            int is_robust, double uneven, int lowest, int n_images,
                            long long n_pixels, double* levels, double* means) {
  const long long first = edges[blockIdx.x], last = edges[blockIdx.x + 1];
  for (int k = blockIdx.y; k < n_images; k += gridDim.y) {
    const T* image = images + k * n_pixels;
    double limit = 1e308, level = 0;
    for (int pass = 0; pass < 2; ++pass) {
      double total = 0, count = 0;
      for (long long i = first + threadIdx.x; i < last; i += THREADS) {
        const T value = image[order[i]];
        if (value <= limit) {
          total += value;
          count += 1;
        }
      }
      total = sum_of_block(total);
      count = sum_of_block(count);
      level = total / (count > 1 ? count : 1);
      limit = outlier_ratio * level;
    }
    const long long place = blockIdx.x + (long long)gridDim.x * k;
    if (threadIdx.x == 0) means[place] = level;
    if (is_robust) {
      const double rank = (last - first) / lowest;
      double n_zero = 0, n_below = 0;
      for (long long i = first + threadIdx.x; i < last; i += THREADS) {
        const T value = image[order[i]];
        n_zero += value <= 0;
        n_below += uneven * value < level;
      }
      n_zero = sum_of_block(n_zero);
      n_below = sum_of_block(n_below);
      if (n_zero > rank) {
        level = 0;
      } else if (n_below > rank) {
        // The largest number that no more values than `rank` are below of, bit by bit.
        unsigned long long found = 0;
        for (int bit = 8 * sizeof(T) - 2; bit >= 0; --bit) {
          const unsigned long long tried = found | (1ull << bit);
          double count = 0;
          for (long long i = first + threadIdx.x; i < last; i += THREADS) {
            const T value = image[order[i]];
            count += bits(value > 0 ? value : T(0)) < tried;
          }
          if (sum_of_block(count) <= rank) found = tried;
        }
        T lowest_value;
        from_bits(found, lowest_value);
        level = uneven * lowest_value;
      }
    }
    if (threadIdx.x == 0) levels[place] = level;
  }
}

template <typename T>
__global__ void raise_to_floor(const T* images, const double* levels,
                               const double* highest, const long long* inner,
                               const long long* outer, const double* fraction,
                               int n_images, long long n_pixels, int n_rings,
                               T* raised) {
  const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= n_pixels) return;
  for (int k = blockIdx.y; k < n_images; k += gridDim.y) {
    const double* level = levels + (long long)k * n_rings;
    const double* most = highest + (long long)k * n_rings;
    double floor = (1 - fraction[i]) * level[inner[i]] + fraction[i] * level[outer[i]];
    floor = fmin(floor, fmin(most[inner[i]], most[outer[i]]));
    const double value = images[k * n_pixels + i];
    raised[k * n_pixels + i] = value > floor ? value : floor;
  }
}
"""

_NAMES = "sweep", "ring_levels", "raise_to_floor"
_TYPES = {"float32": "float", "float64": "double"}


@lru_cache(maxsize=1)
def _module() -> Any:
    import cupy

    names = [f"{name}<{kind}>" for name in _NAMES for kind in _TYPES.values()]
    code = _SOURCE.replace("THREADS", str(_THREADS))
    return cupy.RawModule(code=code, options=("--std=c++14",), name_expressions=names)


def _kernel(name: str, dtype: np.dtype) -> Any:
    return _module().get_function(f"{name}<{_TYPES[np.dtype(dtype).name]}>")


def compiles() -> bool:
    """Return True once the kernels are compiled; raise what the compiler does."""
    return all(_kernel(name, np.dtype(kind)) for name in _NAMES for kind in _TYPES)


def _blocks(n: int, size: int) -> int:
    return -(-n // size)


def sweep(products: Any, gram: Any, current: Any, n_sweeps: int) -> Any:
    """Return what `hspy_cnmf.solver.half_steps.hals` does, on the GPU.

    Parameters
    ----------
    products, current : cupy.ndarray, shape (n_components, n)
    gram : cupy.ndarray, shape (n_components, n_components)
    n_sweeps : int

    Returns
    -------
    cupy.ndarray, shape (n_components, n)
    """
    import cupy

    updated = cupy.array(current, order="C")
    n, n_columns = updated.shape
    if not updated.size:
        return updated
    of_thread = n * updated.itemsize
    threads = max(1, min(_THREADS, _SHARED // of_thread))
    _kernel("sweep", updated.dtype)(
        (_blocks(n_columns, threads),),
        (threads,),
        (
            cupy.ascontiguousarray(products, updated.dtype),
            cupy.ascontiguousarray(gram, updated.dtype),
            updated,
            np.int32(n),
            np.int64(n_columns),
            np.int32(n_sweeps),
        ),
        shared_mem=threads * of_thread,
    )
    return updated


def ring_levels(
    images: Any,
    order: Any,
    edges: Any,
    outlier_ratio: float,
    is_robust: bool,
    uneven: float,
    lowest: int,
) -> tuple[Any, Any]:
    """Return what `hspy_cnmf.constraints.ring_levels.levels_of` does, on the GPU.

    Parameters
    ----------
    images : cupy.ndarray, shape (n_images, n_pixels)
        Contiguous.
    order, edges : cupy.ndarray of int
        Those of `hspy_cnmf.constraints.rings.Rings`.
    outlier_ratio : float
    is_robust : bool
    uneven, lowest : float, int
        `UNEVEN` and `_LOWEST` of `hspy_cnmf.constraints.ring_levels`.

    Returns
    -------
    levels, means : cupy.ndarray, shape (n_images, n_rings)
    """
    import cupy

    n_images, n_pixels = images.shape
    n_rings = len(edges) - 1
    levels, means = cupy.empty((2, n_images, n_rings))
    if images.size:
        _kernel("ring_levels", images.dtype)(
            (n_rings, min(n_images, _MOST_BLOCKS)),
            (_THREADS,),
            (
                images,
                order,
                edges,
                np.float64(outlier_ratio),
                np.int32(is_robust),
                np.float64(uneven),
                np.int32(lowest),
                np.int32(n_images),
                np.int64(n_pixels),
                levels,
                means,
            ),
        )
    return levels, means


def raised(
    images: Any, levels: Any, highest: Any, inner: Any, outer: Any, fraction: Any
) -> Any:
    """Return images with floors between the levels of rings, on the GPU.

    As `hspy_cnmf.constraints.radial_floor` has them on the host.

    Parameters
    ----------
    images : cupy.ndarray, shape (n_images, n_pixels)
        Contiguous.
    levels, highest : cupy.ndarray, shape (n_images, n_rings)
    inner, outer, fraction : cupy.ndarray, shape (n_pixels,)
        Those of `hspy_cnmf.constraints.rings.Rings`.

    Returns
    -------
    cupy.ndarray, shape (n_images, n_pixels)
    """
    import cupy

    result = cupy.empty_like(images)
    n_images, n_pixels = images.shape
    if images.size:
        _kernel("raise_to_floor", images.dtype)(
            (_blocks(n_pixels, _THREADS), min(n_images, _MOST_BLOCKS)),
            (_THREADS,),
            (
                images,
                cupy.ascontiguousarray(levels),
                cupy.ascontiguousarray(highest),
                inner,
                outer,
                fraction,
                np.int32(n_images),
                np.int64(n_pixels),
                np.int32(levels.shape[1]),
                result,
            ),
        )
    return result
