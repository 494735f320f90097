"""The one edge to HyperSpy and pyxem: below it, rooms see arrays only."""

from importlib.util import find_spec

if find_spec("hyperspy.learn") is None:
    raise ImportError(
        "hspy-cnmf needs a HyperSpy that has hyperspy.learn, version 2.5 or later but "
        'below 3, which moves machine learning elsewhere: pip install "hyperspy<3".'
    )
