"""First reading: what it tells of movement and of the centre."""

import pytest

import hspy_cnmf
from tests.decomposition.test_good_pixels import decompose, scan


@pytest.mark.parametrize("compression", [20, None])
def test_movement_is_told(compression, caplog, capsys):
    signal = scan(movement=5.0)
    decompose(signal, compression=compression, print_info=True)
    (note,) = hspy_cnmf.get_result(signal).notes
    assert "center_direct_beam" in note and "descan" in note
    assert note not in caplog.text and note in capsys.readouterr().out
    moved = float(note.split("move by ")[1].split()[0])
    assert moved == pytest.approx(5, abs=1)


@pytest.mark.parametrize("compression", [20, None])
def test_a_centre_that_patterns_do_not_have_is_doubted_in_the_result(compression):
    signal = scan()
    column, row = (axis.size / 2 for axis in signal.axes_manager.signal_axes)
    signal.calibration.center = (column + 3, row - 3)
    decompose(signal, compression=compression)
    (note,) = hspy_cnmf.get_result(signal).notes
    assert f"({row - 3:.1f}, {column + 3:.1f}), as calibrated" in note


def test_the_residual_names_movement_among_its_causes():
    signal = scan(movement=5.0)
    decompose(signal)
    summary = signal.get_decomposition_residual(gain=1).summary()
    assert "flagged" in summary and "center_direct_beam" in summary


def test_what_does_not_move_is_not_told():
    signal = scan()
    decompose(signal)
    assert hspy_cnmf.get_result(signal).notes == ()
