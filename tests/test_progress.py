"""One bar for a call: its total is what was done, and nothing stacks up."""

import re
from typing import ClassVar

import numpy as np
import pytest
from hyperspy.defaults_parser import preferences

from hspy_cnmf import progress
from hspy_cnmf.data import turned_grains
from tests.conftest import QUICK

CHUNKS = (3, 4, 12, 5)


class Recorded(progress.tqdm):
    """A progress bar that notes all that is done to it."""

    made: ClassVar[list] = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.first_total, self.seen, self.tasks = self.total, [], []
        if not self.disable:
            self.made.append(self)

    def update(self, n=1):
        super().update(n)
        self.seen.append(self.n)

    def set_postfix_str(self, s="", refresh=True):
        super().set_postfix_str(s, refresh)
        self.tasks.append(s)


@pytest.fixture
def bars(monkeypatch):
    monkeypatch.setattr(progress, "tqdm", Recorded)
    monkeypatch.setattr(Recorded, "made", [])
    return Recorded.made


CASES = {
    "sketch": {"compression": 12},
    "sketch alone": {"compression": 12, "last_iteration": "sketch"},
    "data": {"compression": None, "prune": False},
    "data, pruned": {"compression": None, "prune": True},
    "reprojected": {
        "compression": 12,
        "reproject": "both",
        "signal_mask": np.arange(120).reshape(12, 10) < 9,
        "navigation_mask": np.arange(48).reshape(8, 6) < 2,
    },
}


@pytest.mark.parametrize("chunks", [None, CHUNKS], ids=["eager", "lazy"])
@pytest.mark.parametrize("case", CASES)
def test_a_decomposition_does_as_many_steps_as_it_said(make_scan, bars, case, chunks):
    scan = make_scan(chunks=chunks)
    scan.decomposition(**QUICK | {"max_iter": 4}, **CASES[case], show_progressbar=True)
    (bar,) = bars
    assert bar.n == pytest.approx(bar.first_total) and bar.total == bar.n
    assert bar.seen == sorted(bar.seen)
    assert "starts" in bar.tasks and "Inspecting the data" in bar.tasks


@pytest.mark.parametrize("chunks", [None, CHUNKS], ids=["eager", "lazy"])
def test_residual_and_fractions_show_theirs(make_scan, bars, chunks):
    scan = make_scan(chunks=chunks)
    scan.decomposition(**QUICK)
    assert not bars
    scan.get_decomposition_residual(show_progressbar=True)
    scan.get_component_fractions(show_progressbar=True)
    residual, fractions = bars
    assert residual.n == residual.first_total == (2 if chunks is None else 1)
    assert fractions.n == fractions.first_total == 1


@pytest.mark.parametrize("chunks", [None, CHUNKS], ids=["eager", "lazy"])
def test_a_check_of_components_shows_its_own(make_scan, bars, chunks):
    scan = make_scan(signal_type="electron_diffraction", chunks=chunks)
    scan.decomposition(**QUICK)
    scan.check_components(show_progressbar=False)
    assert not bars
    scan.check_components(show_progressbar=True)
    (bar,) = bars
    assert bar.n == bar.first_total == 1


def test_lazy_residuals_show_theirs_when_they_are_computed(
    make_scan, bars, monkeypatch
):
    scan = make_scan(chunks=CHUNKS)
    scan.decomposition(**QUICK)
    residual = scan.get_decomposition_residual(refit=None)
    monkeypatch.setattr(preferences.General, "show_progressbar", True)
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    residual.compute()
    (bar,) = bars
    assert bar.n == 1 and len(bar.seen) > 2


@pytest.mark.parametrize("n_domains", [2, None], ids=["given", "sought"])
def test_a_map_of_domains_does_as_many_steps_as_it_said(bars, n_domains):
    scan = turned_grains((14, 14), n_grains=3, detector_shape=(32, 32), random_state=0)
    options = {"n_repeats": 2, "max_rounds": 1, "print_info": False}
    scan.map_domains(n_domains, random_state=0, show_progressbar=True, **options)
    (bar,) = bars
    assert bar.n == bar.total == bar.first_total
    assert bar.seen == sorted(bar.seen)
    assert {"reading patterns", "averaging patterns"} <= set(bar.tasks)


def test_a_call_within_a_call_counts_in_its_bar(bars):
    with progress.one_bar("outer", 3, True) as bar:
        with progress.one_bar("inner", 1, True) as inner:
            assert inner is bar
        with progress.reading("blocks", 4, True) as advance:
            for _ in range(4):
                advance()
        with bar.starts("starts", 2, 10) as advance:
            advance(15)
    (drawn,) = bars
    np.testing.assert_allclose(drawn.seen, [0.25, 0.5, 0.75, 1, 2.5, 3])


def test_what_was_not_foreseen_moves_the_end_and_what_is_not_needed_is_not_missing(
    bars,
):
    with progress.one_bar("more", 1, True):
        for _ in range(3):
            with progress.reading("again", 1, True):
                pass
    with progress.one_bar("less", 9, True), progress.reading("once", 1, True):
        pass
    assert [(bar.n, bar.total) for bar in bars] == [(3, 3), (1, 1)]


def test_an_error_leaves_no_bar_for_the_next_call(bars):
    with pytest.raises(KeyboardInterrupt), progress.one_bar("first", 1, True):
        raise KeyboardInterrupt
    with progress.one_bar("second", 1, True):
        pass
    assert len(bars) == 2


def test_bars_that_nobody_sees_are_not_drawn(make_scan, capfd, monkeypatch):
    monkeypatch.setattr(preferences.General, "show_progressbar", True)
    scan = make_scan()
    scan.decomposition(**QUICK)
    assert capfd.readouterr().err == ""
    scan.decomposition(**QUICK, show_progressbar=True)
    shown = capfd.readouterr().err
    assert re.search(r"Constrained NMF: 100%", shown) and shown.count("\n") == 1
