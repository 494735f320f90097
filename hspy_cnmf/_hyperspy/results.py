"""Results that are kept in a signal's metadata, and saved and loaded with it."""

from __future__ import annotations

import json
import types
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

from hyperspy.signal import BaseSignal

from hspy_cnmf._hyperspy import nodes
from hspy_cnmf._hyperspy.bridge import shapes
from hspy_cnmf.notebook_html import Picture, notebook_html
from hspy_cnmf.tables import Table

if TYPE_CHECKING:
    from typing_extensions import Self

#: Version of the form in which results are kept. What was written before there were
#: versions is 0, and has the same form.
SCHEMA = 1

#: Name of the item that holds the version.
_VERSION = "schema"


class StoredResult(ABC):
    """A result that a signal keeps in a node of its metadata: base of dataclasses.

    Fields are stored by their type hints: signals as they are, or left out where they
    are None; dictionaries and tables as JSON. Fields of any other type are not stored:
    `from_signal` has to make them anew. All is checked when it is read.

    Attributes
    ----------
    node : str
        Name of the node.
    noun : str
        What the result is called in errors, as "residual".
    command : str
        What makes it, as "s.get_decomposition_residual()".
    shapes : dict
        Shapes of the signals' arrays by the names of the fields, in words: "n n" are
        two axes of the same size, "n" in other fields too; "map" and "pattern" are
        the navigation and the signal axes of the signal that keeps the result, and
        "..." any further axes.
    entries : dict
        Types of the entries that dictionaries need.
    columns : dict
        Columns that tables need, in one string, by the names of the fields.

    Examples
    --------
    >>> @dataclass(frozen=True, eq=False, repr=False)
    ... class Thickness(StoredResult):
    ...     node = "Specimen_thickness"
    ...     noun = "thickness"
    ...     command = "s.get_thickness()"
    ...     shapes: ClassVar[dict] = {"thickness": "map"}
    ...     entries: ClassVar[dict] = {"mean_free_path": Real}
    ...     thickness: BaseSignal
    ...     parameters: dict
    ...
    ...     def summary(self):
    ...         return f"{self.thickness.data.mean():.3g} nm on average"
    """

    node: ClassVar[str]
    noun: ClassVar[str]
    command: ClassVar[str]
    shapes: ClassVar[Mapping[str, str]] = {}
    entries: ClassVar[Mapping[str, Any]] = {}
    columns: ClassVar[Mapping[str, str]] = {}

    def keep_in(self, signal: BaseSignal) -> Self:
        """Keep the result in a signal, in place of an earlier one, and return it."""
        nodes.keep(signal, self.node, self)
        return self

    @classmethod
    def is_in(cls, signal: BaseSignal) -> bool:
        """Whether a signal keeps a result of this kind, readable or not."""
        return nodes.is_kept(signal, cls.node)

    @classmethod
    def read_from(cls, signal: BaseSignal) -> Self:
        """Return the result that is kept in a signal, also after save and load.

        Raises
        ------
        RuntimeError
            If there is none.
        ValueError
            If it is damaged, was written by a newer version, or does not fit the
            signal any longer.
        """
        if not cls.is_in(signal):
            raise RuntimeError(
                f"This signal has no {cls.noun}: run {cls.command} first."
            )
        try:
            stored = _items(nodes.content_of(signal, cls.node))
            check_schema(stored.pop(_VERSION, 0))
            values = {
                name: _read(name, kind, stored.get(name))
                for name, kind in _kinds(cls).items()
            }
            _check_entries(values, cls.entries)
            _check_columns(values, cls.columns)
            navigation, pattern = shapes(signal)
            _check_shapes(values, cls.shapes, {"map": navigation, "pattern": pattern})
            result = cls(**values, **cls.from_signal(signal, stored | values))
            result.check()
        except (LookupError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"The {cls.noun} kept in this signal cannot be used: {error} To make "
                f"it anew, run {cls.command}."
            ) from error
        return result

    @classmethod
    def from_signal(
        cls, signal: BaseSignal, stored: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the fields of other types, made of the signal that keeps them.

        Parameters
        ----------
        signal : hyperspy.signal.BaseSignal
            What keeps the result.
        stored : dict
            The fields that were read, and what else was stored.
        """
        return {}

    @abstractmethod
    def summary(self) -> str:
        """Return in words what was found."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        name = type(self).__name__
        return notebook_html(name, self.summary(), self.pictures(), self.shown_table())

    def pictures(self) -> Iterable[Picture]:
        """Return what notebooks show in small beside the summary."""
        return ()  # some have a table

    def shown_table(self) -> Table | None:
        """Return the table that notebooks show below the summary."""
        return None  # most have pictures

    def check(self) -> None:
        """Raise ValueError, with a sentence, if what was read contradicts itself."""
        return None  # most cannot

    def to_store(self) -> dict[str, Any]:
        """Return what is kept: signals, strings of JSON, and the version."""
        values = {name: _to_store(getattr(self, name)) for name in _kinds(type(self))}
        values = {name: value for name, value in values.items() if value is not None}
        return values | {_VERSION: SCHEMA}


def check_schema(version: Any) -> None:
    """Raise ValueError unless this version of the stored form can be read."""
    if getattr(version, "ndim", 1) == 0:  # a number of NumPy's, as files give it
        version = version.item()
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise ValueError(f"{version!r} is no version.")
    if version > SCHEMA:
        raise ValueError(
            f"it is of version {version}, and this hspy_cnmf reads up to {SCHEMA}: "
            "install a newer one."
        )


def to_json(value: Any) -> str:
    """Return a dictionary as JSON, NumPy's numbers and arrays as plain ones."""
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def _kinds(cls: Any) -> dict[str, tuple[type, ...]]:
    """Return the types of the fields that are stored, None's included."""
    hints = get_type_hints(cls)
    kinds = {f.name: get_args(hints[f.name]) or (hints[f.name],) for f in fields(cls)}
    stored = (BaseSignal, dict, Table)
    return {n: k for n, k in kinds.items() if issubclass(k[0], stored)}


def _items(content: Any) -> dict[str, Any]:
    """Return what is in a node of metadata, by name."""
    if not hasattr(content, "get_item"):
        raise ValueError(f"it is {content!r:.60}, not a node of metadata.")
    return {name: content.get_item(name) for name in content.keys()}


def _to_store(value: Any) -> Any:
    if isinstance(value, Table):
        return to_json({name: value[name] for name in value.names})
    return to_json(value) if isinstance(value, dict) else value


def _read(name: str, kind: Any, value: Any) -> Any:
    """Return the value of a field, of one of the types, from what was stored of it."""
    if value is None and types.NoneType in kind:
        return None
    if value is None:
        raise ValueError(f"{name!r} is missing.")
    if issubclass(kind[0], BaseSignal):
        if not isinstance(value, kind):
            raise ValueError(
                f"{name!r} is {value!r:.60}, where a signal of the class "
                f"{kind[0].__name__} belongs."
            )
        if value.data.dtype.kind not in "biuf":
            raise ValueError(
                f"{name!r} holds values of type {value.data.dtype}, not real numbers."
            )
        return value
    return _from_json(name, kind[0], str(value))


def _from_json(name: str, kind: type, text: str) -> dict[str, Any] | Table:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name!r} is damaged ({error}).") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} is {value!r:.60}, not a list of names.")
    if not issubclass(kind, Table):
        return value
    lengths = {len(c) if isinstance(c, list) else None for c in value.values()}
    if len(lengths) != 1 or None in lengths:
        raise ValueError(f"{name!r} has columns of unequal lengths, or none.")
    return Table.from_columns(**value)


def _check_entries(values: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
    """Raise unless each dictionary has the entries it needs, of their types."""
    for name, value in values.items():
        if not isinstance(value, dict):
            continue
        for entry, kind in entries.items():
            if not isinstance(value.get(entry), kind):
                raise ValueError(
                    f"{name!r} has {value.get(entry)!r:.60} for {entry!r}, where "
                    f"{getattr(kind, '__name__', kind)} belongs."
                )


def _check_columns(values: Mapping[str, Any], columns: Mapping[str, str]) -> None:
    """Raise unless each table has the columns it needs."""
    for name, needed in columns.items():
        missing = set(needed.split()) - set(values[name].names)
        if missing:
            raise ValueError(f"{name!r} lacks {', '.join(sorted(missing))}.")


def _check_shapes(
    values: Mapping[str, Any],
    expected: Mapping[str, str],
    known: Mapping[str, tuple[int, ...]],
) -> None:
    """Raise unless the signals have shapes as described, see `StoredResult.shapes`."""
    sizes = dict(known)
    for name, words in expected.items():
        if values[name] is None:
            continue
        shape, rest = values[name].data.shape, values[name].data.shape
        for word in words.split():
            n_axes = len(rest) if word == "..." else len(sizes.get(word, (1,)))
            size, rest = rest[:n_axes], rest[n_axes:]
            if word != "..." and (
                len(size) < n_axes or sizes.setdefault(word, size) != size
            ):
                _raise_of_shape(name, shape, word, sizes.get(word), word in known)
        if rest:
            _raise_of_shape(name, shape, words, None, False)


def _raise_of_shape(
    name: str,
    shape: tuple[int, ...],
    word: str,
    size: tuple[int, ...] | None,
    of_signal: bool,
) -> None:
    if of_signal:
        raise ValueError(
            f"{name!r} has the shape {shape}, but the {word} of the signal is of "
            f"shape {size}: the signal was cropped, rebinned or transposed afterwards."
        )
    what = f"{word!r}" if size is None else f"{word!r} of size {size}"
    raise ValueError(f"{name!r} has the shape {shape}, which does not fit {what}.")
