"""Constrained NMF of 4D-STEM data for HyperSpy and pyxem.

Importing this package registers ``algorithm="constrained_nmf"`` with the
``decomposition`` method of HyperSpy's signals.
"""

from importlib.metadata import version

import hspy_cnmf._hyperspy  # noqa: F401  (first: it has pyxem imported quietly)
from hspy_cnmf import constraints, data, registration
from hspy_cnmf._hyperspy.masks import structure_mask
from hspy_cnmf._hyperspy.store import get_result
from hspy_cnmf.clustering import DiffractionClusters, cluster_diffraction, get_clusters
from hspy_cnmf.decomposition.cost import Cost, estimate_cost
from hspy_cnmf.decomposition.decompose import decompose
from hspy_cnmf.decomposition.machine import Machine, measure_machine
from hspy_cnmf.decomposition.sketching import make_sketch
from hspy_cnmf.domains import (
    DomainMap,
    DomainModel,
    get_domains,
    load_domain_model,
    map_domains,
)
from hspy_cnmf.figures import (
    plot_clusters,
    plot_components,
    plot_convergence,
    plot_domains,
    plot_scan,
)
from hspy_cnmf.operators.sketch import Sketch
from hspy_cnmf.report import write_report
from hspy_cnmf.selection import (
    OutputDimensionScan,
    get_scan,
    load_scan,
    scan_output_dimension,
)
from hspy_cnmf.solver import ConstrainedNMF, Result
from hspy_cnmf.verification import (
    ComponentCheck,
    ComponentFractions,
    Residual,
    get_component_check,
    get_fractions,
    get_residual,
)

__version__ = version("hspy-cnmf")
__all__ = [
    "ComponentCheck",
    "ComponentFractions",
    "ConstrainedNMF",
    "Cost",
    "DiffractionClusters",
    "DomainMap",
    "DomainModel",
    "Machine",
    "OutputDimensionScan",
    "Residual",
    "Result",
    "Sketch",
    "cluster_diffraction",
    "constraints",
    "data",
    "decompose",
    "estimate_cost",
    "get_clusters",
    "get_component_check",
    "get_domains",
    "get_fractions",
    "get_residual",
    "get_result",
    "get_scan",
    "load_domain_model",
    "load_scan",
    "make_sketch",
    "map_domains",
    "measure_machine",
    "plot_clusters",
    "plot_components",
    "plot_convergence",
    "plot_domains",
    "plot_scan",
    "scan_output_dimension",
    "structure_mask",
    "write_report",
]

registration.register()
