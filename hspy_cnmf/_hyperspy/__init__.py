"""The one edge to HyperSpy and pyxem: below it, rooms see arrays only."""

import warnings
from importlib.util import find_spec

if find_spec("hyperspy.learn") is None:
    raise ImportError(
        "hspy-cnmf needs a HyperSpy that has hyperspy.learn, version 2.5 or later but "
        'below 3, which moves machine learning elsewhere: pip install "hyperspy<3".'
    )

with warnings.catch_warnings():
    # pyxem 0.21 asks HyperSpy 2.5 for a function where it used to be.
    warnings.filterwarnings("ignore", message=".*has moved to `hyperspy")
    import pyxem.signals  # noqa: F401
