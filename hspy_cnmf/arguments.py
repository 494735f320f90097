"""Arguments of functions: plain numbers within limits, and parameters shared."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from hspy_cnmf import docstrings

F = TypeVar("F", bound=Callable[..., Any])


def plain(value: Any) -> Any:
    """Return a value with NumPy's numbers, texts and truth values made Python's own.

    Parameters
    ----------
    value : object
        Scalars of NumPy, alone or in tuples, lists and dictionaries, and arrays
        without dimensions are changed. All else comes back as it is, arrays too.

    Notes
    -----
    What comes in plain can be compared, printed and stored as JSON wherever it ends.
    """
    if isinstance(value, np.generic) or (type(value) is np.ndarray and value.ndim == 0):
        return value.item()
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def with_plain_arguments(function: F) -> F:
    """Return a function that is given its arguments as `plain` makes them."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*map(plain, args), **plain(kwargs))

    return call  # type: ignore[return-value]


def real_number(
    name: str,
    value: Any,
    low: float = 0.0,
    high: float = np.inf,
    exclusive: bool = False,
) -> float:
    """Return an argument as a plain number, as JSON and texts take it.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
        A number, NumPy's included.
    low, high : float, default 0 and inf
        Limits; infinity is never allowed.
    exclusive : bool, default False
        Whether the limits themselves are not allowed either.

    Raises
    ------
    ValueError
        If it is something else.
    """
    limits = f"between {low:g} and {high:g}"
    if high == np.inf:
        limits = f"above {low:g}" if exclusive else f"{low:g} or more"
    if not is_within(value, Real, low, high, exclusive):
        raise ValueError(f"{name} must be a number, {limits}, not {value!r}.")
    return float(value)


def whole_number(name: str, value: Any, low: int, high: float = np.inf) -> int:
    """Return an argument as a plain whole number within limits; see `real_number`."""
    if not is_within(value, Integral, low, high, False):
        is_high = is_within(value, Integral, high, np.inf, False)
        limits = f"{high} or less" if is_high else f"{low} or more"
        raise ValueError(f"{name} must be a whole number, {limits}, not {value!r}.")
    return int(value)


def truth(name: str, value: Any) -> bool:
    """Return an argument as a plain bool, or raise a ValueError."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, not {value!r}.")
    return bool(value)


def is_within(value: Any, kind: type, low: float, high: float, exclusive: bool) -> bool:
    """Return whether a value is a number of a kind, finite and within limits."""
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more digits than floats have
        return False
    if exclusive:
        return low < number < high
    return low <= number <= high and number != np.inf


def check_result(name: str, value: Any, attribute: str, maker: str) -> None:
    """Raise a TypeError unless an argument is a result, told by one of its attributes.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    value : object
    attribute : str
        What results of this kind have.
    maker : str
        What returns them.
    """
    if not hasattr(value, attribute):
        raise TypeError(
            f"{name} must be what {maker} returns, not {type(value).__name__}."
        )


def check_flags(signature: inspect.Signature, arguments: Mapping[str, Any]) -> None:
    """Raise a ValueError if an argument that is True or False is something else.

    Before any work: the truth of an array is asked for in the end, perhaps.

    Parameters
    ----------
    signature : inspect.Signature
        Parameters whose default is one of the two are flags, and those of the type
        "bool | None".
    arguments : mapping
        By name, as `plain` makes them.
    """
    for name, value in arguments.items():
        parameter = signature.parameters.get(name)
        default = None if parameter is None else parameter.default
        may_be_none = parameter is not None and parameter.annotation == "bool | None"
        if not isinstance(default, bool) and not may_be_none:
            continue
        if (value is None and may_be_none) or isinstance(value, bool):
            continue
        if not isinstance(value, int) or value not in (0, 1):
            raise ValueError(f"{name} must be True or False, not {value!r}.")


def bound(
    name: str, signature: inspect.Signature, args: Any, kwargs: Any
) -> inspect.BoundArguments:
    """Return arguments by the names of a function's parameters.

    Parameters
    ----------
    name : str
        Of the function, for the error.
    signature : inspect.Signature
    args : tuple
    kwargs : dict

    Raises
    ------
    TypeError
        If they do not fit. Of a keyword that it does not have, what it has is said.
    """
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        advice = ""
        if "unexpected keyword" in str(error):
            known = [known for known in signature.parameters if known != "self"]
            unknown = next(keyword for keyword in kwargs if keyword not in known)
            alike = get_close_matches(unknown, known, 1)
            meant = f" Did you mean {alike[0]}?" if alike else ""
            advice = f".{meant} It takes {', '.join(known)}."
        raise TypeError(f"{name}() {error}{advice}") from None


@dataclass(frozen=True)
class Shared:
    """A parameter that several functions have, documented once.

    Parameters
    ----------
    parameter : inspect.Parameter
        Keyword only, with its default.
    entry : docstrings.Entry
        What a docstring says of it.
    """

    parameter: inspect.Parameter
    entry: docstrings.Entry

    def with_default(self, default: Any) -> Shared:
        """Return the parameter with another default."""
        return Shared(
            self.parameter.replace(default=default), self.entry.with_default(default)
        )


def parameters_of(source: Callable[..., Any]) -> dict[str, Shared]:
    """Return the parameters of a class or function by name, from its docstring."""
    entries = docstrings.Documentation.parse(source.__doc__).by_name()
    kind = inspect.Parameter.KEYWORD_ONLY
    return {
        name: Shared(parameter.replace(kind=kind), entries[name])
        for name, parameter in inspect.signature(source).parameters.items()
        if name in entries
    }


def with_shared_parameters(
    shared: Mapping[str, Shared], **defaults: Any
) -> Callable[[F], F]:
    """Decorate a function to take shared parameters by its ``**shared``.

    Its signature and docstring then have them all, in the place of ``**shared``, and
    it is given all of them, the defaults of those left out, each made `plain`.

    Parameters
    ----------
    shared : mapping of str to Shared
    **defaults
        Other defaults than those of `shared`.
    """
    chosen = dict(shared) | {
        name: shared[name].with_default(value) for name, value in defaults.items()
    }

    def decorate(function: F) -> F:
        """Return the function with these arguments, too."""
        own = inspect.signature(function)
        positional, keyword = _split(own)
        parameters = [*positional, *(s.parameter for s in chosen.values()), *keyword]
        signature = own.replace(parameters=parameters)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = bound(function.__name__, signature, args, kwargs)
            given.apply_defaults()
            check_flags(signature, plain(dict(given.arguments)))
            return function(*map(plain, given.args), **plain(given.kwargs))

        call.__signature__ = signature  # type: ignore[attr-defined]
        documentation = docstrings.Documentation.parse(function.__doc__)
        entries = [s.entry for s in chosen.values()]
        call.__doc__ = str(documentation.replace("**shared", entries))
        return call  # type: ignore[return-value]

    return decorate


def _split(
    signature: inspect.Signature,
) -> tuple[list[inspect.Parameter], list[inspect.Parameter]]:
    """Return the positional parameters and those by keyword, ``**shared`` left out."""
    parameters = signature.parameters.values()
    keyword = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    return [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD], keyword
