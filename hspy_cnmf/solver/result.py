"""The result of a factorisation."""

from dataclasses import dataclass, field

import numpy as np

#: What each status means, in words that say what to do.
STATUS = {
    "converged": "factors and loadings changed by less than tol",
    "max_iter": "max_iter was reached before factors and loadings settled to tol; "
    "look at the convergence and raise max_iter, or tol, if it matters",
}


@dataclass(frozen=True)
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

    def summary(self):
        """Return in a few words how the run ended."""
        n_converged = self.status.count("converged")
        status = self.status[self.best]
        return (
            f"{status}: {STATUS[status]} (start {self.best} of {len(self.status)}, "
            f"{self.n_iter[self.best]} iterations, mean squared error "
            f"{self.error:.6g}; {n_converged} starts converged)"
        )
