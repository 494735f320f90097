from . import constraints, data
from ._hyperspy.masks import structure_mask
from ._hyperspy.store import get_result
from .clustering.cluster_diffraction import cluster_diffraction
from .clustering.clusters import DiffractionClusters, get_clusters
from .decomposition.apply_factors import apply_factors
from .decomposition.cost import Cost, estimate_cost
from .decomposition.decompose import decompose
from .decomposition.machine import Machine, measure_machine
from .decomposition.sketching import make_sketch
from .domains import (
    DomainMap,
    DomainModel,
    get_domains,
    load_domain_model,
    map_domains,
)
from .figures import (
    plot_amounts,
    plot_clusters,
    plot_components,
    plot_convergence,
    plot_domains,
    plot_scan,
)
from .operators.sketch import Sketch
from .phases import PhaseIdentification, compare_amounts, get_phases
from .phases.identify_phases import identify_phases
from .report.write_report import write_report
from .selection import (
    OutputDimensionScan,
    get_scan,
    load_scan,
    scan_output_dimension,
)
from .series import Evolution, get_evolution, measure_evolution
from .series.decompose_series import decompose_series
from .solver import ConstrainedNMF, Result
from .verification import (
    ComponentCheck,
    ComponentFractions,
    Residual,
    SolutionBands,
    get_bands,
    get_component_check,
    get_fractions,
    get_residual,
)

__version__: str
__all__ = [
    "ComponentCheck",
    "ComponentFractions",
    "ConstrainedNMF",
    "Cost",
    "DiffractionClusters",
    "DomainMap",
    "DomainModel",
    "Evolution",
    "Machine",
    "OutputDimensionScan",
    "PhaseIdentification",
    "Residual",
    "Result",
    "Sketch",
    "SolutionBands",
    "apply_factors",
    "cluster_diffraction",
    "compare_amounts",
    "constraints",
    "data",
    "decompose",
    "decompose_series",
    "estimate_cost",
    "get_bands",
    "get_clusters",
    "get_component_check",
    "get_domains",
    "get_evolution",
    "get_fractions",
    "get_phases",
    "get_residual",
    "get_result",
    "get_scan",
    "identify_phases",
    "load_domain_model",
    "load_scan",
    "make_sketch",
    "map_domains",
    "measure_evolution",
    "measure_machine",
    "plot_amounts",
    "plot_clusters",
    "plot_components",
    "plot_convergence",
    "plot_domains",
    "plot_scan",
    "scan_output_dimension",
    "structure_mask",
    "write_report",
]
