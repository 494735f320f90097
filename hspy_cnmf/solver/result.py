"""The result of a factorisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hspy_cnmf.notebook_html import notebook_html
from hspy_cnmf.solver.copies import COPY
from hspy_cnmf.solver.films import note_of as note_of_films
from hspy_cnmf.solver.floor import note_of as note_of_floor
from hspy_cnmf.solver.left_over import note_of
from hspy_cnmf.solver.smoothing_cost import DEAR
from hspy_cnmf.solver.substrates import note_of as note_of_substrates
from hspy_cnmf.tables import Table

#: Status of maps that were fitted to factors that were given, all of them.
APPLIED = "applied"

#: What each status means, in words that say what to do.
STATUS = {
    APPLIED: "factors were given, and maps are their least squares",
    "converged": "factors and loadings changed by less than tol",
    COPY: "factors had become those of another start with a lower error, which went on",
    "max_iter": "max_iter was reached before factors and loadings settled to tol; "
    "look at the convergence and raise max_iter, or tol, if it matters",
}

#: Similarity of factors from which on two starts are taken to have found the same
#: component. It is strict since components of one scan are alike: crystals share the
#: rings of the matrix that they lie in, with similarities of 0.9 and above, whereas
#: starts that settle in the same minimum agree to 0.999.
SAME = 0.99


@dataclass(frozen=True, repr=False)
class Result:
    """What a constrained factorisation found, and how it got there.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n_components, n_pixels)
        Diffraction patterns, each of unit sum, in the order of `loadings`.
    loadings : numpy.ndarray, shape (n_components, n_positions)
        Maps, in the data's units (counts), sorted by decreasing L2 norm.
    error : float
        Mean squared error, in units of the data squared; of the weighted data where
        Poisson noise was normalised.
    square_norm : float
        Squared Frobenius norm of the same data.
    best : int
        Which start won.
    status : tuple of str
        How each start ended; see `hspy_cnmf.solver.result.STATUS`.
    n_iter : numpy.ndarray of int, shape (n_init,)
        Number of iterations of each start.
    seeds : numpy.ndarray of int, shape (n_init,)
        Seed of each start.
    error_history : numpy.ndarray, shape (n_init, max(n_iter))
        Mean squared error after each iteration; NaN after a start has ended.
    factor_change_history, loading_change_history : numpy.ndarray
        Relative L1 changes ``|W' - W|_1 / |W'|_1``, in the same layout.
    parameters : dict
        Every parameter of the run, by its name.
    agreement : numpy.ndarray or None, shape (n_init, n_components)
        How well each start found each component: the cosine of its factor with that
        of the best start, in [0, 1], before the last iteration; 1 in the row of the
        best start, NaN for components that were left empty. A start that ended as a
        copy is counted with what became of the one that it was like. None in results
        of versions that did not compare starts.
    """

    factors: np.ndarray
    loadings: np.ndarray
    error: float
    square_norm: float
    best: int
    status: tuple
    n_iter: np.ndarray
    seeds: np.ndarray
    error_history: np.ndarray
    factor_change_history: np.ndarray
    loading_change_history: np.ndarray
    parameters: dict = field(default_factory=dict)
    agreement: np.ndarray | None = None

    if TYPE_CHECKING:

        def plot(self, figure: Any = None) -> Any:
            """Plot how the starts settled: `hspy_cnmf.plot_convergence`."""

    @property
    def last_errors(self) -> np.ndarray:
        """Error of each start after its own last iteration, (n_init,).

        Those that ended as copies had not settled: `status` tells.
        """
        return self.error_history[np.arange(len(self.n_iter)), self.n_iter - 1]

    @property
    def median_agreement(self) -> np.ndarray:
        """Median agreement of the other starts, (n_components,).

        NaN without other starts, and for empty components.
        """
        return _of_columns(np.median, self._other_starts)

    @property
    def found_again(self) -> np.ndarray:
        """Fraction of the other starts that found each component, (n_components,).

        Found is a component whose agreement is at least `SAME`; NaN without other
        starts, and for empty components.
        """
        found = _of_columns(np.mean, self._other_starts >= SAME)
        return np.where(np.isnan(self.median_agreement), np.nan, found)

    @property
    def _other_starts(self) -> np.ndarray:
        if self.agreement is None:
            return np.empty((0, len(self.factors)))
        return np.delete(self.agreement, self.best, axis=0)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what a user should know of the data, tuple of str."""
        return tuple(self.parameters.get("notes", ()))

    @property
    def left_over(self) -> str:
        """What components leave over that is no noise, in words; empty if nothing."""
        return note_of(self.parameters, len(self.factors) - self.n_found)

    @property
    def substrates(self) -> str:
        """What crystals have all spots of another one, in words; empty if none has."""
        return note_of_substrates(self.parameters)

    @property
    def films(self) -> str:
        """Which share of one film's rings was taken out of another's, in words."""
        return note_of_films(self.parameters)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to be said of the components, in words."""
        floor = note_of_floor(self.parameters)
        said = self.left_over, floor, self.substrates, self.films
        return tuple(filter(None, said))

    @property
    def gain(self) -> float:
        """Variance of the data over their mean, as the error has it; 1 of counts.

        Where Poisson noise was normalised, squares were divided by the sums of
        positions and of pixels, whose product is the mean times the sum of all; where
        there are no counts, nothing was left of them.
        """
        known = [np.isfinite(s).all(axis=0) for s in (self.factors, self.loadings)]
        sums = [
            stack.sum(axis=1, where=there, dtype=float)
            for stack, there in zip((self.factors, self.loadings), known, strict=True)
        ]
        total = float(sums[0] @ sums[1])
        n_pixels, n_positions = (int(np.count_nonzero(there)) for there in known)
        if self.parameters.get("normalize_poissonian_noise"):
            n_lit = int(np.count_nonzero(self.factors.any(axis=0) & known[0]))
            return self.error * total * n_pixels / max(n_lit, 1)
        return self.error * n_pixels * n_positions / max(total, 1e-300)

    @property
    def n_found(self) -> int:
        """Number of components that are not empty; see the parameter ``prune``.

        Factor and map of the others are both empty. Those that were given count.
        """
        return int(np.count_nonzero(np.nansum(self.factors, axis=1)))

    def summary(self) -> str:
        """Return in a few words how the run ended."""
        n_found, n_components = self.n_found, len(self.factors)
        found = (
            ""
            if n_found == n_components
            else f"; {_counted(n_found, 'component')} found, "
            f"{n_components - n_found} empty, as they would be noise"
        )
        n_converged, n_copies = map(self.status.count, ("converged", COPY))
        ended = f"{_counted(n_converged, 'start')} converged"
        if n_copies:
            ended += f", {n_copies} ended as copies of others"
        status = self.status[self.best]
        noted = "".join(f"; {note}" for note in self.remarks)
        after = f"{self._said_of_smoothing()}{noted}{self._changed_afterwards()}"
        if status == APPLIED:
            error = f"mean squared error {self.error:.6g}"
            return f"{status}: {STATUS[status]} ({error}){after}"
        return (
            f"{status}: {STATUS[status]} (start {self.best + 1} of {len(self.status)}, "
            f"{self.n_iter[self.best]} iterations, mean squared error "
            f"{self.error:.6g}; {ended}){found}"
            f"{self._said_of_fixed()}{after}"
        )

    def _said_of_fixed(self) -> str:
        """Return which components were known beforehand."""
        n_factors = self.parameters.get("fixed_factors", 0)
        n_loadings = self.parameters.get("fixed_loadings", 0)
        said = ""
        for what, first, n in (
            ("factors", 0, n_factors),
            ("loadings", n_factors, n_loadings),
        ):
            if n:
                known = ", ".join(map(str, range(first, first + n)))
                said += f"; {what} {known} were given and kept"
        return said

    def _said_of_smoothing(self) -> str:
        """Return what is to be said of a smoothing that the data change."""
        cost = self.parameters.get("smoothing_cost", 1.0)
        width = self.parameters.get("smoothing_width", 1.0)
        if self.parameters.get("smoothing_weighted"):
            said = "; the least error was that of factors fitted with smoothed weights"
            return said + (f", {width:g} times as widely" if width > 1 else "")
        if width > 1:
            return (
                f"; counts are so few that maps were smoothed {width:g} times as "
                "widely while factors were sought"
            )
        if not cost > DEAR:
            return ""
        times = f"up to {cost:.3g} times" if np.isfinite(cost) else "many times"
        if self.parameters["smoothing_left_out"]:
            return (
                "; maps are sharper than the automatic smoothing, which would make the "
                f"error {times} as large, and were not smoothed"
            )
        return (
            "; maps are sharper than their smoothing, which makes the error "
            f"{times} as large as it need be: see loading_constraint=None or a "
            "narrower GaussianSmoothing(fwhm=...)"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def _repr_html_(self) -> str:
        """Return what notebooks show: the summary, and the components found."""
        counts = np.nansum(self.factors, axis=1) * np.nansum(self.loadings, axis=1)
        found = np.flatnonzero(counts)
        table = Table.from_columns(
            component=found,
            share_of_counts=counts[found] / (counts.sum() or 1),
            found_again=self.found_again[found],
        )
        return notebook_html(type(self).__name__, self.summary(), table=table)

    def _changed_afterwards(self) -> str:
        """Return in words what was done to the numbers that no NMF leaves like this."""
        said = []
        for name, stack in (("factors", self.factors), ("loadings", self.loadings)):
            unknown = np.isnan(stack).all(axis=1)
            if unknown.any():
                said.append(
                    f"{name} {_listed(unknown)} hold NaN only: they were normalised "
                    "by a sum over masked values or of an empty component; decompose "
                    "again"
                )
            negative = np.any(stack < 0, axis=1)  # NaN is not
            if negative.any():
                said.append(
                    f"{name} {_listed(negative)} are negative: they were reversed "
                    "afterwards; reverse them again"
                )
        n_then = self.parameters.get("n_components", len(self.factors))
        if n_then != len(self.factors):
            said.append(f"{len(self.factors)} of {n_then} components were kept")
        return "".join(f"; {words}" for words in said)

    def agreement_summary(self) -> str:
        """Return in a few words how well the starts agree."""
        n_others = len(self._other_starts)
        if self.status[self.best] == APPLIED:
            return "not known: factors were given"
        if self.agreement is None:
            return "not known: this result is of a version that did not compare starts"
        if not n_others:
            return "not known: there was one start only, see n_init"
        # Empty components, the last ones, are in no start.
        again = self.found_again[: self.n_found]
        doubtful = np.flatnonzero(again < 0.5)
        if not doubtful.size:
            lowest = np.min(again, where=~np.isnan(again), initial=1)
            share = "all" if lowest == 1 else f"at least {lowest:.0%}"
            return (
                f"each component was found again by {share} of the other starts "
                f"(similarity of factors {SAME} or more)"
            )
        listed = ", ".join(
            f"{k} ({self.median_agreement[k]:.2f})" for k in doubtful.tolist()
        )
        return (
            f"{doubtful.size} of {again.size} components were not found again by most "
            f"of the other starts (median similarity of factors): {listed}; there may "
            "be fewer components, or more starts needed (n_init)"
        )


def _listed(mask: np.ndarray) -> str:
    """Return the numbers of what a mask is true for, in words."""
    return ", ".join(map(str, np.flatnonzero(mask)))


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _of_columns(statistic: Callable, rows: np.ndarray) -> np.ndarray:
    return statistic(rows, axis=0) if len(rows) else np.full(rows.shape[1], np.nan)
