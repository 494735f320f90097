"""Fractions of components, as HyperSpy signals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy.stats import norm

from hspy_cnmf._hyperspy import bridge, nodes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.components import found_indices, words_on_found
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.verification import plot_fractions
from hspy_cnmf.notebook_html import Picture
from hspy_cnmf.operators.low_rank import gram_of_rows
from hspy_cnmf.tables import Table

#: Names of the signals of `ComponentFractions`.
SIGNALS = ("fractions", "uncertainty", "n_present")


@dataclass(frozen=True, eq=False, repr=False)
class ComponentFractions(StoredResult):
    """Fractions of the counts at each position, with standard uncertainties.

    Attributes
    ----------
    fractions : hyperspy.signal.BaseSignal
        Share of each component, (component | x, y); 1 in sum, NaN where masked or
        where nothing was counted. Its variance is in
        ``fractions.metadata.Signal.Noise_properties``.
    uncertainty : hyperspy.signal.BaseSignal
        One standard deviation of the same, from the counts.
    n_present : hyperspy.signal.BaseSignal
        Map of the number of components that are surely there; 2 or more where
        components lie over each other.
    parameters : dict
        Arguments and what was found out about the noise.
    """

    node = nodes.FRACTIONS
    noun = "fractions"
    command = "s.get_component_fractions()"
    shapes: ClassVar[dict] = {
        "fractions": "n map",
        "uncertainty": "n map",
        "n_present": "map",
    }
    entries: ClassVar[dict] = {"significance": Real}

    fractions: BaseSignal
    uncertainty: BaseSignal
    n_present: BaseSignal
    parameters: dict

    @property
    def n_components(self) -> int:
        """Number of components."""
        return self.fractions.axes_manager.navigation_size

    def table(self) -> Table:
        """Return for each pair of components in how many positions both are there.

        Returns
        -------
        Table
            ``first`` and ``second`` component, ``n_positions`` where both are above 0
            at the significance asked for, and ``fraction`` of all positions known.
        """
        present = self.present()
        first, second = np.triu_indices(len(present), k=1)
        both = gram_of_rows(present)[first, second].astype(int)
        known = np.isfinite(np.asarray(self.n_present.data)).sum()
        return Table.from_columns(
            first=first, second=second, n_positions=both, fraction=both / max(known, 1)
        )

    def present(self) -> np.ndarray:
        """Return whether each component is surely there, shape (n, n_positions)."""
        level = norm.isf(self.parameters["significance"])
        fractions, uncertainty = (
            np.asarray(bridge.aligned_data(signal)).reshape(self.n_components, -1)
            for signal in (self.fractions, self.uncertainty)
        )
        with np.errstate(invalid="ignore"):  # NaN is not there
            found = [f > level * u for f, u in zip(fractions, uncertainty, strict=True)]
        return np.stack(found)

    def summary(self) -> str:
        """Return in words where components overlap, and how sure fractions are."""
        n_present = np.asarray(self.n_present.data)
        known = np.isfinite(n_present)
        n_overlap, n_known = int((n_present > 1).sum()), int(known.sum())
        uncertainty = np.asarray(self.uncertainty.data)
        uncertainty = uncertainty[uncertainty > 0]  # 0 of components that are empty
        typical, largest = np.nan, uncertainty.max(initial=0)
        if uncertainty.size:
            typical = np.median(uncertainty, overwrite_input=True)
        shown = found_indices(None, bridge.aligned_data(self.fractions))
        text = (
            f"{words_on_found(None, len(shown), self.n_components)}; "
            f"two or more components are surely there at {n_overlap} of {n_known} "
            f"positions ({n_overlap / max(n_known, 1):.1%}) at a significance of "
            f"{self.parameters['significance']:g}"
        )
        if not uncertainty.size:
            return text
        return (
            f"{text}; fractions are uncertain by {typical:.2g} (median, "
            f"from the counts alone), by {largest:.2g} at most"
        )

    def pictures(self) -> Iterable[Picture]:
        """Return the maps of the components that were found."""
        fractions = np.asarray(bridge.aligned_data(self.fractions))
        for k in found_indices(None, fractions):
            yield Picture(f"component {k}", fractions[k])

    def plot(
        self, components: Any = None, figure: AnyFigure | None = None
    ) -> AnyFigure:
        """Plot fractions, their uncertainties and where components overlap.

        See `hspy_cnmf.figures.verification.plot_fractions`.
        """
        return plot_fractions(self, components, figure)


def get_fractions(signal: BaseSignal) -> ComponentFractions:
    """Return the fractions that are kept in a signal, also after save and load.

    Raises
    ------
    RuntimeError
        If there are none.
    """
    return ComponentFractions.read_from(signal)
