"""Arguments that data sets refuse."""

import numpy as np
import pytest

from hspy_cnmf.data import four_phases, metallic_glass, twinned_silver

SMALL = {
    "four_phases": (four_phases, {"shape": (9, 11), "detector_shape": (20, 24)}),
    "metallic_glass": (
        metallic_glass,
        {
            "shape": (12, 14),
            "detector_shape": (24, 20),
            "n_precipitates": 3,
            "diameter": 5.0,
        },
    ),
    "twinned_silver": (twinned_silver, {"shape": (12, 10)}),
}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"shape": (8, 20)}, ValueError, "shape=.*at least 9"),
        ({"shape": 36}, TypeError, "shape=36.*rows, columns"),
        ({"shape": (36, 36.5)}, TypeError, "shape=.*integers"),
        ({"detector_shape": (4, 4)}, ValueError, "detector_shape=.*at least 16"),
        ({"dose": 0}, ValueError, "dose=0.*positive"),
        ({"dose": np.nan}, ValueError, "dose=nan"),
        ({"dose": "high"}, TypeError, "dose='high'"),
        ({"random_state": "a"}, TypeError, "random_state='a'.*integer"),
        ({"random_state": -1}, ValueError, "random_state=-1"),
        ({"lazy": True, "chunks": (2, 2, 2)}, ValueError, "chunks=.*pair of sizes"),
        ({"lazy": True, "chunks": 0}, ValueError, "chunks=0"),
        ({"lazy": True, "chunks": "some"}, ValueError, "chunks='some'"),
    ],
)
def test_bad_arguments_raise(arguments, error, message):
    with pytest.raises(error, match=message):
        four_phases(**{**SMALL["four_phases"][1], **arguments})
