"""The arguments of `map_domains`, checked."""

from dataclasses import dataclass

import numpy as np

from hspy_cnmf.arguments import real_number, truth, whole_number


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
        checked: dict = {}
        for name, smallest in _LEAST.items():
            value = getattr(self, name)
            if value is not None or name not in _OPTIONAL:
                checked[name] = whole_number(name, value, smallest)
        for name in ("rotation_invariant", "tilt_invariant"):
            checked[name] = truth(name, getattr(self, name))
        name, radius = "target_consistency", self.outer_radius
        checked[name] = real_number(name, self.target_consistency, 0, 1)
        if radius == np.inf:  # that of the corners
            checked["outer_radius"] = float(np.inf)
        elif radius is not None:
            name = "outer_radius"
            checked[name] = real_number(name, radius, exclusive=True)
        if self.pattern_size % 2:
            raise ValueError(f"pattern_size={self.pattern_size} must be even.")
        for name, value in checked.items():
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
