"""Simulated 4D-STEM data sets whose true components are known."""

from hspy_cnmf.data._four_phases import four_phases
from hspy_cnmf.data._metallic_glass import metallic_glass
from hspy_cnmf.data._simulation import Truth
from hspy_cnmf.data._twinned_silver import twinned_silver

__all__ = ["Truth", "four_phases", "metallic_glass", "twinned_silver"]
