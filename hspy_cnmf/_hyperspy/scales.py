"""Scales of axes, in a unit that several axes share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hyperspy.axes import BaseDataAxis, UniformDataAxis

#: An angstrom as it is written where there is no Å.
_ANGSTROM = re.compile(
    r"(?<![A-Za-zÅ])(A|AA|å|[aA]ngs?|[aAÅåå]ngstr[oö]ms?|ANGSTROMS?)(?![A-Za-zÅ])"
)

_PIXELS = re.compile(r"(?<![A-Za-z])(px|pixels?)(?![A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True)
class CommonScale:
    """How wide steps along several axes are, in a unit that the axes share.

    Parameters
    ----------
    steps : tuple of float
        Width of a step along each axis, positive, in `unit`.
    factors : tuple of float
        What values along each axis are multiplied by, to be in `unit`.
    unit : str
        Unit of the last axis; "" where none of them has a unit.
    """

    steps: tuple[float, ...]
    factors: tuple[float, ...]
    unit: str

    @property
    def step(self) -> float:
        """Mean width of a step."""
        return float(np.mean(self.steps))

    def coordinates(
        self, axes: Sequence[BaseDataAxis], places: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Return places (in steps, along each axis) as coordinates in `unit`."""
        found = []
        for axis, factor, place in zip(axes, self.factors, places, strict=True):
            first, second = axis.axis[[0, min(1, axis.size - 1)]]
            found.append(factor * (first + (second - first) * place))
        return found


def common_scale(axes: Sequence[BaseDataAxis], what: str) -> CommonScale:
    """Return the steps of axes in one unit, that of the last of them.

    Parameters
    ----------
    axes : sequence of hyperspy.axes.BaseDataAxis
        In the order of the array, so that the last one is x.
    what : str
        What they are axes of, for the error.

    Raises
    ------
    ValueError
        If steps are uneven or 0, or the units cannot be converted into one another,
        as where one of the axes is not calibrated.
    """
    factors = unit_factors(axes, what)
    widths = [_even_step(axis, what) for axis in axes]
    steps = tuple(w * f for w, f in zip(widths, factors, strict=True))
    return CommonScale(steps, factors, unit_of(axes[-1]))


def mean_steps(axes: Sequence[BaseDataAxis], share: bool = True) -> tuple[float, ...]:
    """Return the mean distance of positions along the axes of a scan.

    Parameters
    ----------
    axes : sequence of hyperspy.axes.BaseDataAxis
        In the order of the array.
    share : bool, default True
        Whether all are to be in the unit of the last; otherwise each is in its own.

    Raises
    ------
    ValueError
        If they cannot be, as of axes of which one is not calibrated.
    """
    several = [axis for axis in axes if axis.size > 1] if share else []
    factors = dict(zip(map(id, several), unit_factors(several, "scan"), strict=True))
    return tuple(
        float(abs(np.mean(np.diff(axis.axis)))) * factors.get(id(axis), 1.0)
        if axis.size > 1
        else 1.0
        for axis in axes
    )


def unit_factors(axes: Sequence[BaseDataAxis], what: str) -> tuple[float, ...]:
    """Return what values along each axis are multiplied by to be in the last's unit.

    Raises
    ------
    ValueError
        If the units cannot be converted into one another.
    """
    units = [unit_of(axis) for axis in axes]
    factors = tuple(_conversion(unit, units[-1]) for unit in units)
    if any(np.isnan(factors)):
        pairs = zip(axes, units, strict=True)
        found = ", ".join(f"{_name(axis)} has {unit!r}" for axis, unit in pairs)
        raise ValueError(
            f"The axes of the {what} have units that cannot be converted into one "
            f"another: {found}. Calibrate them alike: set units and scale of each axis "
            "in s.axes_manager."
        )
    return factors


def share_a_unit(axes: Sequence[BaseDataAxis]) -> bool:
    """Whether the units of axes can be converted into one another."""
    units = [unit_of(axis) for axis in axes]
    return not any(np.isnan(_conversion(unit, units[-1])) for unit in units)


def contradiction(
    axis: BaseDataAxis, own: BaseDataAxis, with_offset: bool = True
) -> str:
    """Return in words how an axis is calibrated otherwise than another of its size.

    Parameters
    ----------
    axis, own : hyperspy.axes.BaseDataAxis
    with_offset : bool, default True
        Whether places matter, or distances only.

    Returns
    -------
    str
        "" where they agree to half a step, or one of them has no units.
    """
    theirs, ours = unit_of(axis), unit_of(own)
    if not theirs or not ours:
        return ""
    factor = _conversion(theirs, ours)
    if np.isnan(factor):
        return f"{_name(axis)} is in {theirs!r}, not in {ours!r}"
    step = abs(np.ptp(own.axis)) / max(own.size - 1, 1)
    away = factor * axis.axis - own.axis
    away = np.abs(away - (0 if with_offset else away[0])).max()
    if away <= step / 2:
        return ""
    places = [f"{a[0]:.4g} to {a[-1]:.4g}" for a in (axis.axis, own.axis)]
    return f"{_name(axis)} is {places[0]} {theirs}, not {places[1]} {ours}"


def unit_of(axis: BaseDataAxis) -> str:
    """Return the units of an axis, "" where it has none."""
    return axis.units if isinstance(axis.units, str) else ""


def _name(axis: BaseDataAxis) -> str:
    return axis.name if isinstance(axis.name, str) and axis.name else "one axis"


def _even_step(axis: BaseDataAxis, what: str) -> float:
    """Return the width of a step, positive; 1 where there is but one position."""
    if axis.size < 2:
        return float(abs(getattr(axis, "scale", 1.0))) or 1.0
    steps = np.diff(axis.axis)
    if (
        not np.allclose(steps, steps[0], rtol=1e-3, atol=0)
        or not 0 < abs(steps[0]) < np.inf
    ):
        raise ValueError(
            f"The {what} have the steps {steps.min():.4g} to {steps.max():.4g} along "
            f"{_name(axis)}, where even steps other than 0 are needed: set the scale "
            "of the axis, or interpolate the data to even steps."
        )
    return float(abs(steps.mean()))


def _conversion(unit: str, target: str) -> float:
    """Return what values in a unit are multiplied by to be in another, NaN if not."""
    if unit == target:
        return 1.0
    ours, theirs = (unit_quantity(text) if text else None for text in (unit, target))
    if ours is None or theirs is None or ours.unitless or theirs.unitless:
        return np.nan
    if not ours.is_compatible_with(theirs):
        return np.nan
    # pyxem's q is 2 pi over a length.
    turns = [2 * np.pi if text.startswith("q_") else 1.0 for text in (unit, target)]
    return float(ours.to(theirs.units).magnitude * turns[1] / turns[0])


def unit_quantity(units: str) -> Any:
    """Return a unit of an axis as a quantity of pint, None if it is not understood.

    Pixels are no unit: pint takes "px" for the 96th part of an inch.
    """
    text = _as_pint_writes_it(str(units))
    if _PIXELS.search(text):
        return None
    try:
        quantity = UniformDataAxis(size=1, units=text).scale_as_quantity
    except Exception:  # pint has many kinds for what it does not understand
        return None
    return quantity if hasattr(quantity, "check") else None


def _as_pint_writes_it(units: str) -> str:
    """Return units as HyperSpy, pyxem, LaTeX and people write them in those of pint."""
    text = re.sub(r"^(k_|q_|2th_)", "", units.strip()).replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"\\(mathrm|mathring|text|rm|mathbf)\b|[${}]", "", text)
    text = re.sub(r"\\AA(?![A-Za-z])", "Å", text)
    text = re.sub(r"(?<![A-Za-z])m?[rR]ads?(?![A-Za-z])", _lower, text)
    text = _ANGSTROM.sub("Å", text)
    return re.sub(r"(?<=[A-Za-zÅ])-(?=\d+$)", "^-", text)


def _lower(found: re.Match) -> str:
    return found.group().lower().removesuffix("s")
