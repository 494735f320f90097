"""Phases of groups: what crystal each is, how it is turned, how much there is of it."""

from hspy_cnmf.phases.amounts import compare_amounts
from hspy_cnmf.phases.identification import PhaseIdentification, get_phases
from hspy_cnmf.phases.identify_phases import identify_phases

__all__ = ["PhaseIdentification", "compare_amounts", "get_phases", "identify_phases"]
