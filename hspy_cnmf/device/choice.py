"""Whether iterations run on a GPU."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from hspy_cnmf.device.kernels import compiles

#: What ``device`` may be.
DEVICES = "auto", "cpu", "gpu"

#: Floating-point operations of an iteration from which on a GPU is faster than one
#: processor: it takes 2 to 4 ms to be asked for what a start needs.
_WORTH = 1e8

#: Arrays as large as the maps and patterns of a start that its iteration makes.
_COPIES = 8

#: Share of the memory that is free on the GPU that is taken at most.
_SHARE = 0.8


def check_device(device: object) -> None:
    """Raise if a device is unknown, or asked for and not there.

    Raises
    ------
    ValueError
        If it is none of `DEVICES`.
    ImportError
        If it is "gpu", and CuPy is not installed.
    RuntimeError
        If it is "gpu", and CuPy finds none.
    """
    if not isinstance(device, str) or device not in DEVICES:
        known = ", ".join(map(repr, DEVICES[:-1]))
        raise ValueError(f"device must be {known} or {DEVICES[-1]!r}, got {device!r}.")
    if device != "gpu" or has_gpu():
        return
    if find_spec("cupy") is None:
        raise ImportError(
            "device='gpu' needs CuPy, which is not installed: pip install "
            "cupy-cuda13x (or cupy-cuda12x, as the driver is), or leave device='auto'."
        )
    raise RuntimeError(
        "device='gpu', but CuPy finds no GPU that it can use: see "
        "cupy.show_config(), or leave device='auto'."
    )


@lru_cache(maxsize=1)
def has_gpu() -> bool:
    """Return whether CuPy is installed, finds a GPU, and compiles for it."""
    if find_spec("cupy") is None:
        return False
    try:
        import cupy

        return bool(cupy.cuda.is_available()) and compiles()
    except Exception:  # whatever a broken driver or compiler makes of it
        return False


def chooses_gpu(
    device: str,
    n_components: int,
    n_starts: int,
    rank: int,
    n_columns: int,
    n_processors: int,
) -> bool:
    """Return whether iterations on a sketch run on a GPU.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        "auto": where there is one, with room for all starts, and iterations take longer
        than asking it would.
    n_components, n_starts : int
    rank : int
        Of the sketch.
    n_columns : int
        Positions and pixels together.
    n_processors : int
        That would share the starts otherwise.
    """
    if device == "cpu" or not has_gpu():
        return False
    if device == "gpu":
        return True
    import cupy

    n_operations = n_columns * n_components * (4 * rank + 20 * n_components)
    n_rows = rank + _COPIES * n_starts * n_components
    n_free = cupy.cuda.runtime.memGetInfo()[0]
    worth = _WORTH * min(n_processors, n_starts)
    return n_operations >= worth and 8 * n_rows * n_columns <= _SHARE * n_free
