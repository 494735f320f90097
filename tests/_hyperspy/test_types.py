"""Classes that are told apart: those that users have, and none else."""

import hyperspy.api as hs
from pyxem.signals import ElectronDiffraction2D

from hspy_cnmf._hyperspy import types


def test_classes_are_those_that_signals_of_users_have():
    assert hs.signals.BaseSignal is types.BaseSignal
    assert issubclass(ElectronDiffraction2D, types.Diffraction2D)
    assert all(isinstance(getattr(types, name), type) for name in types.__all__)
