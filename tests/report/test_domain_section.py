"""The report of a map of domains, and figures of its parts."""

import hyperspy.api as hs
import numpy as np
import pytest

import hspy_cnmf
from hspy_cnmf import write_report
from hspy_cnmf.domains.factors import CONFIDENT
from tests.conftest import QUICK
from tests.helpers.layout import leave_axes
from tests.helpers.report_page import Page, images

SHORT = {
    "n_repeats": 2,
    "max_rounds": 1,
    "random_state": 0,
    "print_info": False,
}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Return a mapped scan of which a row and the direct beam are masked."""
    scan = hspy_cnmf.data.layered_domains(
        (10, 12), detector_shape=(32, 32), n_variants=2, n_cells=4, random_state=0
    )
    navigation_mask = np.zeros((10, 12), bool)
    navigation_mask[0] = True
    navigation_mask = hs.signals.Signal2D(navigation_mask).transpose()
    signal_mask = hspy_cnmf.structure_mask(scan)
    scan.map_domains(
        3, navigation_mask=navigation_mask, signal_mask=signal_mask, **SHORT
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        leave_axes(patch)  # as in the tests that compare with it
        return scan, signal_mask, Page(write_report(scan, path))


def test_numbers_are_those_of_the_map(mapped):
    scan, _, page = mapped
    domains = hspy_cnmf.get_domains(scan)
    labels, confidence = domains.labels.data, domains.confidence.data
    assert page.names == ["summary", "data", "domains", "parameters"]
    rows = page.table("Positions of each")
    assert len(rows) == domains.n_domains == 3
    for k, row in enumerate(rows):
        own = confidence[labels == k]
        assert row[0] == str(k)
        assert int(row[1]) == len(own)
        assert float(row[2]) == pytest.approx(100 * len(own) / 108, rel=1e-3)
        if len(own):
            assert float(row[3]) == pytest.approx(own.mean(), rel=1e-3)
            sure = 100 * np.mean(own >= CONFIDENT)
            assert float(row[4]) == pytest.approx(sure, rel=1e-3)
    rounds = page.table("Consistency after")
    np.testing.assert_allclose(
        [float(row[1]) for row in rounds], domains.consistency.data, rtol=1e-3
    )
    sure = 100 * np.mean(confidence[labels >= 0] >= CONFIDENT)
    assert f"{sure:.1f} % of the positions" in page.texts["dd"]


def test_masks_parameters_and_versions_are_told(mapped):
    _, mask, page = mapped
    positions, pixels = page.table("What took part in the map of domains")
    assert positions == ["positions", "108", "12", "120"]
    n_masked = np.count_nonzero(mask.data)
    assert pixels == ["pixels", str(1024 - n_masked), str(n_masked), "1024"]
    parameters = dict(page.table("Domains: parameters"))
    assert parameters["n_domains"] == "3" and parameters["n_repeats"] == "2"
    assert "Map of domains, random_state=0" in page.texts["dd"]


def test_images_are_described_and_not_blank(mapped):
    _, _, page = mapped
    assert len(images(page)) == len(page.all("figcaption")) == 3
    assert all(len(attributes["alt"]) > 20 for attributes in page.all("img"))
    assert all(image[..., :3].std() > 0.02 for image in images(page))


def test_a_loaded_signal_has_the_same_page(mapped, tmp_path):
    scan, _, page = mapped
    scan.save(tmp_path / "scan.hspy")
    loaded = hs.load(tmp_path / "scan.hspy", lazy=True)
    other = Page(write_report(loaded, tmp_path / "report.html"))
    assert other.tables["Domains: parameters."] == page.tables["Domains: parameters."]
    for one, another in zip(images(page), images(other), strict=True):
        np.testing.assert_array_equal(one, another)


def test_domains_and_a_factorisation_are_on_one_page(mapped, tmp_path):
    scan = mapped[0].deepcopy()
    scan.decomposition(**QUICK)
    page = Page(write_report(scan, tmp_path / "report.html"))
    expected = ["summary", "data", "components", "restarts", "domains", "parameters"]
    assert page.names == expected
    assert page.table("What took part in the factorisation")[0][2] == "0"
    assert page.table("What took part in the map of domains")[0][2] == "12"
    assert "in the factorisation, 12 of 120 positions" in page.texts["dd"]


def test_a_cropped_signal_is_refused(mapped, tmp_path):
    with pytest.raises(ValueError, match="cropped, rebinned or transposed"):
        write_report(mapped[0].inav[:5], tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
