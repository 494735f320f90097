"""Residuals as a result: marked, saved, loaded and forgotten."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import get_residual
from tests.verification.conftest import FREE


@pytest.mark.parametrize("extension", ["hspy", "zspy"])
@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
def test_saved_and_loaded(decomposed, tmp_path, extension, lazy):
    scan = decomposed()
    scan = scan.as_lazy() if lazy else scan
    residual = scan.get_decomposition_residual(significance=0.1)
    scan.save(tmp_path / f"scan.{extension}")
    loaded = get_residual(hs.load(tmp_path / f"scan.{extension}"))
    assert loaded.summary() == residual.summary()
    assert loaded.parameters == residual.parameters
    assert type(loaded.pattern) is type(residual.pattern)
    np.testing.assert_array_equal(loaded.flagged.data, residual.flagged.data)


def test_flagged_positions_are_marked(decomposed):
    residual = decomposed().get_decomposition_residual(significance=0.1)
    assert residual.n_flagged
    residual.chi_square.plot()
    (markers,) = (m for _, m in residual.chi_square.metadata.Markers)
    places = np.argwhere(residual.flagged.data)[:, ::-1]
    np.testing.assert_allclose(
        np.sort(markers.get_current_kwargs()["offsets"], 0), np.sort(places, 0)
    )


def test_goes_with_another_decomposition(decomposed):
    scan = decomposed()
    scan.get_decomposition_residual()
    scan.decomposition(**FREE)
    with pytest.raises(RuntimeError, match="get_decomposition_residual"):
        get_residual(scan)


def test_as_many_components_as_positions_leave_nothing_to_judge(make_scan):
    scan = make_scan((2, 2), (14, 12))
    scan.decomposition(**FREE | {"output_dimension": 4})
    residual = scan.get_decomposition_residual()
    assert np.isnan(residual.chi_square.data).all()
    assert np.isnan(residual.chi_square_pattern.data).all()
    assert residual.n_flagged == 0
    assert "fewer components" in residual.summary()
    assert "nan" not in residual.summary()
    axes = residual.plot().axes
    assert axes[0].get_title().startswith("0 flagged")
