"""The rates of a machine, measured."""

import hyperspy.api as hs
import numpy as np
import pytest

from hspy_cnmf import Machine, measure_machine


def test_a_machine_is_measured(make_scan, tmp_path):
    machine = measure_machine(n_threads=3)
    assert machine.n_threads == 3 and machine.read == Machine().read
    for name in ("convert", "inspect", "add", "product", "iterate"):
        assert 1e6 < getattr(machine, name) < 1e13, name
    make_scan().save(tmp_path / "scan.zspy")
    scan = hs.load(tmp_path / "scan.zspy", lazy=True)
    measured = measure_machine(scan)
    assert 0 < measured.read != Machine().read
    assert measured.counts == np.count_nonzero(scan.data.compute()) / scan.data.size
    assert measured.mean == pytest.approx(scan.data.mean().compute())
    assert machine.mean == Machine().mean
    with pytest.raises(ValueError, match="lazy"):
        measure_machine(make_scan())
