"""Data sets, most of them simulated, whose true components are known."""

from hspy_cnmf.data._crystal_structures import crystal_phase
from hspy_cnmf.data._crystalline import iron_grains, kinematic_silver_twins
from hspy_cnmf.data._crystals_in_matrix import aluminium_precipitates, glass_crystals
from hspy_cnmf.data._eds_spectra import mineral_assemblage, two_particles
from hspy_cnmf.data._embedded_crystals import crystallised_film, precipitates_in_crystal
from hspy_cnmf.data._four_phases import four_phases
from hspy_cnmf.data._kinematic import PhaseTruth
from hspy_cnmf.data._layered_domains import layered_domains
from hspy_cnmf.data._metallic_glass import metallic_glass
from hspy_cnmf.data._polycrystals import oriented_grains, turned_grains
from hspy_cnmf.data._precipitation_series import SeriesTruth, precipitation_series
from hspy_cnmf.data._simulation import DomainTruth, Truth
from hspy_cnmf.data._twinned_crystal import twinned_crystal
from hspy_cnmf.data._twinned_silver import twinned_silver

__all__ = [
    "DomainTruth",
    "PhaseTruth",
    "SeriesTruth",
    "Truth",
    "aluminium_precipitates",
    "crystal_phase",
    "crystallised_film",
    "four_phases",
    "glass_crystals",
    "iron_grains",
    "kinematic_silver_twins",
    "layered_domains",
    "metallic_glass",
    "mineral_assemblage",
    "oriented_grains",
    "precipitates_in_crystal",
    "precipitation_series",
    "turned_grains",
    "twinned_crystal",
    "twinned_silver",
    "two_particles",
]
