"""Requests to end a process."""

import signal
import sys
import time

import pytest
from matplotlib.transforms import Affine2D

from hspy_cnmf.cli.interrupts import Terminated, listen, recognised, uninterrupted

KINDS = [("SIGTERM", Terminated), ("SIGINT", KeyboardInterrupt)]


@pytest.fixture
def _listening(monkeypatch):
    monkeypatch.setattr("sys.unraisablehook", sys.unraisablehook)
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    # Of what runs in the background it may be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    listen()
    yield
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


class Deaf:
    """What is raised where it is destroyed goes no further."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)


@pytest.mark.usefixtures("_listening")
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_request_to_end_is_not_lost(name, kind):
    deaf = Deaf(getattr(signal, name))
    with pytest.raises(kind) as raised:
        del deaf
        time.sleep(10)
    assert raised.type is kind


class Number:
    """What asks to end while C converts it."""

    def __init__(self, number):
        self.number = number

    def __float__(self):
        signal.raise_signal(self.number)
        return 0.0


@pytest.mark.usefixtures("_listening")
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_request_to_end_is_recognised(name, kind):
    values = (Number(getattr(signal, name)), 0.0)
    with pytest.raises(kind) as raised, recognised():
        Affine2D().transform_affine(values)
    assert raised.type is kind


@pytest.mark.usefixtures("_listening")
def test_errors_of_their_own_stay_what_they_are():
    with pytest.raises(Terminated), recognised():
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(ValueError, match="own"), recognised():
        raise ValueError("own")


@pytest.mark.usefixtures("_listening")
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_what_is_uninterrupted_is_done_first(name, kind):
    done = []
    with pytest.raises(kind), uninterrupted():
        signal.raise_signal(getattr(signal, name))
        done.append(name)
    assert done == [name]
