"""Messages that are said once of a thing, and again of another."""

import logging

from hspy_cnmf.messages import warn_once


class Thing:
    """Something that can be spoken of."""


def test_a_warning_is_said_once_of_each_thing(caplog):
    logger, things = logging.getLogger("hspy_cnmf.test"), [Thing(), Thing()]
    for thing in (*things, *things):
        warn_once(logger, thing, "wet")
        warn_once(logger, thing, "cold")
    assert [r.getMessage() for r in caplog.records] == ["wet", "cold", "wet", "cold"]
    del things[:], thing
    warn_once(logger, Thing(), "wet")
    assert len(caplog.records) == 5
