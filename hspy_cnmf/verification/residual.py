"""Residuals of a decomposition, as HyperSpy signals."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from hspy_cnmf._hyperspy import bridge, nodes
from hspy_cnmf._hyperspy.markers import mark_flagged
from hspy_cnmf._hyperspy.negative import decomposed_data
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import entitle
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.residual import plot_residual
from hspy_cnmf.notebook_html import Picture
from hspy_cnmf.operators import StreamedOperator
from hspy_cnmf.operators.computing import compute_together
from hspy_cnmf.verification.decomposed import read_model
from hspy_cnmf.verification.noise import PoissonNoise

_TITLES = (
    "Reduced chi-square",
    "Probability of the residual",
    "Positions that the model fails",
    "Mean residual",
    "Reduced chi-square",
)

_PERHAPS = ": perhaps a component is missing, or maps are smoothed wider than the probe"

#: Where the model fails all over the scan, it is not a grain that is missing.
_EVERYWHERE = (
    ". As it is so all over the scan, the data may not be counts as they were "
    "recorded: multiplied by a number (give gain=), with a background taken off or "
    "negative values set to zero, or rescaled to 8 bits; then give variance=, or go "
    "back to the data as recorded. Otherwise components are missing, or the beam moves"
)

#: What chi-square tells by itself, of a model that fails nowhere.
_TOO_GOOD = (
    ". This is less scatter than counts have: perhaps the data were divided by a "
    "number (give gain=), smoothed or averaged, or there are more components than the "
    "data hold"
)

#: What is said where the components leave nothing over that could be judged.
_NOTHING_LEFT = (
    "nothing can be told: there are about as many components as positions ({n}), which "
    "follow the counts, noise and all. Ask for fewer components"
)

#: Fraction of the positions above which nearly all are flagged.
_MOST = 0.7

#: Reduced chi-squares between which scatter may be that of counts: median and mean.
_MOST_CHI_SQUARE, _LEAST_CHI_SQUARE = 1.1, 0.9


@dataclass(frozen=True, eq=False, repr=False)
class Residual(StoredResult):
    """What a decomposition leaves unexplained.

    The signals are lazy where the data are: `compute` has all of them from the same
    readings. Masked is NaN.

    Attributes
    ----------
    chi_square : hyperspy.signal.BaseSignal
        Map of the reduced chi-square; 1 is expected.
    probability : hyperspy.signal.BaseSignal
        Map of the probability that chance gives a chi-square as high in a position
        and its neighbourhood.
    flagged : hyperspy.signal.BaseSignal
        Map of the positions that the model fails: where the probability is below
        ``parameters["significance"]``.
    pattern : hyperspy.signal.BaseSignal
        Mean residual pattern of the model as it stands, in the data's units; of the
        class of the signal.
    chi_square_pattern : hyperspy.signal.BaseSignal
        Reduced chi-square of each pixel.
    parameters : dict
        Arguments, number of positions and of components, and the gain.
    """

    node = nodes.RESIDUAL
    noun = "residual"
    command = "s.get_decomposition_residual()"
    shapes: ClassVar[dict] = {
        "chi_square": "map",
        "probability": "map",
        "flagged": "map",
        "pattern": "pattern",
        "chi_square_pattern": "pattern",
    }
    entries: ClassVar[dict] = {"significance": Real, "n_positions": int, "noise": str}

    chi_square: BaseSignal
    probability: BaseSignal
    flagged: BaseSignal
    pattern: BaseSignal
    chi_square_pattern: BaseSignal
    parameters: dict

    @classmethod
    def from_arrays(
        cls, signal: BaseSignal, maps: Any, patterns: Any, parameters: dict[str, Any]
    ) -> Residual:
        """Wrap arrays, lazy or not.

        Parameters
        ----------
        signal : hyperspy.signal.BaseSignal
            Whose residual this is.
        maps : array, shape (3, *map_shape)
            Reduced chi-square, probability, and what is flagged.
        patterns : array, shape (2, *pattern_shape)
            Mean residual and reduced chi-square.
        parameters : dict
            To be remembered; plain numbers and strings.
        """
        arrays = maps[0], maps[1], maps[2].astype(bool), *patterns
        wrap = [bridge.navigation_signal] * 3 + [bridge.pattern_signal] * 2
        made = [function(signal, a) for function, a in zip(wrap, arrays, strict=True)]
        for title, result in zip(_TITLES, made, strict=True):
            entitle(result, title, signal)
        residual = cls(**dict(zip(SIGNALS, made, strict=True)), parameters=parameters)
        if not residual.chi_square._lazy:
            mark_flagged(residual.chi_square, residual.flagged)
        return residual

    @property
    def is_lazy(self) -> bool:
        """Whether anything is still to be computed."""
        return any(getattr(self, name)._lazy for name in SIGNALS)

    @property
    def n_flagged(self) -> int:
        """Number of flagged positions."""
        return int(np.count_nonzero(np.asarray(self.flagged.data)))

    @property
    def n_expected(self) -> float:
        """Number of positions that chance alone flags, of a correct model."""
        return self.parameters["significance"] * self.parameters["n_positions"]

    @property
    def mean_chi_square(self) -> float:
        """Mean of the reduced chi-square; NaN where nothing is left over to judge."""
        chi_square = np.asarray(self.chi_square.data)
        known = np.isfinite(chi_square)
        return float(chi_square[known].mean()) if known.any() else np.nan

    @property
    def exceeds_chance(self) -> bool:
        """Whether more positions are flagged than chance would flag.

        By more than three standard deviations of what chance flags, if it flags nine
        positions at a time: neighbours are judged together.
        """
        return self.n_flagged > self.n_expected + 3 * np.sqrt(9 * self.n_expected)

    def compute(self) -> Residual:
        """Compute all signals that are lazy, together; they change in place.

        Returns
        -------
        Residual
            The same.
        """
        lazy = [s for s in (getattr(self, n) for n in SIGNALS) if s._lazy]
        values = compute_together(
            *(signal.data for signal in lazy),
            label="Residual",
            show_progressbar=bridge.wants_progressbar(None),
        )
        for signal, data in zip(lazy, values, strict=True):
            bridge.make_eager(signal, data)
        mark_flagged(self.chi_square, self.flagged)
        return self

    def summary(self) -> str:
        """Return in words what was found; computes what is lazy."""
        self.compute()
        chi_square = self.mean_chi_square
        significance, n = (self.parameters[k] for k in ("significance", "n_positions"))
        if np.isnan(chi_square):
            return _NOTHING_LEFT.format(n=n)
        found = (
            f"reduced chi-square {chi_square:.4f} under {self.parameters['noise']}; "
            f"{self.n_flagged} of {n} positions flagged at a significance of "
            f"{significance:g}, {self.n_expected:.3g} expected by chance"
        )
        return found + self._causes(chi_square)

    def _causes(self, chi_square: float) -> str:
        """Return in words what a chi-square other than 1 may come from."""
        counts = self.parameters["noise"] == PoissonNoise.name
        if self.exceeds_chance:
            share = self.n_flagged / max(self.parameters["n_positions"], 1)
            typical = np.nanmedian(self.chi_square.data)
            everywhere = share > _MOST or typical > _MOST_CHI_SQUARE
            causes = _EVERYWHERE if counts and everywhere else _PERHAPS
            known = self.parameters.get("notes") or []
            return ". ".join([causes, *known])
        return _TOO_GOOD if counts and chi_square < _LEAST_CHI_SQUARE else ""

    def plot(self, figure: AnyFigure | None = None) -> AnyFigure:
        """Plot the map with what is flagged, the residual pattern and a histogram.

        See `hspy_cnmf.figures.residual.plot_residual`; computes what is lazy.
        """
        return plot_residual(self.compute(), figure)

    def flagged_pattern(self, signal: BaseSignal) -> BaseSignal:
        """Return what the model misses where it fails: the spots of another phase.

        Parameters
        ----------
        signal : hyperspy.signal.BaseSignal
            The signal that was decomposed; it is read once.

        Returns
        -------
        hyperspy.signal.BaseSignal
            Mean residual pattern of the flagged positions, of the model as it stands,
            in the data's units and of the class of the signal.

        Raises
        ------
        ValueError
            If nothing is flagged.
        """
        model = read_model(signal)
        flagged = np.asarray(self.compute().flagged.data)
        if not flagged.any():
            raise ValueError("No position is flagged: the model fails nowhere.")
        weights = (flagged / np.count_nonzero(flagged))[
            np.newaxis, model.keep_positions
        ]
        data = decomposed_data(signal)
        operator = StreamedOperator(data, model.keep_positions, model.keep_pixels)
        pattern = np.full(model.keep_pixels.shape, np.nan)
        pattern[model.keep_pixels] = (
            operator.patterns(weights) - weights @ model.loadings.T @ model.factors
        )[0]
        result = bridge.pattern_signal(signal, pattern)
        result.metadata.General.title = "Mean residual of flagged positions"
        return result

    def __repr__(self) -> str:
        if self.is_lazy:
            n_positions = self.parameters["n_positions"]
            return f"<Residual of {n_positions} positions, lazy: see compute()>"
        return super().__repr__()

    def _repr_html_(self) -> str:
        if self.is_lazy:
            return html.escape(repr(self))
        return super()._repr_html_()

    def pictures(self) -> Iterable[Picture]:
        """Return maps of chi-square and of what is flagged, and the mean residual."""
        yield Picture("reduced chi-square", bridge.aligned_data(self.chi_square))
        flagged = np.asarray(bridge.aligned_data(self.flagged), float)
        yield Picture("flagged", flagged, "Reds")
        yield Picture("mean residual", bridge.aligned_data(self.pattern), "RdBu_r")


#: Names of the signals of `Residual`.
SIGNALS = tuple(field.name for field in fields(Residual) if field.name != "parameters")


def get_residual(signal: BaseSignal) -> Residual:
    """Return the residual that is kept in a signal, also after save and load.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    return Residual.read_from(signal)
