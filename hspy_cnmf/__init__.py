"""Constrained NMF of 4D-STEM data for HyperSpy and pyxem.

Importing this package registers ``algorithm="constrained_nmf"`` with the
``decomposition`` method of HyperSpy's signals.
"""

from importlib.metadata import version

from hspy_cnmf import constraints, registration
from hspy_cnmf.decomposition import decompose, get_result
from hspy_cnmf.masks import structure_mask
from hspy_cnmf.solver import ConstrainedNMF, Result

__version__ = version("hspy-cnmf")
__all__ = [
    "ConstrainedNMF",
    "Result",
    "constraints",
    "decompose",
    "get_result",
    "structure_mask",
]

registration.register()
