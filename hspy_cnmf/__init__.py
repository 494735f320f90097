"""Constrained NMF of 4D-STEM data for HyperSpy and pyxem.

Importing this package registers ``algorithm="constrained_nmf"`` with the
``decomposition`` method of HyperSpy's signals.
"""

from importlib.metadata import version

from hspy_cnmf import constraints, data, registration
from hspy_cnmf.clustering import (
    DiffractionClusters,
    cluster_diffraction,
    get_clusters,
)
from hspy_cnmf.cost import Cost, estimate_cost
from hspy_cnmf.decomposition import decompose
from hspy_cnmf.figures import plot_clusters, plot_components, plot_convergence
from hspy_cnmf.machine import Machine, measure_machine
from hspy_cnmf.masks import structure_mask
from hspy_cnmf.sketch import Sketch
from hspy_cnmf.sketching import make_sketch
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.storage import get_result

__version__ = version("hspy-cnmf")
__all__ = [
    "ConstrainedNMF",
    "Cost",
    "DiffractionClusters",
    "Machine",
    "Result",
    "Sketch",
    "cluster_diffraction",
    "constraints",
    "data",
    "decompose",
    "estimate_cost",
    "get_clusters",
    "get_result",
    "make_sketch",
    "measure_machine",
    "plot_clusters",
    "plot_components",
    "plot_convergence",
    "structure_mask",
]

registration.register()
