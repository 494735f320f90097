"""The methods that ``import hspy_cnmf`` adds to signals.

Each hands the signal on to the function that does the work, imported when it is called.
"""

from pyxem.signals import Diffraction2D, PolarDiffraction2D


def cluster_diffraction(
    self,
    n_clusters=None,
    distance_threshold=None,
    linkage="merge",
    components=None,
    center=None,
    radial_range=None,
    n_azimuth=360,
    mirror=False,
    **kwargs,
):
    """Group the factors of a decomposed signal that are the same crystal, turned.

    The result is kept in the signal, in ``s.metadata.Diffraction_clusters``, and saved
    with it; `hspy_cnmf.get_clusters` returns it. Another decomposition removes it.

    Parameters
    ----------
    n_clusters, distance_threshold, linkage, components, center, radial_range
        See `hspy_cnmf.cluster_diffraction`.
    n_azimuth, mirror, **kwargs
        See `hspy_cnmf.cluster_diffraction`.

    Returns
    -------
    hspy_cnmf.DiffractionClusters

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    """
    from hspy_cnmf import registration
    from hspy_cnmf.clustering.cluster_diffraction import cluster_diffraction

    clusters = cluster_diffraction(
        *registration.component_signals(self),
        n_clusters,
        distance_threshold,
        linkage,
        components,
        center,
        radial_range,
        n_azimuth,
        mirror,
        **kwargs,
    )
    registration.store_items(self, registration.CLUSTERS, clusters.to_store())
    return clusters


#: Each method, and the classes of signals that get it.
METHODS = {cluster_diffraction: (Diffraction2D, PolarDiffraction2D)}
