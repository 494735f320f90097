"""Methods of clusters that rooms above them provide."""

import pytest

import hspy_cnmf
from hspy_cnmf._hyperspy.late_methods import METHODS_OF_CLUSTERS, LateMethods


class Owner(LateMethods):
    """Has a method of its own."""

    def own(self):
        """Return whose it is."""
        return "own"


def test_methods_are_those_of_the_table_with_the_owner_first(monkeypatch):
    monkeypatch.setitem(METHODS_OF_CLUSTERS, "later", lambda *given: given)
    monkeypatch.setitem(METHODS_OF_CLUSTERS, "own", lambda *given: given)
    owner = Owner()
    assert owner.later(1, 2) == (owner, 1, 2)
    assert owner.own() == "own"
    assert {"own", "later"} < set(dir(owner))


def test_what_is_in_neither_is_no_attribute():
    owner = Owner()
    with pytest.raises(AttributeError, match="'Owner' has no attribute 'nothing'"):
        _ = owner.nothing
    assert not hasattr(owner, "nothing")


def test_clusters_have_the_methods_of_phases():
    assert issubclass(hspy_cnmf.DiffractionClusters, LateMethods)
    assert {"identify_phases", "to_crystal_map"} <= set(METHODS_OF_CLUSTERS)
