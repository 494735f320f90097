"""Laws tried on drawn cases, and the one law of errors: they are refusals in words."""

import linecache
import traceback
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hspy_cnmf

#: Errors that tell a user what to do.
REFUSALS = ValueError, TypeError, RuntimeError, IndexError

#: Where this package lies.
PACKAGE = str(Path(hspy_cnmf.__file__).parent)


def holds_for_all(n_trials, law):
    """Try a law, a function of `hypothesis.strategies.data()`, on so many cases."""
    options = settings(
        max_examples=n_trials,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    options(given(data=st.data())(lambda data: law(data.draw)))()


def refusal(error, names=(), about=""):
    """Return the words of a refusal; raise if an error is none.

    A refusal is raised by a statement of this package, not by what it calls, with a
    sentence that has one of the names in it; `about` says what was tried.
    """
    assert isinstance(error, REFUSALS), _told(error, about, "is no refusal")
    frames = traceback.extract_tb(error.__traceback__)
    assert any(f.filename.startswith(PACKAGE) for f in frames), _told(
        error, about, "is not from here"
    )
    last = frames[-1]
    line = linecache.getline(last.filename, last.lineno).strip()
    is_ours = last.filename.startswith(PACKAGE) and line.startswith("raise ")
    assert is_ours, _told(error, about, "is not said by this package")
    words = str(error)
    assert len(words.split()) >= 4, _told(error, about, "is no sentence")
    assert not names or any(name in words for name in names), _told(
        error, about, f"names none of {names}"
    )
    return words


def _told(error, about, what):
    trace = "".join(traceback.format_exception(error)[-6:])
    return f"{about} {type(error).__name__} {what}: {error}\n{trace}"
