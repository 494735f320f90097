"""Methods of clusters that rooms above them provide."""

import inspect

import pytest

import hspy_cnmf
from hspy_cnmf._hyperspy.late_methods import LateMethods


@pytest.mark.parametrize("name", ["identify_phases", "to_crystal_map"])
def test_clusters_have_them_with_signature_and_texts_in_full(name):
    assert issubclass(hspy_cnmf.DiffractionClusters, LateMethods)
    method = getattr(hspy_cnmf.DiffractionClusters, name)
    parameters = inspect.signature(method).parameters
    assert {"self", "phases", "calibrate_from"} < parameters.keys()
    assert "clusters" not in parameters
    for parameter in parameters.keys() - {"self"}:
        assert f"\n{parameter} : " in inspect.getdoc(method)
    assert "See `hspy_cnmf" not in method.__doc__
