"""Signal classes, which HyperSpy finds through ``hyperspy_extension.yaml``."""

from hspy_cnmf.signals.dendrogram import Dendrogram, LazyDendrogram

__all__ = ["Dendrogram", "LazyDendrogram"]
