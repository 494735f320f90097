"""Several scans as one: shared factors, and how what they show evolves."""

from hspy_cnmf.series.decompose_series import decompose_series
from hspy_cnmf.series.evolution import Evolution, get_evolution
from hspy_cnmf.series.measuring import measure_evolution

__all__ = ["Evolution", "decompose_series", "get_evolution", "measure_evolution"]
