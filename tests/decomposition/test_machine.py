"""The rates of a machine, measured."""

import hyperspy.api as hs
import pytest

from hspy_cnmf import Machine, measure_machine


def test_a_machine_is_measured(make_scan, tmp_path):
    machine = measure_machine(n_threads=3)
    assert machine.n_threads == 3 and machine.read == Machine().read
    for name in ("convert", "product", "iterate"):
        assert 1e6 < getattr(machine, name) < 1e13, name
    make_scan().save(tmp_path / "scan.zspy")
    scan = hs.load(tmp_path / "scan.zspy", lazy=True)
    assert 0 < measure_machine(scan).read != Machine().read
    with pytest.raises(ValueError, match="lazy"):
        measure_machine(make_scan())
