"""Messages that are said once of a thing, and again of another."""

import logging

import numpy as np

from hspy_cnmf.messages import owner, said_of_both, warn_once


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


def test_what_is_said_of_a_thing_is_said_of_what_was_made_of_it(caplog):
    logger, (thing, part, other) = (
        logging.getLogger("hspy_cnmf.test"),
        [Thing() for _ in range(3)],
    )
    warn_once(logger, part, "dry")
    warn_once(logger, thing, "wet")
    said_of_both(thing, part)
    for text in ("wet", "dry", "cold"):
        for one in (thing, part):
            warn_once(logger, one, text)
    warn_once(logger, other, "wet")
    said = [record.getMessage() for record in caplog.records]
    assert said == ["dry", "wet", "cold", "wet"]


def test_views_have_one_owner():
    array = np.zeros((3, 4))
    views = array, array.T, array[1:].reshape(-1)[::2], array.T[np.newaxis]
    assert all(owner(view) is array for view in views)
    assert owner(array.copy()) is not array
