"""The arguments of `map_domains`, checked."""

from dataclasses import dataclass
from numbers import Integral, Real

#: Widths of reduced patterns are multiples of this: the network halves them thrice.
_WIDTH_STEP = 8

#: Epochs of a later round over those of the first.
_LATER = 0.8

_TORCH_MISSING = (
    "Mapping domains needs PyTorch, which is not installed: "
    'pip install "hspy-cnmf[domains]"'
)


def require_torch():
    """Return the module torch.

    Raises
    ------
    ImportError
        If PyTorch is not installed; the message says what to install.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(_TORCH_MISSING) from error
    return torch


def chosen_device(device):
    """Return the torch device that a name means.

    Parameters
    ----------
    device : str
        "auto" for a GPU where torch sees one and the CPU otherwise, or torch's name.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    torch = require_torch()
    has_gpu = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if has_gpu else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is not a device that torch knows: give 'auto', 'cpu' "
            "or 'cuda'."
        ) from error
    if chosen.type == "cuda" and not has_gpu:
        raise ValueError(
            f"device={device!r}: torch sees no CUDA device here. Use device='auto' or "
            "'cpu', or install a build of torch that fits the GPU's driver."
        )
    return chosen


@dataclass(frozen=True)
class Settings:
    """Arguments of `hspy_cnmf.map_domains`; see there."""

    n_domains: int | None
    latent_dimension: int
    n_repeats: int
    max_rounds: int
    target_consistency: float
    rotation_invariant: bool
    tilt_invariant: bool
    pattern_size: int
    outer_radius: float | None
    epochs: int
    batch_size: int
    random_state: int | None

    def __post_init__(self):
        least = {
            "latent_dimension": 1,
            "n_repeats": 2,
            "max_rounds": 1,
            "pattern_size": 16,
            "epochs": 1,
            "batch_size": 2,
        }
        if self.n_domains is not None:
            least["n_domains"] = 2
        for name, smallest in least.items():
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise TypeError(f"{name}={value!r} must be an integer.")
            if value < smallest:
                raise ValueError(f"{name}={value} must be {smallest} or more.")
        if self.pattern_size % _WIDTH_STEP:
            raise ValueError(
                f"pattern_size={self.pattern_size} must be a multiple of {_WIDTH_STEP}."
            )
        for name in ("target_consistency", "outer_radius"):
            value = getattr(self, name)
            if name == "outer_radius" and value is None:
                continue
            if not isinstance(value, Real) or not value > 0:
                raise ValueError(f"{name}={value!r} must be a positive number.")
        if self.target_consistency > 1:
            raise ValueError(
                f"target_consistency={self.target_consistency} is a share of the "
                "repeats: give 1 or less."
            )
        seed = self.random_state
        if seed is not None and (not isinstance(seed, Integral) or seed < 0):
            raise ValueError(
                f"random_state={seed!r} must be an integer from 0 on, or None."
            )

    @property
    def first_epochs(self):
        """Epochs of the first round: more where it has to tell how many domains."""
        return self.epochs + (self.later_epochs if self.n_domains is None else 0)

    @property
    def later_epochs(self):
        """Epochs of each other round."""
        return max(1, round(_LATER * self.epochs))

    def check_positions(self, n_positions):
        """Raise if there are too few positions to train with."""
        needed = max(self.batch_size, 4 * (self.n_domains or 2))
        if n_positions < needed:
            raise ValueError(
                f"{n_positions} positions take part, fewer than the {needed} that "
                f"batch_size={self.batch_size} and n_domains={self.n_domains} need: "
                "map more positions, or give smaller numbers."
            )
