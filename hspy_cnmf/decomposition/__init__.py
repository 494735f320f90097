"""A decomposition of a signal: planned, run, and written into its results."""

from hspy_cnmf.decomposition.decompose import decompose

__all__ = ["decompose"]
