"""Constrained NMF of 4D-STEM data for HyperSpy and pyxem.

Importing this package registers ``algorithm="constrained_nmf"`` with the
``decomposition`` method of HyperSpy's signals. Its names, listed in ``__init__.pyi``,
are loaded when they are first used.
"""

from importlib.metadata import version

import lazy_loader

from hspy_cnmf import _hyperspy, registration  # noqa: F401  (checks HyperSpy first)

__version__ = version("hspy-cnmf")
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

registration.register()
