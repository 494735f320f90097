"""A span of random patterns from which pixels can be left out after the reading."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hspy_cnmf.operators.inspection import Inspection
from hspy_cnmf.operators.series import SeriesOperator
from hspy_cnmf.operators.streamed import StreamedOperator


@dataclass(frozen=True, eq=False)
class OpenSpan:
    r"""What a first reading tells, of pixels of which some may not take part.

    Parameters
    ----------
    inspection : Inspection
        Of all pixels that were read.
    patterns : numpy.ndarray, shape (rank, n_pixels)
        Random patterns :math:`\Omega`.
    suspects : numpy.ndarray of int, shape (n,)
        Pixels that may be left out at no cost; so may those without counts.
    values : numpy.ndarray, shape (n, n_positions)
        What the suspects hold.
    images : numpy.ndarray, shape (rank, n_positions), or None
        Of the patterns, which are zero in the suspects, where chunks divide patterns.
    sums : numpy.ndarray, shape (rank + n, n_pixels), or None
        The data's patterns summed with these images and, the last ones, with the
        values of the suspects, where patterns are whole in their chunks.

    Notes
    -----
    Of the span :math:`\Omega X^T X` each pixel has a share. That of the suspects B is
    kept apart: with :math:`X_B^T X` from the same reading, it is added for those that
    turn out to be good,

    .. math:: \Omega X^T X = \Omega_0 X^T X + \Omega_B X_B^T X

    where :math:`\Omega_0` is zero in B, so that nothing has to be subtracted, which
    would leave the rounding of what bad pixels hold.
    """

    inspection: Inspection
    patterns: np.ndarray
    suspects: np.ndarray
    values: np.ndarray
    images: np.ndarray | None
    sums: np.ndarray | None

    @classmethod
    def read(
        cls,
        operator: StreamedOperator | SeriesOperator,
        patterns: np.ndarray,
        suspects: np.ndarray,
    ) -> OpenSpan:
        """Read the data once.

        Parameters
        ----------
        operator : StreamedOperator or SeriesOperator
            The data, not weighted.
        patterns : numpy.ndarray, shape (rank, n_pixels)
        suspects : numpy.ndarray of int
            Numbers of pixels.
        """
        n, rank = len(suspects), len(patterns)
        rows = np.zeros((rank + n, operator.shape[1]), operator.dtype)
        rows[:rank] = patterns
        rows[:rank, suspects] = 0
        rows[np.arange(rank, rank + n), suspects] = 1
        if operator.readings_of_span == 1:
            told, sums, values = operator.inspect_and_span(rows, n)
            return cls(told, patterns, suspects, values, None, sums)
        told, images = operator.inspect(rows)
        return cls(told, patterns, suspects, images[rank:], images[:rank], None)

    def suspecting(self, others: OpenSpan) -> OpenSpan:
        """Return this span with the suspects of another reading of the same pixels.

        There are none yet here.
        """
        own, images, sums = self.patterns[:, others.suspects], self.images, self.sums
        if images is not None:
            images = images - own.astype(images.dtype) @ others.values
        if sums is not None and others.sums is not None:
            sums = np.concatenate([sums - own @ others.sums, others.sums])
        return replace(
            self,
            suspects=others.suspects,
            values=others.values,
            images=images,
            sums=sums,
        )

    def knows(self, bad: np.ndarray) -> bool:
        """Return whether it is known what the data are without these pixels.

        Parameters
        ----------
        bad : numpy.ndarray of bool, shape (n_pixels,)
        """
        told, unknown = self.inspection, bad.copy()
        unknown[self.suspects] = False
        return not bad.any() or not (
            told.pixel_square_sums[unknown].any()
            # Where the first is, and how low they are, is not known by pixel.
            or told.pixel_blanks[~bad].any()
            or told.n_negative
        )

    def without(self, bad: np.ndarray) -> OpenSpan:
        """Return the span of the other pixels, of which none is suspected any more.

        Parameters
        ----------
        bad : numpy.ndarray of bool, shape (n_pixels,)
            Of those that are known.
        """
        out = bad[self.suspects]
        good, values = self.suspects[~out], self.values[~out]
        own, images, sums = self.patterns[:, good], self.images, self.sums
        left_out = self.values[out].sum(axis=0, dtype=np.float64)
        if images is not None:
            images = images + own.astype(images.dtype) @ values
        if sums is not None:
            rank = len(self.patterns)
            sums = sums[:rank, ~bad] + own @ sums[rank:][~out][:, ~bad]
        return OpenSpan(
            self.inspection.without(bad, left_out),
            self.patterns[:, ~bad],
            np.empty(0, int),
            self.values[:0],
            images,
            sums,
        )

    def close(self, operator: StreamedOperator | SeriesOperator) -> np.ndarray:
        """Return the span, of which no pixel is suspected.

        Parameters
        ----------
        operator : StreamedOperator or SeriesOperator
            The data of these pixels; read once where chunks divide patterns.

        Returns
        -------
        numpy.ndarray, shape (rank, n_pixels)
        """
        if self.sums is not None:
            return self.sums
        if self.images is None or not len(self.images) or self.inspection.n_not_finite:
            return np.zeros(self.patterns.shape)
        return operator.expecting(self.inspection).patterns(self.images)
