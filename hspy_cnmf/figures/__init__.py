"""Figures of a constrained NMF, as matplotlib objects."""

from hspy_cnmf.figures.components import plot_components
from hspy_cnmf.figures.convergence import plot_convergence

__all__ = ["plot_components", "plot_convergence"]
