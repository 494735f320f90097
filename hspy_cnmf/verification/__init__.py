"""Trust in a decomposition: residuals, an independent check, uncertainties."""

from hspy_cnmf.verification.check_components import check_components
from hspy_cnmf.verification.component_check import ComponentCheck, get_component_check
from hspy_cnmf.verification.component_fractions import ComponentFractions, get_fractions
from hspy_cnmf.verification.decomposition_residual import decomposition_residual
from hspy_cnmf.verification.find_bands import solution_bands
from hspy_cnmf.verification.fractions import component_fractions
from hspy_cnmf.verification.residual import Residual, get_residual
from hspy_cnmf.verification.solution_bands import SolutionBands, get_bands

__all__ = [
    "ComponentCheck",
    "ComponentFractions",
    "Residual",
    "SolutionBands",
    "check_components",
    "component_fractions",
    "decomposition_residual",
    "get_bands",
    "get_component_check",
    "get_fractions",
    "get_residual",
    "solution_bands",
]
