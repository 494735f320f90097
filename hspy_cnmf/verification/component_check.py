"""Each component beside a virtual dark-field image from its own spots."""

import json
from dataclasses import dataclass

import numpy as np
from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf.figures.verification import plot_check
from hspy_cnmf.tables import Table

#: Names of the signals of `ComponentCheck`.
SIGNALS = ("images", "loadings")


@dataclass(frozen=True, eq=False, repr=False)
class ComponentCheck:
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

    images: BaseSignal
    loadings: BaseSignal
    table: Table
    parameters: dict

    @property
    def to_look_at(self):
        """Numbers of the components that a user should look at again."""
        return np.flatnonzero(self.table["look_again"])

    def plot(self, components=None, figure=None):
        """Plot images beside maps; see `hspy_cnmf.figures.verification.plot_check`."""
        return plot_check(self, components, figure)

    def __repr__(self):
        return f"<ComponentCheck, {len(self.to_look_at)} of {len(self.table)} doubtful>"

    def to_store(self):
        """Return what is kept in the signal: signals and strings."""
        columns = {name: self.table[name].tolist() for name in self.table.dtype.names}
        return {
            "images": self.images,
            "loadings": self.loadings,
            "table": json.dumps(columns),
            "parameters": json.dumps(self.parameters),
        }


def get_component_check(signal):
    """Return the check that is kept in a signal, also after save and load.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    stored = nodes.get_items(signal, nodes.CHECK)
    if not stored:
        raise RuntimeError(
            "The components of this signal have not been checked: run "
            "s.check_components() first."
        )
    table = Table.of(**json.loads(str(stored["table"])))
    parameters = json.loads(str(stored["parameters"]))
    return ComponentCheck(stored["images"], stored["loadings"], table, parameters)
