"""Each component beside a virtual dark-field image from its own spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.components import words_on_found
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.verification import plot_check
from hspy_cnmf.tables import Table

#: Names of the signals of `ComponentCheck`.
SIGNALS = ("images", "loadings")


@dataclass(frozen=True, eq=False, repr=False)
class ComponentCheck(StoredResult):
    """Components beside what virtual apertures on their spots see.

    Attributes
    ----------
    images : pyxem.signals.VirtualDarkFieldImage
        Virtual dark-field image of each component or group, straight from the data,
        (component | x, y): counts in the apertures above the rings beside them, over
        the part of the component's counts that apertures collect, and so to be
        compared with its map.
    loadings : hyperspy.signal.BaseSignal
        The maps, of components or of groups.
    table : Table
        One row for each; see `check_components`.
    parameters : dict
        Arguments of the check.
    """

    node = nodes.CHECK
    noun = "check of its components"
    command = "s.check_components()"
    shapes: ClassVar[dict] = {"images": "n map", "loadings": "n map"}
    columns: ClassVar[dict] = {"table": "look_again reason correlation"}

    images: BaseSignal
    loadings: BaseSignal
    table: Table
    parameters: dict

    @property
    def to_look_at(self) -> np.ndarray:
        """Numbers of the components that a user should look at again."""
        return np.flatnonzero(self.table["look_again"])

    @property
    def n_all(self) -> int:
        """Number of groups, or of components, empty ones that are not checked too."""
        n_checked = len(self.table)
        if self.parameters.get("clusters"):
            return n_checked
        return self.parameters.get("n_components", n_checked)

    def plot(
        self, components: Any = None, figure: AnyFigure | None = None
    ) -> AnyFigure:
        """Plot images beside maps; see `hspy_cnmf.figures.verification.plot_check`."""
        return plot_check(self, components, figure)

    def summary(self) -> str:
        """Return in words which components to look at again."""
        doubtful = self.to_look_at
        n_maps = len(self.table)
        text = f"{len(doubtful)} of {n_maps} maps are to be looked at again"
        if n_maps < self.n_all:
            text = f"{words_on_found(None, n_maps, self.n_all)}; {text}"
        rows = [f"  {k}: {self.table['reason'][k]}" for k in doubtful]
        return "\n".join([text, *rows])

    def shown_table(self) -> Table:
        """Return the table."""
        return self.table

    def check(self) -> None:
        """Raise unless the table has a row for each image, and numbers are numbers."""
        n_images = self.images.axes_manager.navigation_size
        if len(self.table) != n_images:
            raise ValueError(f"'table' has {len(self.table)} rows, not {n_images}.")
        if not isinstance(self.n_all, int):
            raise ValueError(f"{self.n_all!r:.60} is no number of components.")


def get_component_check(signal: BaseSignal) -> ComponentCheck:
    """Return the check that is kept in a signal, also after save and load.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    return ComponentCheck.read_from(signal)
