"""How ambiguous each component is: bands of all solutions that do as well."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.bridge import aligned_data
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf.figures.bands import plot_bands
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.tables import Table

#: Ambiguity up to which a value counts as determined: the highest of all solutions is
#: at most three times the lowest. Much of what spots vary by is the ring below them.
DETERMINED = 2 / 3

#: What components leave over, above noise, up to which it is taken to be noise. Where
#: all that there is was found, it is 1.0 to 1.8, with one too few 4 and more.
_NOISE_ALONE = 3.0

#: Columns that a table of bands has.
COLUMNS = ("component", "share", "lowest", "highest", "width", "spots", "rest")


@dataclass(frozen=True, eq=False, repr=False)
class SolutionBands(StoredResult):
    """Lowest and highest of all solutions that describe the data as well.

    Attributes
    ----------
    table : Table
        One row for each component: ``share`` of all counts as found, ``lowest`` and
        ``highest`` of all solutions, ``width``, the difference (0: determined by the
        data), and the median ambiguity of the brightest pixels of its factor, the
        ``spots``, and of the ``rest``.
    ambiguity : hyperspy.signal.BaseSignal
        How open each pixel of each factor is, (component | kx, ky): the highest less
        the lowest counts, over the highest. 0 is determined; 1 are counts that are
        another component's in some solution, or that there are none of.
    lower_factors, upper_factors : hyperspy.signal.BaseSignal
        Lowest and highest counts of each component in a mean pattern,
        (component | kx, ky).
    lower_loadings, upper_loadings : hyperspy.signal.BaseSignal
        Lowest and highest counts of each component at each position,
        (component | x, y).
    parameters : dict
        Arguments, and what was asked of solutions.
    """

    node = nodes.BANDS
    noun = "bands of solutions"
    command = "s.get_solution_bands()"
    shapes: ClassVar[dict] = {
        "ambiguity": "n pattern",
        "lower_factors": "n pattern",
        "upper_factors": "n pattern",
        "lower_loadings": "n map",
        "upper_loadings": "n map",
    }
    entries: ClassVar[dict] = {"obeyed": str, "structure_left": Real}

    table: Table
    ambiguity: BaseSignal
    lower_factors: BaseSignal
    upper_factors: BaseSignal
    lower_loadings: BaseSignal
    upper_loadings: BaseSignal
    parameters: dict

    @property
    def holds(self) -> bool:
        """Whether components leave over nothing but noise; else bands are too narrow.

        Solutions are mixtures of the components that were found. Where these are too
        few, or patterns vary, others do as well.
        """
        return float(self.parameters["structure_left"]) <= _NOISE_ALONE

    @property
    def determined(self) -> np.ndarray:
        """Which pixels of each factor the data determine, (n, *pattern_shape)."""
        narrow = np.asarray(aligned_data(self.ambiguity)) <= DETERMINED
        return narrow & self.holds

    def plot(
        self, components: Any = None, figure: AnyFigure | None = None
    ) -> AnyFigure:
        """Plot bands of factors and maps; see `hspy_cnmf.figures.bands.plot_bands`."""
        return plot_bands(self, components, figure)

    def summary(self) -> str:
        """Return in words what the data determine of each component."""
        there = self.table[self.table["share"] > 0]
        words = _words_on if self.holds else lambda row: "not known to be determined"
        lines = [
            f"  {row['component']}: {row['share']:.3g} of all counts, between "
            f"{row['lowest']:.3g} and {row['highest']:.3g}; {words(row)}"
            for row in there
        ]
        return "\n".join([self.finding(), *lines])

    def finding(self) -> str:
        """Return in a sentence how many components the data determine."""
        there = self.table[self.table["share"] > 0]
        if not self.holds:
            return (
                "the components leave over structure that is "
                f"{self.parameters['structure_left']:.2g} times what noise explains: "
                "there are more, or patterns vary. Bands are those of mixtures of what "
                "was found, and do not show what is determined; shares of the counts "
                f"are open by {there['width'].max(initial=0):.2g} at least. Ask for "
                "more components, or prefer one solution (volume_weight)"
            )
        spots = there["spots"] <= DETERMINED
        whole = spots & (there["rest"] <= DETERMINED)
        return (
            f"among all solutions that do as well ({self.parameters['obeyed']}), "
            f"{np.count_nonzero(whole)} of {len(there)} patterns are determined by the "
            f"data; of {np.count_nonzero(spots & ~whole)} more the bright pixels are; "
            f"shares of the counts are open by {there['width'].max(initial=0):.2g} at "
            "most"
        )

    def shown_table(self) -> Table:
        """Return the table."""
        return self.table

    def check(self) -> None:
        """Raise unless the table has its columns, and a row for each component."""
        missing = set(COLUMNS) - set(self.table.names)
        if missing:
            raise ValueError(f"'table' lacks {', '.join(sorted(missing))}.")
        odd = [n for n in COLUMNS if self.table[n].dtype.kind not in "iuf"]
        if odd:
            raise ValueError(f"'table' has no numbers in {', '.join(odd)}.")
        n_components = self.ambiguity.axes_manager.navigation_size
        if len(self.table) != n_components:
            raise ValueError(f"'table' has {len(self.table)} rows, not {n_components}.")


def _words_on(row: Any) -> str:
    """Return in words which parts of a factor are determined."""
    spots, rest = row["spots"] <= DETERMINED, row["rest"] <= DETERMINED
    if spots and rest:
        return "its pattern is determined"
    if spots:
        return "its bright pixels are determined, the others (rings) are not"
    return "its pattern is not determined"


def get_bands(signal: BaseSignal) -> SolutionBands:
    """Return the bands that are kept in a signal, also after save and load.

    Raises
    ------
    RuntimeError
        If there are none.
    """
    return SolutionBands.read_from(signal)
