"""Trust in a decomposition: residuals, an independent check, uncertainties."""

from hspy_cnmf.verification.check_components import check_components
from hspy_cnmf.verification.component_check import ComponentCheck, get_component_check
from hspy_cnmf.verification.component_fractions import ComponentFractions, get_fractions
from hspy_cnmf.verification.decomposition_residual import decomposition_residual
from hspy_cnmf.verification.fractions import component_fractions
from hspy_cnmf.verification.residual import Residual, get_residual

__all__ = [
    "ComponentCheck",
    "ComponentFractions",
    "Residual",
    "check_components",
    "component_fractions",
    "decomposition_residual",
    "get_component_check",
    "get_fractions",
    "get_residual",
]
