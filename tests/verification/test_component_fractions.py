"""Fractions as a result: told in words, saved and loaded."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import get_fractions
from tests.conftest import QUICK


def test_the_summary_counts_what_the_map_shows(decomposed_patterns):
    fractions = decomposed_patterns().get_component_fractions()
    n_overlap = np.count_nonzero(fractions.n_present.data > 1)
    text = fractions.summary()
    assert f"surely there at {n_overlap} of 90 positions" in text
    assert f"{n_overlap / 90:.1%}" in text
    assert f"{np.median(fractions.uncertainty.data):.2g} (median" in text


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
def test_saved_and_loaded(decomposed_patterns, tmp_path, extension):
    scan = decomposed_patterns()
    fractions = scan.get_component_fractions()
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_fractions(hs.load(tmp_path / f"scan.{extension}"))
    np.testing.assert_array_equal(loaded.present(), fractions.present())
    assert str(loaded.table()) == str(fractions.table())
    assert loaded.parameters == fractions.parameters
    scan.decomposition(**QUICK)
    with pytest.raises(RuntimeError, match="no fractions"):
        get_fractions(scan)
