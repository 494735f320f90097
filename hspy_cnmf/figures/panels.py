"""Panels of a figure: stacks of images or lines, all on one scale."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke

from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.types import BaseDataAxis, BaseSignal
from hspy_cnmf.figures.figure import PLAIN
from hspy_cnmf.plain_text import plain_text, plain_units

_MASKED = "0.6"

#: Of images with twice as many rows or columns, or more, means over some are drawn, so
#: many along the axis: a panel has fewer dots.
_DRAWN = 512

#: Part of the highest value by which turned images may be below zero.
_UNDERSHOOT = 0.1


@dataclass(frozen=True, eq=False)
class Stack:
    """Images or lines that are drawn alike.

    Parameters
    ----------
    values : numpy.ndarray, shape (n, columns) or (n, rows, columns)
        NaN where masked.
    axes : tuple of hyperspy.axes.BaseDataAxis
        Axes of one image or line, in the order of the array.
    gammas : float or tuple of float
        Power of the scale of intensities, or one for lines and one for images.
    colormap : str
        Colours of images.
    label : str
        What the values are.
    note : str
        How `values` came from something of more dimensions, or empty.
    """

    values: np.ndarray
    axes: tuple[BaseDataAxis, ...]
    gammas: float | tuple
    colormap: str
    label: str
    note: str = ""

    @classmethod
    def from_array(
        cls, values: np.ndarray, axes: Sequence[BaseDataAxis], **appearance: Any
    ) -> Stack:
        """Make a stack of an array with axes in any number, of which two are kept.

        An image of one row, or of one column, is a line.
        """
        outer, axes, note = tuple(axes[:-2]), tuple(axes[-2:]), ""
        if outer:
            with warnings.catch_warnings():
                # All of a pixel's values may be masked: it stays NaN.
                warnings.simplefilter("ignore", RuntimeWarning)
                values = np.nanmean(values, axis=tuple(range(1, 1 + len(outer))))
            names = " and ".join(name_of(axis, "an unnamed axis") for axis in outer)
            note = f"mean over {names}"
        long = tuple(axis for axis in axes if axis.size > 1)
        if len(axes) == 2 and len(long) == 1:
            axes, values = long, values.reshape(len(values), -1)
        return cls(_drawn(values), axes, **appearance, note=note)

    @classmethod
    def from_signal(
        cls, signal: BaseSignal, indices: Any = None, **appearance: Any
    ) -> Stack:
        """Make a stack of the images or lines of a signal, or of some of them."""
        values, axes = images_of(signal)
        return cls.from_array(
            values if indices is None else values[indices], axes, **appearance
        )

    @property
    def is_image(self) -> bool:
        """Tell images from lines."""
        return self.values.ndim == 3

    @property
    def gamma(self) -> float:
        """Power of the scale of intensities."""
        if isinstance(self.gammas, tuple):
            return self.gammas[self.is_image]
        return self.gammas

    @property
    def has_equal_units(self) -> bool:
        """Tell whether both axes of an image are lengths of one kind."""
        return len({units_of(axis) for axis in self.axes}) == 1

    @property
    def aspect(self) -> float:
        """Width of a panel over its height."""
        if not self.is_image:
            return 2.0
        height, width = self.values.shape[1:]
        if self.has_equal_units:
            height, width = (_extent(axis) for axis in self.axes)
        return float(np.clip(width / height, 0.4, 4))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value of the scale, which starts at zero.

        Of images it starts below where some are darker than sharp spots make what is
        beside them when they are turned: a power of intensity has no room below zero.
        """
        finite = self.values[np.isfinite(self.values)]
        low, high = finite.min(initial=0), finite.max(initial=0) or 1.0
        return (0.0 if self.is_image and low > -_UNDERSHOOT * high else low), high

    @property
    def ticks(self) -> list[float]:
        """Round values at about even distances on the scale."""
        positions = np.arange(1, 5) / 4
        values = self.limits[1] * positions ** (1 / self.gamma)
        return [0.0, *sorted({_round_down(value) for value in values})]

    @property
    def _ink(self) -> tuple[str, str]:
        """Colours of what is written into an image, and of its outline."""
        red, green, blue, _ = colormaps.get_cmap(self.colormap)(0.5)
        is_light = 0.3 * red + 0.6 * green + 0.1 * blue > 0.8
        return ("black", "white") if is_light else ("white", "black")

    def draw(
        self, ax: Axes, index: int, scale_bar: bool, axis_labels: bool
    ) -> AxesImage | None:
        """Draw one image or line.

        Parameters
        ----------
        ax : matplotlib.axes.Axes
            Where to.
        index : int
            Which.
        scale_bar : bool
            Draw a scale bar into an image.
        axis_labels : bool
            Label the axes of what has no scale bar.

        Returns
        -------
        matplotlib.image.AxesImage or None
        """
        ax.tick_params(labelsize="x-small")
        if not self.is_image:
            self._draw_line(ax, self.values[index], axis_labels)
            return None
        image = self._draw_image(ax, self.values[index])
        if self.has_equal_units:
            ax.set(xticks=[], yticks=[])
            if scale_bar:
                _draw_scale_bar(ax, self.axes[1], self._ink)
        elif axis_labels:
            ax.set_xlabel(axis_label(self.axes[1]), fontsize="small", **PLAIN)
            ax.set_ylabel(axis_label(self.axes[0]), fontsize="small", **PLAIN)
        return image

    def draw_colorbar(self, ax: Axes, image: AxesImage) -> None:
        """Draw the colour bar of an image of this stack into axes of its own."""
        bar = ax.figure.colorbar(image, cax=ax)
        bar.set_label(self.label, fontsize="small")
        ax.tick_params(labelsize="x-small")
        ax.ticklabel_format(axis="y", scilimits=(-2, 4))
        bar.set_ticks(self.ticks)
        ax.yaxis.get_offset_text().set_fontsize("x-small")

    def _draw_image(self, ax: Axes, values: np.ndarray) -> AxesImage:
        (top, bottom), (left, right) = (_edges(axis) for axis in self.axes)
        image = ax.imshow(
            values,
            cmap=self.colormap,
            norm=PowerNorm(self.gamma, *self.limits),
            extent=(left, right, bottom, top),
            aspect="equal" if self.has_equal_units else "auto",
            interpolation="nearest",
        )
        ax.set_facecolor(_MASKED)
        return image

    def _draw_line(self, ax: Axes, values: np.ndarray, axis_labels: bool) -> None:
        positions = self.axes[0].axis
        ax.plot(positions, values, color="C0", linewidth=0.7)
        ax.fill_between(
            positions,
            0,
            1,
            where=np.isnan(values),
            transform=ax.get_xaxis_transform(),
            color=_MASKED,
            linewidth=0,
        )
        ax.set_yscale("function", functions=_power_scale(self.gamma))
        low, high = self.limits
        ax.set(xlim=(positions[0], positions[-1]), ylim=(low, 1.05 * high))
        if self.gamma == 1:
            ax.locator_params(axis="y", nbins=4)
        else:
            ax.set_yticks(self.ticks)
        ax.ticklabel_format(axis="y", scilimits=(-2, 4))
        ax.yaxis.get_offset_text().set_fontsize("x-small")
        if axis_labels:
            ax.set_xlabel(axis_label(self.axes[0]), fontsize="small", **PLAIN)


def _drawn(images: np.ndarray) -> np.ndarray:
    """Return images, NaN where masked, with as many rows and columns as are drawn."""
    if images.ndim < 3 or max(images.shape[1:]) < 2 * _DRAWN:
        return images
    return np.stack([_means(_means(image, 0), 1) for image in images])


def _means(image: np.ndarray, axis: int) -> np.ndarray:
    """Return means over rows, or columns, next to each other, of what is not NaN."""
    starts = _starts(image.shape[axis])
    if len(starts) == image.shape[axis]:
        return image
    known = ~np.isnan(image)
    sums = np.add.reduceat(np.where(known, image, 0), starts, axis)
    counts = np.add.reduceat(known, starts, axis, dtype=np.float32)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def thinned(image: np.ndarray) -> np.ndarray:
    """Return an image of what has no mean, as labels, in as many dots as are drawn."""
    if image.ndim < 2:
        return image
    return image[np.ix_(*map(_starts, image.shape))]


def _starts(size: int) -> np.ndarray:
    """Return where what is drawn as one begins along an axis."""
    n = size if size < 2 * _DRAWN else _DRAWN
    return np.arange(n) * size // n


def _power_scale(gamma: float) -> tuple[Callable, Callable]:
    """Return a power that keeps signs, and its inverse."""

    def power(exponent: float) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function that raises to this power."""
        return lambda values: np.sign(values) * np.abs(values) ** exponent

    return power(gamma), power(1 / gamma)


def _draw_scale_bar(ax: Axes, axis: BaseDataAxis, ink: tuple[str, str]) -> None:
    """Draw a bar of a round length, at most a third of the panel."""
    length = _round_down(_extent(axis) / 3)
    outline = [withStroke(linewidth=1.5, foreground=ink[1])]
    ends = (0.06, 0.06 + length / _extent(axis))
    ax.plot(
        ends,
        (0.07, 0.07),
        color=ink[0],
        linewidth=2.5,
        solid_capstyle="butt",
        transform=ax.transAxes,
        path_effects=outline,
    )
    ax.text(
        0.06,
        0.11,
        f"{length:g} {units_of(axis) or 'px'}",
        color=ink[0],
        fontsize="x-small",
        transform=ax.transAxes,
        path_effects=outline,
        **PLAIN,
    )


def _round_down(length: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above."""
    power = 10.0 ** np.floor(np.log10(length))
    return power * max(digit for digit in (1, 2, 5) if digit * power <= length * 1.001)


def _extent(axis: BaseDataAxis) -> float:
    """Return the length of an axis, its outermost points in full, in its units."""
    first, last = _edges(axis)
    return abs(last - first)


def _edges(axis: BaseDataAxis) -> tuple[float, float]:
    """Return where an axis begins and ends, half a step beyond its points."""
    positions = axis.axis
    n_steps = max(len(positions) - 1, 1)
    half_step = (positions[-1] - positions[0]) / n_steps / 2 or 0.5
    return positions[0] - half_step, positions[-1] + half_step


def name_of(axis: BaseDataAxis, default: str = "position") -> str:
    """Return the name of an axis as plain text, or the default where it has none."""
    name = plain_text(axis.name, 60) if isinstance(axis.name, str) else ""
    return name or default


def units_of(axis: BaseDataAxis) -> str:
    """Return the units of an axis as plain text, empty where it has none."""
    return plain_units(axis.units) if isinstance(axis.units, str) else ""


def images_of(signal: BaseSignal) -> tuple[np.ndarray, tuple[BaseDataAxis, ...]]:
    """Return the images or lines of a signal, NaN where masked, and axes of each."""
    axes = tuple(signal.axes_manager.signal_axes[::-1])
    values = np.asarray(aligned_data(signal))
    return values.reshape(-1, *(axis.size for axis in axes)), axes


def sums(images: np.ndarray) -> np.ndarray:
    """Return the sum of each image or line without what is masked."""
    return np.nansum(images.reshape(len(images), -1), axis=1, dtype=float)


def axis_label(axis: BaseDataAxis) -> str:
    """Return the name of an axis with its units."""
    units = units_of(axis)
    return f"{name_of(axis)} ({units})" if units else name_of(axis)
