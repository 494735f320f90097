"""The arguments of `map_domains`, checked."""

from dataclasses import dataclass
from numbers import Integral, Real

from hspy_cnmf.arguments import truth


@dataclass(frozen=True)
class Settings:
    """Arguments of `hspy_cnmf.map_domains`; see there."""

    n_domains: int | None
    latent_dimension: int | None
    n_repeats: int
    max_rounds: int
    target_consistency: float
    rotation_invariant: bool
    tilt_invariant: bool
    pattern_size: int
    outer_radius: float | None
    random_state: int | None

    def __post_init__(self) -> None:
        for name, smallest in _LEAST.items():
            self._set(name, _integer(name, getattr(self, name), smallest))
        for name in ("rotation_invariant", "tilt_invariant"):
            self._set(name, truth(name, getattr(self, name)))
        if self.pattern_size % 2:
            raise ValueError(f"pattern_size={self.pattern_size} must be even.")
        self._set("target_consistency", _positive(self, "target_consistency"))
        if self.outer_radius is not None:
            self._set("outer_radius", _positive(self, "outer_radius"))
        if self.target_consistency > 1:
            raise ValueError(
                f"target_consistency={self.target_consistency} is a share of the "
                "repeats: give 1 or less."
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # once, when it is made

    def check_positions(self, n_positions: int) -> None:
        """Raise if there are too few positions to tell domains apart."""
        needed = 4 * (self.n_domains or 2)
        if n_positions < needed:
            raise ValueError(
                f"{n_positions} positions take part, fewer than the {needed} that "
                f"n_domains={self.n_domains} needs: map more positions, or give a "
                "smaller number."
            )


#: Integers by name, with the smallest of each; those that may be None.
_LEAST = {
    "n_domains": 2,
    "latent_dimension": 1,
    "n_repeats": 2,
    "max_rounds": 1,
    "pattern_size": 16,
    "random_state": 0,
}
_OPTIONAL = ("n_domains", "latent_dimension", "random_state")


def _integer(name: str, value: object, smallest: int) -> int | None:
    """Return an integer, NumPy's too, as Python's."""
    if value is None and name in _OPTIONAL:
        return None
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r} must be an integer.")
    if value < smallest:
        raise ValueError(f"{name}={value} must be {smallest} or more.")
    return int(value)


def _positive(settings: Settings, name: str) -> float:
    """Return a setting that is a positive number."""
    value = getattr(settings, name)
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not float(value) > 0:
        raise ValueError(f"{name}={value!r} must be a positive number.")
    return float(value)
