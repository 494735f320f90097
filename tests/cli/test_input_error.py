"""Errors of input: told to the user, others not hidden."""

import pytest

from hspy_cnmf.cli.input_error import InputError, input_errors


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_errors_of_input_keep_their_words(error):
    with pytest.raises(InputError, match="so it is") as raised, input_errors():
        raise error("so it is")
    assert type(raised.value.__cause__) is error


@pytest.mark.parametrize("error", [MemoryError, KeyError, KeyboardInterrupt])
def test_other_errors_come_through(error):
    with pytest.raises(error), input_errors():
        raise error
