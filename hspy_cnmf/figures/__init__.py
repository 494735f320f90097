"""Figures of a constrained NMF and of its clusters, as matplotlib objects."""

from hspy_cnmf.figures.amounts import plot_amounts
from hspy_cnmf.figures.clusters import plot_clusters
from hspy_cnmf.figures.components import plot_components
from hspy_cnmf.figures.convergence import plot_convergence
from hspy_cnmf.figures.domains import plot_domains
from hspy_cnmf.figures.explore import explore_components
from hspy_cnmf.figures.scan import plot_scan

__all__ = [
    "explore_components",
    "plot_amounts",
    "plot_clusters",
    "plot_components",
    "plot_convergence",
    "plot_domains",
    "plot_scan",
]
