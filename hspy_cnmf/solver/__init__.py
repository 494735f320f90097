"""Alternating least squares with non-negativity and constraints."""

from hspy_cnmf.solver.estimator import ConstrainedNMF
from hspy_cnmf.solver.result import Result

__all__ = ["ConstrainedNMF", "Result"]
