"""Methods of clusters that rooms which stand on them provide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class LateMethods:
    """A class that gets methods when the package is imported, as signals do.

    They are in `hspy_cnmf.methods.METHODS`; here they are for type checkers only.
    """

    if TYPE_CHECKING:

        def identify_phases(self, phases: Any, **kwargs: Any) -> Any:
            """Find out which candidate each group is: `hspy_cnmf.identify_phases`."""

        def to_crystal_map(self, phases: Any, **kwargs: Any) -> Any:
            """Do that, and return its orix crystal map."""
