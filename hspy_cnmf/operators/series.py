"""Several scans on the same detector behind the two products, as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property

import numpy as np

from hspy_cnmf.constraints.per_scan import masks_of_scans
from hspy_cnmf.operators.fit import Compressed
from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.streamed import StreamedOperator


class SeriesOperator:
    """Scans of any size, read one after the other: their positions are in a row.

    Nothing is copied: each scan is read where it lies, in memory or in chunks.

    Parameters
    ----------
    operators : sequence of StreamedOperator
        One for each scan, of the same pixels.
    """

    #: Every product reads the data: better one for all starts.
    in_cache = False

    def __init__(self, operators: Sequence[StreamedOperator]) -> None:
        dtype = np.result_type(*(operator.dtype for operator in operators))
        in_double = dtype == np.float64
        #: Those of the scans, with products of one type.
        self.operators = tuple(o.in_double() if in_double else o for o in operators)
        #: Floating-point type of the products.
        self.dtype = dtype

    @property
    def keep_pixels(self) -> np.ndarray:
        """Pixels that take part."""
        return self.operators[0].keep_pixels

    @cached_property
    def keep_positions(self) -> np.ndarray:
        """Positions that take part, flat, those of all scans."""
        return np.concatenate([o.keep_positions.ravel() for o in self.operators])

    @property
    def shape(self) -> tuple[int, int]:
        """Number of positions, of all scans, and of pixels that take part."""
        n_pixels = self.operators[0].shape[1]
        return sum(operator.shape[0] for operator in self.operators), n_pixels

    @property
    def scans(self) -> tuple[slice, ...]:
        """Positions that take part of each scan of which masks leave something."""
        edges = np.cumsum([0, *(o.shape[0] for o in self._to_read)]).tolist()
        return tuple(map(slice, edges[:-1], edges[1:]))

    @property
    def n_passes(self) -> int:
        """How often the data have been read, the scan that was read most."""
        return max(operator.n_passes for operator in self.operators)

    @property
    def show_progressbar(self) -> bool:
        """Whether readings count as steps of a progress bar, or have one."""
        return self.operators[0].show_progressbar

    @property
    def data_dtype(self) -> str:
        """Types of the data."""
        return ", ".join(sorted({o.data_dtype for o in self.operators}))

    @property
    def fill(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Loadings and factors that stand in for what is missing; see `filled`."""
        loadings = [o.fill[0] for o in self.operators if o.fill[0] is not None]
        together = np.concatenate(loadings, axis=1) if loadings else None
        return together, self.operators[0].fill[1]

    @property
    def square_norm(self) -> float:
        """Squared Frobenius norm of the (weighted) data that take part."""
        return sum(operator.square_norm for operator in self._to_read)

    @property
    def _to_read(self) -> list[StreamedOperator]:
        """Return the operators of the scans of which masks leave something."""
        return [operator for operator in self.operators if operator.shape[0]]

    def images(self, factors: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the virtual images of all scans, ``factors @ X.T``, in a new array."""
        return np.concatenate([o.images(factors) for o in self._to_read], axis=-1)

    def patterns(self, loadings: np.ndarray) -> np.ndarray:
        """Return the patterns of all scans summed with weights, ``loadings @ X``."""
        shares = self.split(loadings)
        first, *others = (
            operator.patterns(share)
            for operator, share in zip(self.operators, shares, strict=True)
            if operator.shape[0]
        )
        return sum(others, first)

    def split(self, stack: np.ndarray) -> list[np.ndarray]:
        """Return the parts of the scans of values at positions that take part."""
        edges = np.cumsum([operator.shape[0] for operator in self.operators])[:-1]
        return np.split(stack, edges, axis=-1)

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the data once and tell what is not NaN: see `StreamedOperator`."""
        by_position, by_pixel = zip(*(o.known() for o in self._to_read), strict=True)
        return np.concatenate(by_position, axis=1), sum(by_pixel[1:], by_pixel[0])

    def filled(self, loadings: np.ndarray, factors: np.ndarray) -> SeriesOperator:
        """Return this operator with a model in the place of values that are NaN."""
        shares = iter(self.split(loadings))
        return self._each(lambda o: o.filled(next(shares), factors))

    def inspect(
        self, factors: np.ndarray | None = None
    ) -> tuple[Inspection, np.ndarray]:
        """Read the data once and tell what is in them: see `StreamedOperator`."""
        told, images = zip(*(o.inspect(factors) for o in self._to_read), strict=True)
        return self._together(told), np.concatenate(images, axis=-1)

    def inspect_and_span(
        self, factors: np.ndarray, n_kept: int = 0
    ) -> tuple[Inspection, np.ndarray, np.ndarray]:
        """Read the data once: see `StreamedOperator`."""
        told, spans, images = zip(
            *(o.inspect_and_span(factors, n_kept) for o in self._to_read), strict=True
        )
        images = np.concatenate(images, axis=-1)
        return self._together(told), sum(spans[1:], spans[0]), images

    @property
    def few_positions(self) -> np.ndarray:
        """A few of the positions that take part of each scan, as a flat mask."""
        return np.concatenate([o.few_positions.ravel() for o in self.operators])

    @property
    def readings_of_span(self) -> int:
        """How often `span` reads the data, the scan that is read most."""
        return max(operator.readings_of_span for operator in self._to_read)

    def span(self, factors: np.ndarray) -> np.ndarray:
        """Return patterns that span those of all scans, see `StreamedOperator`."""
        first, *others = (operator.span(factors) for operator in self._to_read)
        return sum(others, first)

    def compress(self, basis: np.ndarray, n: int) -> Compressed:
        """Read the data for their images of a basis: see `StreamedOperator`."""
        told = [operator.compress(basis, n) for operator in self._to_read]
        images, patterns, of_positions, of_pixels = zip(*told, strict=True)
        return Compressed(
            np.concatenate(images, axis=-1),
            sum(patterns[1:], patterns[0]),
            np.concatenate(of_positions),
            sum(of_pixels[1:], of_pixels[0]),
        )

    def products(
        self, loadings: np.ndarray, factors: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `patterns` of loadings and `images` of factors, from one reading."""
        patterns, images = zip(
            *(
                operator.products(share, factors)
                for operator, share in zip(
                    self.operators, self.split(loadings), strict=True
                )
                if operator.shape[0]
            ),
            strict=True,
        )
        return sum(patterns[1:], patterns[0]), np.concatenate(images, axis=-1)

    def _together(self, told: Sequence[Inspection]) -> Inspection:
        """Return what is told of all scans together."""
        total, start = Inspection.of_nothing(*self.shape), 0
        pixels = np.arange(self.shape[1])
        for own in told:
            places = np.arange(start, start + len(own.position_sums))
            total.add_block(own, places, pixels)
            total.set_pixels(pixels, total.pixels() + own.pixels())
            start += len(places)
        return total

    def divide(
        self, position_scale: np.ndarray | None, pixel_scale: np.ndarray | None
    ) -> SeriesOperator:
        """Return this operator with its rows and columns divided by scales, or None."""
        if position_scale is None:
            return self._each(lambda o: o.divide(None, pixel_scale))
        scales = iter(self.split(position_scale))
        return self._each(lambda o: o.divide(next(scales), pixel_scale))

    def in_double(self) -> SeriesOperator:
        """Return this operator with products in double precision."""
        return self._each(lambda operator: operator.in_double())

    def silent(self) -> SeriesOperator:
        """Return this operator without progress bars."""
        return self._each(lambda operator: operator.silent())

    def expecting(self, inspection: Inspection) -> SeriesOperator:
        """Return this operator, whose readings raise if they find other data.

        Where values are filled in, nothing is compared.
        """
        if self.fill[0] is not None:
            return self
        sums = iter(self.split(inspection.position_sums))
        return self._each(lambda operator: operator.expecting_sums(next(sums)))

    def part(
        self, keep_positions: np.ndarray, keep_pixels: np.ndarray
    ) -> SeriesOperator:
        """Return the operator of another part of the same data, without weights."""
        shapes = [operator.keep_positions.shape for operator in self.operators]
        masks = iter(masks_of_scans(keep_positions, shapes))
        return self._each(lambda o: o.part(next(masks), keep_pixels))

    def _each(
        self, change: Callable[[StreamedOperator], StreamedOperator]
    ) -> SeriesOperator:
        return SeriesOperator([change(copy(o)) for o in self.operators])
