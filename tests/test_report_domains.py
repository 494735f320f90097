"""Reports on maps of domains, alone and beside a factorisation."""

import hyperspy.api as hs
import numpy as np
import pytest
from report_page import Page

from hspy_cnmf import data, structure_mask, write_report

torch = pytest.importorskip("torch")

SHORT = {
    "n_repeats": 3,
    "max_rounds": 2,
    "target_consistency": 1.0,
    "epochs": 2,
    "batch_size": 32,
    "random_state": 0,
    "device": "cpu",
    "print_info": False,
}


@pytest.fixture(scope="module")
def mapped():
    scan = data.layered_domains(
        (12, 14), detector_shape=(32, 32), n_variants=3, dose=4000, random_state=1
    )
    positions = np.zeros((12, 14), bool)
    positions[:2] = True
    mask = structure_mask(scan)
    domains = scan.map_domains(
        3, signal_mask=mask, navigation_mask=positions.T, **SHORT
    )
    return scan, domains


def page_of(scan, folder):
    return Page(write_report(scan, folder / "report.html"))


def test_domains_alone_make_a_report(mapped, tmp_path):
    scan, domains = mapped
    page = page_of(scan, tmp_path)
    assert page.names == ["data", "domains", "parameters"]
    labels, confidence = domains.labels.data, domains.confidence.data
    rows = np.array(page.table("Positions of each domain"), dtype=float)
    sizes = [np.count_nonzero(labels == k) for k in range(3)]
    assert rows[:, 1].tolist() == sizes
    assert sum(sizes) == 10 * 14
    np.testing.assert_allclose(rows[:, 2], 100 * np.array(sizes) / 140, rtol=5e-3)
    for k in np.flatnonzero(sizes):
        assert rows[k, 3] == pytest.approx(confidence[labels == k].mean(), rel=1e-3)
    rounds = np.array(page.table("Consistency"), dtype=float)
    np.testing.assert_allclose(rounds[:, 1], domains.consistency.data, rtol=1e-3)
    (positions, _) = page.table("What took part in the map of domains")
    assert positions == ["positions", "140", "28", "168"]
    parameters = dict(page.table("Domains: parameters"))
    assert (parameters["n_domains"], parameters["epochs"]) == ("3", "2")


def test_the_report_of_a_loaded_map_is_the_same(mapped, tmp_path):
    scan, _ = mapped
    scan.save(tmp_path / "scan.zspy", show_progressbar=False)
    loaded = hs.load(tmp_path / "scan.zspy", lazy=True)
    first, second = page_of(scan, tmp_path), page_of(loaded, tmp_path)
    assert first.tables == second.tables
    assert [i["alt"] for i in first.all("img")] == [i["alt"] for i in second.all("img")]


def test_a_factorisation_stands_beside_it(mapped, tmp_path):
    scan = mapped[0].deepcopy()
    scan.change_dtype("float32")
    scan.decomposition(
        algorithm="constrained_nmf",
        output_dimension=2,
        random_state=0,
        print_info=False,
    )
    page = page_of(scan, tmp_path)
    assert {"components", "domains"} <= set(page.names)
    assert page.table("What took part in the factorisation")[0][2] == "0"
    assert page.table("What took part in the map of domains")[0][2] == "28"


def test_a_map_of_another_shape_is_refused(mapped, tmp_path):
    cropped = mapped[0].inav[:5, :]
    with pytest.raises(ValueError, match="Map its domains again"):
        write_report(cropped, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
