"""How crystals in a matrix lie to it, and what cannot be made."""

import numpy as np
import pytest

from tests.data.test_crystalline import make


def test_precipitates_are_parallel_to_the_matrix():
    _, truth = make("aluminium_precipitates", return_truth=True)
    matrix, scandium, *variants = truth.matrices
    np.testing.assert_allclose(scandium, matrix)
    names = [truth.phases[k].name for k in truth.phase_ids]
    assert names == ["Al", "Al3Sc"] + ["theta'-Al2Cu"] * 3
    axes = [matrix.T @ variant @ [0, 0, 1] for variant in variants]
    np.testing.assert_allclose(
        np.abs(axes), [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-9
    )


@pytest.mark.parametrize("name", ["glass_crystals", "aluminium_precipitates"])
def test_spheres_that_cannot_be_are_refused(name):
    for argument in ("diameter", "crystallinity"):
        with pytest.raises(ValueError, match=argument):
            make(name, **{argument: -1.0})
