"""Bands of the solutions that describe a signal as well as the one that was found."""

from __future__ import annotations

import ast
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import numpy as np

from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf._hyperspy.types import BaseSignal
from hspy_cnmf._hyperspy.wrap import maps_like, patterns_like
from hspy_cnmf.arguments import real_number
from hspy_cnmf.constraints import AzimuthalFloor, RadialFloor, RingFloor
from hspy_cnmf.constraints.base import expand
from hspy_cnmf.tables import Table
from hspy_cnmf.verification.decomposed import read_model
from hspy_cnmf.verification.feasible_bands import Bands, feasible_bands
from hspy_cnmf.verification.model import FittedModel
from hspy_cnmf.verification.solution_bands import SolutionBands

#: Constraints that solutions are asked to obey, by name.
_FLOORS = {kind.__name__: kind for kind in (RadialFloor, AzimuthalFloor)}


def solution_bands(signal: BaseSignal, *, tolerance: float = 1.0) -> SolutionBands:
    r"""Find how ambiguous each component is.

    This is what ``s.get_solution_bands()`` calls.

    Parameters
    ----------
    signal : hyperspy.signal.BaseSignal
        After ``decomposition(algorithm="constrained_nmf")``. Its data are not read.
    tolerance : float, default 1.0
        How negative values may be, and how far below its floor a pixel, in standard
        deviations of the noise of that value.

    Returns
    -------
    SolutionBands

    Raises
    ------
    RuntimeError
        If the signal's last decomposition was not a constrained NMF.
    ValueError
        If `tolerance` is negative, or factors or loadings are.

    Notes
    -----
    Solutions are mixtures of the components that were found, by any n x n matrix:
    their model, and so the error, is the same. Of all whose factors and loadings are
    not negative but for noise, the lowest and the highest share of all counts are
    sought for each component, as MCR-BANDS does (Gemperline, Anal. Chem. 71, 5398,
    1999; Tauler, J. Chemometrics 15, 627, 2001), here by linear programmes; see
    `hspy_cnmf.verification.mixtures.extreme`. Bands are those of all solutions that
    came up; each of them is one, so that what they leave open is open.

    *Constraints.* Mixtures of smooth maps are smooth: `GaussianSmoothing` holds by
    itself. So do zero regions, symmetries, and maps of a common total, which mixtures
    have, too. A `RadialFloor` or `AzimuthalFloor` is asked for in the linear form of
    `hspy_cnmf.verification.feasible_bands.floor_limits`. Sparsity, total variation and
    functions of one's own are not asked for: there bands are wider than need be.

    *Noise* is taken from the error of the decomposition, as Poisson noise of any
    gain; see `hspy_cnmf.verification.feasible_bands.standard_deviations`. What it
    does to a value that is determined is not in the bands. Where components leave over
    more than noise (some are missing, or one pattern varies), other solutions that are
    no mixtures of them do as well, and nothing is taken to be determined.
    """
    tolerance = real_number("tolerance", tolerance)
    result = get_result(signal)
    model = read_model(signal)
    if not model.is_nonnegative:
        raise ValueError(
            "Bands need factors and loadings that are nowhere negative: they were "
            "reversed after the decomposition. Reverse them again, or decompose again."
        )
    floor = _floor(str(result.parameters.get("factor_constraint")))
    there = model.there
    bands = feasible_bands(
        model.factors[there],
        model.loadings[there].astype(float),
        result.gain,
        tolerance,
        None if floor is None else (floor, model.keep_pixels),
    )
    obeyed = "not negative" if floor is None else "not negative, floor of rings"
    parameters = {
        "tolerance": tolerance,
        "obeyed": f"{obeyed}, within {tolerance:g} standard deviations of noise",
        "structure_left": float(result.parameters.get("structure_left", 1.0)),
        "hspy_cnmf": version("hspy-cnmf"),
    }
    return _wrap(signal, model, there, bands, parameters)


def _floor(text: str) -> RingFloor | None:
    """Return the floor of rings that a result tells of, None where there was none."""
    try:
        calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        for call in calls:
            kind = _FLOORS.get(getattr(call.func, "id", ""))
            if kind is not None:
                known = {field.name for field in fields(kind)}
                given = {
                    k.arg: ast.literal_eval(k.value)
                    for k in call.keywords
                    if k.arg in known
                }
                return kind(**given)
    except (SyntaxError, ValueError):
        return None
    return None


def _wrap(
    signal: BaseSignal,
    model: FittedModel,
    there: np.ndarray,
    bands: Bands,
    parameters: dict[str, Any],
) -> SolutionBands:
    """Return bands as signals; components that are empty have bands of zero."""
    n = len(there)
    shares = np.zeros((3, n))
    shares[:, there] = bands.shares
    lowest, highest = bands.factors
    ambiguity = (highest - lowest) / np.where(highest > 0, highest, 1)
    ambiguity[highest <= 0] = 1
    spots, rest = np.zeros((2, n))
    found = model.factors[there]
    spots[there], rest[there] = _medians(ambiguity, found)
    table = Table.from_columns(
        component=np.arange(n),
        share=shares[1],
        lowest=shares[0],
        highest=shares[2],
        width=shares[2] - shares[0],
        spots=spots,
        rest=rest,
    )

    def patterns(values: np.ndarray, title: str) -> BaseSignal:
        """Return patterns of all components."""
        stack = _filled(values, there, model.keep_pixels)
        return patterns_like(signal, stack, "component", title)

    def maps(values: np.ndarray, title: str) -> BaseSignal:
        """Return maps of all components."""
        stack = _filled(values, there, model.keep_positions)
        return maps_like(signal, stack, "component", title)

    return SolutionBands(
        table=table,
        ambiguity=patterns(ambiguity, "Ambiguity of factors"),
        lower_factors=patterns(lowest, "Lowest counts of factors"),
        upper_factors=patterns(highest, "Highest counts of factors"),
        lower_loadings=maps(bands.loadings[0], "Lowest counts of maps"),
        upper_loadings=maps(bands.loadings[1], "Highest counts of maps"),
        parameters=parameters,
    )


def _filled(values: np.ndarray, there: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return images of all components, NaN where masked, of values of those there."""
    full = np.zeros((len(there), values.shape[1]))
    full[there] = values
    return expand(full, keep)


def _medians(
    ambiguity: np.ndarray, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the median ambiguity of the brightest pixels of factors, and of others.

    The brightest are those that make up half of the sum of squares of a factor.
    """
    spots, rest = [], []
    for open_, factor in zip(ambiguity, factors, strict=True):
        order = np.argsort(-factor)
        squares = np.cumsum(factor[order].astype(float) ** 2)
        n_bright = int(np.searchsorted(squares, squares[-1] / 2)) + 1
        spots.append(np.median(open_[order[:n_bright]]))
        others = order[n_bright:]
        rest.append(np.median(open_[others]) if len(others) else spots[-1])
    return np.array(spots), np.array(rest)
