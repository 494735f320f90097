"""Scan over the number of components, as HyperSpy signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import hyperspy.api as hs
import numpy as np

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.results import StoredResult
from hspy_cnmf._hyperspy.types import BaseSignal, Signal1D
from hspy_cnmf._hyperspy.wrap import curves, numbers_of_components
from hspy_cnmf.figures.figure import AnyFigure
from hspy_cnmf.figures.scan import plot_scan
from hspy_cnmf.selection import criteria
from hspy_cnmf.tables import Table
from hspy_cnmf.whole_file import whole_path


@dataclass(frozen=True, eq=False, repr=False)
class OutputDimensionScan(StoredResult):
    """Errors and agreement for a range of numbers of components.

    Errors are mean squared errors in units of the data squared; of the weighted data
    where Poisson noise is normalised.

    Attributes
    ----------
    error : hyperspy.signals.Signal1D
        Error of the best start, as the decomposition with this sketch reports it,
        (| n).
    start_errors : hyperspy.signals.Signal1D
        Error of every start before its last iteration, (start | n).
    pca_error : hyperspy.signals.Signal1D
        Lowest error of any factorisation, (| n): that of PCA without centring
        (HyperSpy's "SVD"), of the same sketch.
    noise_floor : hyperspy.signals.Signal1D
        Error expected of the right model of Poisson counts, (| n); NaN where the
        data are not such counts, see `reason`.
    agreement : hyperspy.signals.Signal1D
        How well starts agree on the component that they agree on least: the median
        similarity of its factor to those of the other starts, (| n). NaN where there
        was one start.
    held_out_error : hyperspy.signals.Signal1D
        Error on data that were left out, above that of the best number,
        (score | n); four scores, of two halves of the positions and of the pixels.
        NaN where it was not asked for or half of the data are too few.
    parameters : dict
        Arguments of the scan, what each criterion chooses, and the reason.
    """

    node = nodes.SCAN
    noun = "scan over the number of components"
    command = "s.scan_output_dimension(range(2, 21))"
    shapes: ClassVar[dict] = {
        "error": "n",
        "start_errors": "starts n",
        "pca_error": "n",
        "noise_floor": "n",
        "agreement": "n",
        "held_out_error": "scores n",
    }
    entries: ClassVar[dict] = {"suggested": int, "reason": str}

    error: Signal1D
    start_errors: Signal1D
    pca_error: Signal1D
    noise_floor: Signal1D
    agreement: Signal1D
    held_out_error: Signal1D
    parameters: dict

    @classmethod
    def from_arrays(
        cls,
        numbers: np.ndarray,
        arrays: Mapping[str, np.ndarray],
        floor_note: str,
        parameters: dict[str, Any],
        title: str = "",
    ) -> OutputDimensionScan:
        """Judge the arrays of a scan and wrap them.

        Parameters
        ----------
        numbers : numpy.ndarray of int, shape (n_numbers,)
            Increasing numbers of components.
        arrays : dict
            Values of the attributes by their names.
        floor_note : str
            Where the noise floor comes from, or why there is none.
        parameters : dict
            To be remembered.
        title : str, default ""
            Of the data.
        """
        error, held_out = arrays["error"], arrays["held_out_error"]
        choices = {
            "found": criteria.found_choice(numbers, parameters.get("n_found")),
            "held_out": criteria.held_out_choice(held_out),
            "departure": criteria.departure(error, arrays["pca_error"]),
            "agreement": criteria.last_agreement(arrays["agreement"]),
        }
        index, decided_by = criteria.suggestion(choices)
        reason = criteria.words(
            numbers,
            choices,
            index,
            decided_by,
            error,
            arrays["noise_floor"],
            floor_note,
            parameters.get("held_out_width", 0.0),
        )
        judged = {
            "suggested": int(numbers[index]),
            "reason": reason,
            "choices": {
                name: None if i is None else int(numbers[i])
                for name, i in choices.items()
            },
        }
        signals = {
            name: curves(arrays[name], numbers, words, title, counted_by)
            for name, (words, counted_by) in _SIGNALS.items()
        }
        return cls(**signals, parameters=parameters | judged)

    @property
    def output_dimensions(self) -> np.ndarray:
        """Numbers of components, shape (n_numbers,)."""
        return numbers_of_components(self.error)

    @property
    def suggested(self) -> int:
        """Number of components that the scan suggests."""
        return self.parameters["suggested"]

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.parameters["reason"]

    def table(self) -> Table:
        """Return a table with a row for each number of components.

        Returns
        -------
        Table
            `spread` is that of the starts' errors, highest less lowest;
            `held_out_error` the mean of the scores.
        """
        errors = np.asarray(self.start_errors.data)
        return Table.from_columns(
            output_dimension=self.output_dimensions,
            error=self.error.data,
            spread=np.ptp(errors, axis=0),
            pca_error=self.pca_error.data,
            noise_floor=self.noise_floor.data,
            agreement=self.agreement.data,
            held_out_error=np.mean(self.held_out_error.data, axis=0),
        )

    def summary(self) -> str:
        """Return in words what was found, with the table."""
        return f"{self.table()}\nSuggested: {self.reason}"

    def plot(self, **kwargs: Any) -> AnyFigure:
        """Plot all curves against the number of components.

        Parameters
        ----------
        **kwargs
            For `hspy_cnmf.plot_scan`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return plot_scan(self, **kwargs)

    def save(
        self, path: str | PathLike, *, overwrite: bool = False, **kwargs: Any
    ) -> None:
        """Write the scan to a file that `hspy_cnmf.load_scan` reads.

        Parameters
        ----------
        path : path-like
            One of HyperSpy's own formats, ``.hspy`` or ``.zspy``; it is there whole or
            not at all.
        overwrite : bool, default False
            Replace what is there.
        **kwargs
            For HyperSpy's ``save``.

        Raises
        ------
        FileExistsError
            If there is such a file and `overwrite` is not set.
        """
        path = Path(path)
        path = path if path.suffix else path.with_suffix(".hspy")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} is there already: add overwrite=True.")
        signal = self.error.deepcopy()
        self.keep_in(signal)
        with whole_path(path) as part:
            signal.save(part, **kwargs)


#: Signals of `OutputDimensionScan`: what they are, and what several are counted by.
_SIGNALS = {
    "error": ("Mean squared error of NMF", ""),
    "start_errors": ("Mean squared errors of starts", "start"),
    "pca_error": ("Mean squared error of PCA", ""),
    "noise_floor": ("Noise floor", ""),
    "agreement": ("Agreement of starts", ""),
    "held_out_error": ("Held-out error above the lowest", "score"),
}


def get_scan(signal: BaseSignal) -> OutputDimensionScan:
    """Return the scan that is kept in a signal, also after save and load.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        A signal after ``scan_output_dimension``.

    Returns
    -------
    OutputDimensionScan

    Raises
    ------
    RuntimeError
        If no scan is kept in this signal.
    """
    return OutputDimensionScan.read_from(signal)


def load_scan(path: str | PathLike) -> OutputDimensionScan:
    """Read a scan from a file.

    Parameters
    ----------
    path : path-like
        What `OutputDimensionScan.save` has written, or a signal that was saved after
        a scan.

    Returns
    -------
    OutputDimensionScan

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there is no scan in the file, or it is damaged.
    """
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"path must be one, not {path!r:.60}.")
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        loaded = hs.load(path, lazy=True)
        signals = loaded if isinstance(loaded, list) else [loaded]
        kept = [signal for signal in signals if OutputDimensionScan.is_in(signal)]
        for signal in kept[:1]:
            _compute(nodes.content_of(signal, OutputDimensionScan.node))
    except Exception as error:  # Readers raise whatever a damaged file leads to.
        raise ValueError(
            f"{path} cannot be read: it is damaged, or no file of HyperSpy's "
            f"({type(error).__name__}: {error})."
        ) from error
    if not kept:
        raise ValueError(f"{path} holds no scan over the number of components.")
    return get_scan(kept[0])


def _compute(node: Any) -> None:
    """Read the signals of a node now: a scan is small, and its file may go."""
    for name in node.keys():
        value = node.get_item(name)
        if getattr(value, "_lazy", False):
            value.compute(show_progressbar=False)
