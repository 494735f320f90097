"""The section on the data: what they are, and what was masked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hspy_cnmf.report.data_section import data_section


def kept(n_positions=0, n_pixels=0):
    """Return what took part of a scan of 6 x 8 patterns of 12 x 10 pixels."""
    positions, pixels = np.ones((6, 8), bool), np.ones((12, 10), bool)
    positions.flat[:n_positions] = False
    pixels.flat[:n_pixels] = False
    return positions, pixels


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.integers(0, 100))
def test_masks_are_counted(make_scan, n_positions, n_pixels):
    masks = {"factorisation": kept(n_positions, n_pixels)}
    section = data_section(make_scan(), masks)
    said = [f"{n_positions} of 48 positions"] * (n_positions > 0)
    said += [f"{n_pixels} of 120 pixels"] * (n_pixels > 0)
    words = " and ".join(said) + " are masked" if said else "nothing is masked"
    assert section.finding == (
        f"Signal2D (float64), 8 × 6 positions of 10 × 12 pixels each; {words}."
    )
    table = " ".join(section.parts)
    cells = [48 - n_positions, n_positions, 48, 120 - n_pixels, n_pixels, 120]
    for cell in cells:
        assert f">{cell}</td>" in table


def test_analyses_that_masked_otherwise_are_told_apart(make_scan):
    masks = {"factorisation": kept(3, 0), "map of domains": kept(0, 7)}
    finding = data_section(make_scan(), masks).finding
    assert "3 of 48 positions are masked in the factorisation" in finding
    assert "7 of 120 pixels are masked in the map of domains" in finding
    masks["map of domains"] = kept(3, 0)
    assert data_section(make_scan(), masks).finding.endswith("positions are masked.")


@pytest.mark.parametrize("chunks", [None, 4])
def test_the_data_are_not_read(make_scan, chunks):
    scan = make_scan(chunks=chunks)
    if chunks:
        scan.data = scan.data.map_blocks(_refuse, dtype=float, meta=np.empty(0))
    section = data_section(scan, {"factorisation": kept()})
    assert (", lazy)" in section.finding) == bool(chunks)


def _refuse(block):
    raise AssertionError("the data were read")


def test_the_instrument_is_told_in_plain_words(make_scan):
    scan = make_scan(signal_type="electron_diffraction")
    scan.set_experimental_parameters(beam_energy=200, camera_length=80.5)
    scan.metadata.set_item("Acquisition_instrument.TEM.Detector.name", "<Medipix>")
    text = " ".join(data_section(scan, {"factorisation": kept()}).parts)
    assert "<td>TEM beam energy</td><td>200</td>" in text
    assert "camera length</td><td>80.5</td>" in text
    assert "<td>TEM Detector name</td><td>&lt;Medipix&gt;</td>" in text
