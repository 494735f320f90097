"""The methods that ``import hspy_cnmf`` adds to signals.

Each hands the signal on to the function that does the work, imported when it is called.
"""

from hyperspy.signal import BaseSignal
from pyxem.signals import Diffraction2D, PolarDiffraction2D

from hspy_cnmf._hyperspy import nodes, store


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
    from hspy_cnmf.clustering.cluster_diffraction import cluster_diffraction

    signals = store.component_signals(self)
    if components is None:
        components = store.found_components(self)
    clusters = cluster_diffraction(
        *signals,
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
    return nodes.keep(self, nodes.CLUSTERS, clusters)


def scan_output_dimension(self, output_dimensions=range(2, 21), **kwargs):
    """Factorise with several numbers of components, and suggest one.

    The result is kept in the signal, in ``s.metadata.Output_dimension_scan``, and saved
    with it; `hspy_cnmf.get_scan` returns it.

    Parameters
    ----------
    output_dimensions : iterable of int, default range(2, 21)
        Numbers of components.
    **kwargs
        See `hspy_cnmf.scan_output_dimension`.

    Returns
    -------
    hspy_cnmf.OutputDimensionScan
    """
    from hspy_cnmf.selection import scan_output_dimension

    return nodes.keep(
        self,
        nodes.SCAN,
        scan_output_dimension(self, output_dimensions, **kwargs),
    )


def get_decomposition_residual(self, **kwargs):
    """Return what the decomposition leaves unexplained, and where more than chance.

    The result is kept in the signal, in ``s.metadata.Decomposition_residual``, and
    saved with it; `hspy_cnmf.get_residual` returns it. Another decomposition removes
    it.

    Parameters
    ----------
    **kwargs
        ``refit``, ``significance``, ``smoothing``, ``gain`` and ``variance``; see
        `hspy_cnmf.verification.decomposition_residual`.

    Returns
    -------
    hspy_cnmf.Residual
        Maps of reduced chi-square, of its probability and of what is flagged, and
        residual patterns; lazy for lazy signals.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    """
    from hspy_cnmf.verification import decomposition_residual

    return nodes.keep(self, nodes.RESIDUAL, decomposition_residual(self, **kwargs))


def check_components(self, **kwargs):
    """Compare each map with a virtual dark-field image from the component's own spots.

    The result is kept in the signal, in ``s.metadata.Component_check``, and saved with
    it; `hspy_cnmf.get_component_check` returns it. Another decomposition removes it.

    Parameters
    ----------
    **kwargs
        ``clusters``, ``center``, ``threshold`` and ``min_correlation``; see
        `hspy_cnmf.verification.check_components`.

    Returns
    -------
    hspy_cnmf.ComponentCheck
        Images, and a table that says which components to look at again.

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    """
    from hspy_cnmf.verification import check_components

    return nodes.keep(self, nodes.CHECK, check_components(self, **kwargs))


def get_component_fractions(self, **kwargs):
    """Return the fraction of each component at each position, with its uncertainty.

    The result is kept in the signal, in ``s.metadata.Component_fractions``, and saved
    with it; `hspy_cnmf.get_fractions` returns it. Another decomposition removes it.

    Parameters
    ----------
    **kwargs
        ``significance``, ``gain`` and ``variance``; see
        `hspy_cnmf.verification.component_fractions`.

    Returns
    -------
    hspy_cnmf.ComponentFractions

    Raises
    ------
    RuntimeError
        If the signal has not been decomposed.
    """
    from hspy_cnmf.verification import component_fractions

    return nodes.keep(self, nodes.FRACTIONS, component_fractions(self, **kwargs))


def map_domains(self, n_domains=None, **kwargs):
    """Map the domains of a scan, with the confidence of every position's label.

    The result is kept in the signal, in ``s.metadata.Diffraction_domains``, and saved
    with it; `hspy_cnmf.get_domains` returns it. Needs PyTorch.

    Parameters
    ----------
    n_domains : int, optional
        Number of domains, 2 or more. Default: found.
    **kwargs
        See `hspy_cnmf.map_domains`.

    Returns
    -------
    hspy_cnmf.DomainMap

    Raises
    ------
    ImportError
        Without PyTorch: ``pip install "hspy-cnmf[domains]"``.
    """
    from hspy_cnmf.domains import map_domains

    return nodes.keep(self, nodes.DOMAINS, map_domains(self, n_domains, **kwargs))


#: Each method, and the classes of signals that get it.
METHODS = {
    cluster_diffraction: (Diffraction2D, PolarDiffraction2D),
    map_domains: (Diffraction2D,),
    scan_output_dimension: (BaseSignal,),
    get_decomposition_residual: (BaseSignal,),
    get_component_fractions: (BaseSignal,),
    check_components: (Diffraction2D, PolarDiffraction2D),
}
