"""Groups of diffraction patterns that are the same crystal, turned in the plane."""

from hspy_cnmf.clustering.cluster_diffraction import cluster_diffraction
from hspy_cnmf.clustering.clusters import DiffractionClusters, get_clusters

__all__ = ["DiffractionClusters", "cluster_diffraction", "get_clusters"]
