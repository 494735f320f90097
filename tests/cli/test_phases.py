"""How ``python -m hspy_cnmf`` identifies phases, and what it writes of them."""

import hyperspy.api as hs
import numpy as np
import pytest
from orix import io

from hspy_cnmf import get_phases
from hspy_cnmf.cli.output import CLUSTER_FILES, FILES, PHASE_FILES
from tests.helpers.command_line import names_in, refused, run
from tests.helpers.crystals import make_scan, write_cif


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "scan.hspy"
    make_scan().save(path)
    return path


def test_phases_are_identified_mapped_and_reported(scan, tmp_path, capsys):
    output = tmp_path / "results"
    arguments = ("--components", 4, "--restarts", 1, "--iterations", 60)
    arguments += ("--distance-threshold", 0.3, "--no-verification", "--no-mask")
    phases = ("--phases", write_cif(tmp_path), "--scale-uncertainty", 0.004)
    assert run(scan, *arguments, *phases, "--output", output) == 0
    assert names_in(output) == {*FILES, *CLUSTER_FILES, *PHASE_FILES}
    found = get_phases(hs.load(output / "analysed.zspy"))
    assert "iron" in found.table["phase"]
    assert found.parameters["scale_uncertainty"] == 0.004
    assert "iron near [1 0 0]" in capsys.readouterr().out
    page = (output / "report.html").read_text()
    assert "Phases" in page
    assert "number density" in page
    crystal_map = io.load(output / "crystal_map.h5")
    np.testing.assert_array_equal(crystal_map.phase_id, found.to_crystal_map().phase_id)


def test_what_cannot_work_is_refused_before_the_factorisation(scan, tmp_path, capsys):
    cif = write_cif(tmp_path)
    broken = tmp_path / "broken.cif"
    broken.write_text("nothing")
    bare = make_scan()
    bare.metadata.Acquisition_instrument.TEM.beam_energy = None
    del bare.metadata.Acquisition_instrument.TEM.beam_energy
    bare.save(tmp_path / "bare.hspy")
    output = ("--components", 4, "--output", tmp_path / "results")
    for arguments, message in (
        ((scan, "--phases", tmp_path / "no.cif"), "no file"),
        ((scan, "--phases", broken), "cannot be read"),
        ((tmp_path / "bare.hspy", "--phases", cif), "beam energy"),
        ((scan, "--phases", cif, "--calibrate-from", "gold"), "gold"),
        ((scan, "--phases", cif, "--no-clustering"), "--no-clustering"),
        ((scan, "--calibrate-from", "iron"), "without --phases"),
    ):
        assert message in refused(capsys, *arguments, *output)
        assert not (tmp_path / "results").exists()
