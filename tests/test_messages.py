"""Messages that are said once of a thing, and again of another."""

import logging

import numpy as np

from hspy_cnmf.messages import owner, said_before, warn_once


class Thing:
    """Something that can be spoken of."""


def test_a_warning_is_said_once_of_each_thing(caplog):
    logger, things = logging.getLogger("hspy_cnmf.test"), [Thing(), Thing()]
    for thing in (*things, *things):
        warn_once(logger, thing, "wet")
        warn_once(logger, thing, "cold")
    assert [r.getMessage() for r in caplog.records] == ["wet", "cold", "wet", "cold"]
    for text in ("1 m", "2 m"):
        warn_once(logger, things[0], text, kind="depth")
    assert caplog.records.pop().getMessage() == "1 m"
    del things[:], thing
    warn_once(logger, Thing(), "wet")
    assert len(caplog.records) == 5


def test_what_was_said_of_a_thing_is_not_said_of_what_was_made_of_it(caplog):
    logger, (thing, part) = logging.getLogger("hspy_cnmf.test"), [Thing(), Thing()]
    warn_once(logger, thing, "wet")
    said_before(thing, part)
    for text in ("wet", "cold"):
        warn_once(logger, part, text)
    warn_once(logger, thing, "cold")  # of the thing it was not
    said = [record.getMessage() for record in caplog.records]
    assert said == ["wet", "cold", "cold"]


def test_views_have_one_owner():
    array = np.zeros((3, 4))
    views = array, array.T, array[1:].reshape(-1)[::2], array.T[np.newaxis]
    assert all(owner(view) is array for view in views)
    assert owner(array.copy()) is not array
